"""asyncpg, which speaks the binary protocol alone, with pgvector's codecs."""

import asyncio

import asyncpg
from checks import (BIT_ORDER, BITS, DIMENSIONS, MANY, NEAREST, ORDER, QUERY, QUERY_BITS, ROWS, Client, near, overlap,
                    same, uses_index)
from pgvector import HalfVector, SparseVector, Vector
from pgvector.asyncpg import register_vector

client = Client("asyncpg", "asyncpg", "pgvector")
loop = asyncio.new_event_loop()
db = loop.run_until_complete(asyncpg.connect())


def check(what):
    """For checks that are coroutines."""
    return lambda coroutine: client.check(what)(lambda: loop.run_until_complete(coroutine()))


@check("CREATE EXTENSION IF NOT EXISTS vector")
async def _():
    await db.execute("CREATE EXTENSION IF NOT EXISTS vector")
    await db.execute("CREATE EXTENSION IF NOT EXISTS vector")
    assert await db.fetchval("SELECT extversion FROM pg_extension WHERE extname = 'vector'")


@check("register_vector")
async def _():
    await register_vector(db)
    await db.execute("CREATE TABLE item (id int PRIMARY KEY, v vector(3), h halfvec(3), s sparsevec(3), b bit(3))")


@check("binary protocol: vector, halfvec, sparsevec, bit")
async def _():
    for sent, column in ((Vector([1, 2.5, -3]), "vector(3)"), (HalfVector([1, 2.5, -3]), "halfvec(3)"),
                         (SparseVector({0: 1.5, 70000: -2}, 100000), "sparsevec(100000)"),
                         (asyncpg.BitString("10110"), "bit(5)")):
        same(await db.fetchval(f"SELECT $1::{column}", sent), sent)


@check("INSERT by executemany")
async def _():
    await db.executemany("INSERT INTO item VALUES ($1, $2, $3, $4, $5)",
                         [(id, Vector(row), HalfVector(row), SparseVector(row), asyncpg.BitString(BITS[id]))
                          for id, row in ROWS.items()])
    same(await db.fetchval("SELECT v FROM item WHERE id = 3"), Vector(ROWS[3]))


@check("NULLs")
async def _():
    await db.execute("INSERT INTO item VALUES ($1, $2, $3, $4, $5)", 4, None, None, None, None)
    same(tuple(await db.fetchrow("SELECT v, h, s, b FROM item WHERE id = 4")), (None,) * 4)
    same([row[0] for row in await db.fetch("SELECT v <-> $1 FROM item", None)], [None] * 4)
    await db.execute("DELETE FROM item WHERE id = 4")


@check("arrays: vector[], halfvec[], sparsevec[]")
async def _():
    for name, kind in (("vector", Vector), ("halfvec", HalfVector), ("sparsevec", SparseVector)):
        sent = [kind([1, 2]), None, kind([3, 4, 5])]
        same(await db.fetchval(f"SELECT $1::{name}[]", sent), sent)
    same([row[0] for row in await db.fetch("SELECT id FROM item WHERE v = ANY($1) ORDER BY id",
                                           [Vector(ROWS[1]), Vector(ROWS[3])])], [1, 3])


@check("parameters in ORDER BY: every operator")
async def _():
    for column, kind in (("v", Vector), ("h", HalfVector), ("s", SparseVector)):
        for operator, expected in ORDER.items():
            found = await db.fetch(f"SELECT id, {column} {operator} $1 FROM item ORDER BY {column} {operator} $1 LIMIT 5",
                                   kind(QUERY))
            same([row[0] for row in found], expected)
            assert near(found[0][1], NEAREST[operator]), (operator, found)
    for operator, expected in BIT_ORDER.items():
        found = await db.fetch(f"SELECT id FROM item ORDER BY b {operator} $1", asyncpg.BitString(QUERY_BITS))
        same([row[0] for row in found], expected)


@check("COPY in and out, binary: vector, halfvec, sparsevec, bit")
async def _():
    await db.execute("CREATE TABLE copied (LIKE item)")
    await db.copy_records_to_table("copied", records=[
        (id, Vector(row), HalfVector(row), SparseVector(row), asyncpg.BitString(BITS[id])) for id, row in ROWS.items()
    ] + [(4, None, None, None, None)])
    same(await db.fetchval("SELECT count(*) FROM copied JOIN item USING (id, v, h, s, b)"), 3)
    parts = []

    async def keep(part):
        parts.append(part)

    await db.copy_from_query("SELECT id, v, h, s, b FROM copied", output=keep, format="binary")
    await db.execute("TRUNCATE copied")
    await db.copy_to_table("copied", source=parts_of(parts), format="binary")
    same(await db.fetchval("SELECT count(*) FROM copied JOIN item USING (id, v, h, s, b)"), 3)


async def parts_of(parts):
    for part in parts:
        yield part


async def nearest(operator, query, index=None):
    """The ten nearest by a parameter, through `index`, or exactly."""
    sql = f"SELECT id FROM many ORDER BY v {operator} $1 LIMIT 10"
    async with db.transaction():
        await db.execute(f"SET LOCAL enable_{'seqscan' if index else 'indexscan'} = off")
        await db.execute("SET LOCAL hnsw.ef_search = 100")
        await db.execute("SET LOCAL ivfflat.probes = 10")
        if index:
            uses_index([row[0] for row in await db.fetch(f"EXPLAIN {sql}", query)], index)
        return [row[0] for row in await db.fetch(sql, query)]


@check("hnsw and ivfflat indexes, asked with a parameter")
async def _():
    await db.execute(f"CREATE TABLE many (id int PRIMARY KEY, v vector({DIMENSIONS}))")
    await db.copy_records_to_table("many", records=[(id, Vector(row)) for id, row in enumerate(MANY)])
    query = Vector([0.9 * x for x in MANY[7]])
    for method, (operator, name) in ((m, o) for m in ("hnsw", "ivfflat")
                                     for o in (("<->", "l2"), ("<=>", "cosine"), ("<#>", "ip"))):
        options = "m = 8" if method == "hnsw" else "lists = 10"
        await db.execute(f"CREATE INDEX many_index ON many USING {method} (v vector_{name}_ops) WITH ({options})")
        overlap(await nearest(operator, query, "many_index"), await nearest(operator, query))
        await db.execute("DROP INDEX many_index")


@check("a prepared statement and a cursor over an index")
async def _():
    await db.execute("CREATE INDEX many_index ON many USING hnsw (v vector_l2_ops)")
    async with db.transaction():
        await db.execute("SET LOCAL enable_seqscan = off")
        statement = await db.prepare("SELECT id FROM many ORDER BY v <-> $1 LIMIT 30")
        for id in range(8):
            same(await statement.fetchval(Vector(MANY[id])), id)
        found = [row["id"] async for row in statement.cursor(Vector(MANY[9]), prefetch=7)]
        same((found[0], len(found)), (9, 30))


@check("errors: SQLSTATE and text")
async def _():
    try:
        await db.execute("INSERT INTO item (id, v) VALUES (9, $1)", Vector([1, 2]))
    except asyncpg.PostgresError as error:
        same((error.sqlstate, error.message), ("22000", "expected 3 dimensions, not 2"))
    else:
        raise AssertionError("no error")


@check("the extension in another schema")
async def _():
    # The name can be dropped alone: then vectorx and its types stay where they are.
    await db.execute("DROP TABLE item, copied, many; DROP EXTENSION vector; DROP EXTENSION IF EXISTS vectorx")
    await db.execute("CREATE SCHEMA elsewhere")
    await db.execute("CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA elsewhere")
    other = await asyncpg.connect()
    await register_vector(other, schema="elsewhere")
    same(await other.fetchval("SELECT $1::elsewhere.vector", Vector([1, 2])), Vector([1, 2]))
    await other.close()


client.finish()
