"""psycopg 3 with pgvector's adapters."""

import asyncio
import itertools

import numpy as np
import psycopg
from checks import (BIT_ORDER, BITS, DIMENSIONS, MANY, NEAREST, ORDER, QUERY, QUERY_BITS, ROWS, Client, near, overlap,
                    same, uses_index)
from pgvector import Bit, HalfVector, SparseVector, Vector
from pgvector.psycopg import register_vector, register_vector_async
from psycopg.types import TypeInfo

client = Client("psycopg", "psycopg", "pgvector", "numpy")
db = psycopg.connect(autocommit=True)

TYPES = {
    "vector": (Vector([1, 2.5, -3]), "vector(3)"),
    "halfvec": (HalfVector([1, 2.5, -3]), "halfvec(3)"),
    "sparsevec": (SparseVector({0: 1.5, 70000: -2}, 100000), "sparsevec(100000)"),
    "bit": (Bit("10110"), "bit(5)"),
}


def value(loaded):
    """Of bit the adapters have dumpers only: psycopg gives it as text."""
    if isinstance(loaded, bytes):
        return Bit.from_binary(loaded)
    return Bit(loaded) if isinstance(loaded, str) else loaded


@client.check("CREATE EXTENSION IF NOT EXISTS vector")
def _():
    db.execute("CREATE EXTENSION IF NOT EXISTS vector")
    db.execute("CREATE EXTENSION IF NOT EXISTS vector")
    version = db.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'").fetchone()[0]
    assert [int(part) for part in version.split(".")] >= [0, 8], version


@client.check("register_vector")
def _():
    register_vector(db)
    for name in ("vector", "halfvec", "sparsevec"):
        info = TypeInfo.fetch(db, name)
        assert info.oid and info.array_oid
    db.execute("CREATE TABLE item (id int PRIMARY KEY, v vector(3), h halfvec(3), s sparsevec(3), b bit(3))")


def round_trip(placeholder, binary):
    for name, (sent, column) in TYPES.items():
        with db.cursor(binary=binary) as cursor:
            loaded = cursor.execute(f"SELECT {placeholder}::{column}", [sent]).fetchone()[0]
            same(value(loaded), sent)


@client.check("text protocol: vector, halfvec, sparsevec, bit")
def _():
    round_trip("%t", False)


@client.check("binary protocol: vector, halfvec, sparsevec, bit")
def _():
    round_trip("%b", True)


@client.check("text and binary mixed")
def _():
    round_trip("%t", True)
    round_trip("%b", False)


@client.check("numpy arrays as parameters")
def _():
    sent = np.array([1, 2, 3], dtype=np.float64)
    with db.cursor(binary=True) as cursor:
        same(cursor.execute("SELECT %b::vector", [sent]).fetchone()[0].to_numpy().tolist(), [1, 2, 3])


@client.check("lists of floats, cast to vector and back")
def _():
    same(db.execute("SELECT %s::float8[]::vector", [[1.0, 2.0, 3.0]]).fetchone()[0], Vector([1, 2, 3]))
    same(db.execute("SELECT %s::vector::float4[]", [Vector([1, 2, 3])]).fetchone()[0], [1, 2, 3])


@client.check("INSERT by executemany")
def _():
    with db.cursor() as cursor:
        cursor.executemany("INSERT INTO item VALUES (%s, %s, %s, %s, %s)",
                           [(id, Vector(row), HalfVector(row), SparseVector(row), Bit(BITS[id]))
                            for id, row in ROWS.items()])
    same(db.execute("SELECT v, h, s FROM item WHERE id = 3").fetchone(),
         (Vector(ROWS[3]), HalfVector(ROWS[3]), SparseVector(ROWS[3])))


@client.check("NULLs")
def _():
    db.execute("INSERT INTO item VALUES (%s, %s, %s, %s, %s)", [4, None, None, None, None])
    same(db.execute("SELECT v, h, s, b FROM item WHERE id = 4", binary=True).fetchone(), (None,) * 4)
    same(db.execute("SELECT id FROM item WHERE v IS NULL").fetchall(), [(4,)])
    # Rows without a vector come last; without a query all distances are NULL.
    same(db.execute("SELECT id FROM item ORDER BY v <-> %s", [Vector(QUERY)]).fetchall()[-1], (4,))
    same(db.execute("SELECT v <-> %s::vector FROM item", [None]).fetchall(), [(None,)] * 4)
    db.execute("DELETE FROM item WHERE id = 4")


@client.check("arrays: vector[], halfvec[], sparsevec[]")
def _():
    for name, binary in itertools.product(("vector", "halfvec", "sparsevec"), (False, True)):
        sent = [TYPES[name][0], None, TYPES[name][0]]
        with db.cursor(binary=binary) as cursor:
            same(cursor.execute(f"SELECT {'%b' if binary else '%t'}::{name}[]", [sent]).fetchone()[0], sent)
    same(db.execute("SELECT id FROM item WHERE v = ANY(%s) ORDER BY id", [[Vector(ROWS[1]), Vector(ROWS[3])]]).fetchall(),
         [(1,), (3,)])


@client.check("parameters in ORDER BY: every operator, text and binary")
def _():
    for placeholder, (column, kind) in itertools.product(
            ("%t", "%b"), (("v", Vector), ("h", HalfVector), ("s", SparseVector))):
        for operator, expected in ORDER.items():
            found = db.execute(f"SELECT id, {column} {operator} {placeholder} FROM item ORDER BY {column} {operator} "
                               f"{placeholder} LIMIT 5", [kind(QUERY)] * 2).fetchall()
            same([row[0] for row in found], expected)
            assert near(found[0][1], NEAREST[operator]), (operator, found)
    for placeholder, (operator, expected) in itertools.product(("%t", "%b"), BIT_ORDER.items()):
        found = db.execute(f"SELECT id FROM item ORDER BY b {operator.replace('%', '%%')} {placeholder}",
                           [Bit(QUERY_BITS)]).fetchall()
        same([row[0] for row in found], expected)


@client.check("COPY in and out, text")
def _():
    db.execute("CREATE TABLE copied (LIKE item)")
    with db.cursor() as cursor, cursor.copy("COPY copied FROM STDIN") as copy:
        for id, row in ROWS.items():
            copy.write_row((id, Vector(row), HalfVector(row), SparseVector(row), Bit(BITS[id])))
        copy.write_row((4, None, None, None, None))
    with db.cursor() as cursor, cursor.copy("COPY (SELECT v FROM copied ORDER BY id) TO STDOUT") as copy:
        copy.set_types(["vector"])
        same(list(copy.rows()), [(Vector(row),) for row in ROWS.values()] + [(None,)])


@client.check("COPY in and out, binary: vector, halfvec, sparsevec, bit")
def _():
    types = ["int4", "vector", "halfvec", "sparsevec", "bit"]
    db.execute("TRUNCATE copied")
    with db.cursor() as cursor, cursor.copy("COPY copied FROM STDIN WITH (FORMAT BINARY)") as copy:
        copy.set_types(types)
        for id, row in ROWS.items():
            copy.write_row((id, Vector(row), HalfVector(row), SparseVector(row), Bit(BITS[id])))
        copy.write_row((4, None, None, None, None))
    same(db.execute("SELECT count(*) FROM copied JOIN item USING (id, v, h, s, b)").fetchone()[0], 3)
    with db.cursor() as cursor, cursor.copy("COPY copied TO STDOUT WITH (FORMAT BINARY)") as copy:
        copy.set_types(types[:-1] + ["bytea"])
        same([row[:4] for row in copy.rows()],
             [(id, Vector(row), HalfVector(row), SparseVector(row)) for id, row in ROWS.items()] + [(4, None, None, None)])


def load_many():
    db.execute(f"CREATE TABLE many (id int PRIMARY KEY, v vector({DIMENSIONS}))")
    with db.cursor() as cursor, cursor.copy("COPY many FROM STDIN WITH (FORMAT BINARY)") as copy:
        copy.set_types(["int4", "vector"])
        for id, row in enumerate(MANY):
            copy.write_row((id, np.array(row)))
    db.execute("ANALYZE many")


def nearest(operator, query, index=None):
    """The ten nearest by a parameter, through `index`, or exactly."""
    sql = f"SELECT id FROM many ORDER BY v {operator} %s LIMIT 10"
    with db.transaction():
        db.execute(f"SET LOCAL enable_{'seqscan' if index else 'indexscan'} = off")
        db.execute("SET LOCAL hnsw.ef_search = 100")
        db.execute("SET LOCAL ivfflat.probes = 10")
        if index:
            uses_index([row[0] for row in db.execute(f"EXPLAIN {sql}", [query])], index)
        return [row[0] for row in db.execute(sql, [query], prepare=True)]


@client.check("an hnsw index, asked with a parameter")
def _():
    load_many()
    for operator, name in (("<->", "l2"), ("<=>", "cosine"), ("<#>", "ip"), ("<+>", "l1")):
        db.execute(f"CREATE INDEX many_hnsw ON many USING hnsw (v vector_{name}_ops) WITH (m = 16, ef_construction = 64)")
        query = np.array(MANY[7]) * 0.9
        overlap(nearest(operator, query, "many_hnsw"), nearest(operator, query))
        db.execute("DROP INDEX many_hnsw")


@client.check("an ivfflat index, asked with a parameter")
def _():
    for operator, name in (("<->", "l2"), ("<=>", "cosine"), ("<#>", "ip")):
        db.execute(f"CREATE INDEX many_ivfflat ON many USING ivfflat (v vector_{name}_ops) WITH (lists = 10)")
        query = np.array(MANY[7]) * 0.9
        overlap(nearest(operator, query, "many_ivfflat"), nearest(operator, query))
        db.execute("DROP INDEX many_ivfflat")


@client.check("prepared statements through an index, generic plan too")
def _():
    db.execute("CREATE INDEX many_hnsw ON many USING hnsw (v vector_l2_ops)")
    with db.transaction():
        db.execute("SET LOCAL enable_seqscan = off")
        for mode in ("force_generic_plan", "force_custom_plan"):
            db.execute(f"SET LOCAL plan_cache_mode = {mode}")
            for id in range(8):
                same(db.execute("SELECT id FROM many ORDER BY v <-> %s LIMIT 1", [Vector(MANY[id])], prepare=True).fetchone(),
                     (id,))
        same(db.execute("SELECT id FROM many ORDER BY v <-> %s LIMIT 3", [None], prepare=True).rowcount, 3)


@client.check("a server-side cursor over an index")
def _():
    with db.transaction():
        db.execute("SET LOCAL enable_seqscan = off")
        with db.cursor("near", binary=True) as cursor:
            cursor.execute("SELECT id, v FROM many ORDER BY v <-> %s LIMIT 20", [Vector(MANY[5])])
            same(cursor.fetchone(), (5, Vector(MANY[5])))
            same(len(cursor.fetchmany(7)) + len(cursor.fetchall()), 19)


@client.check("pipeline mode")
def _():
    with db.pipeline():
        cursors = [db.execute("SELECT id FROM many ORDER BY v <-> %s LIMIT 1", [Vector(MANY[id])]) for id in range(20)]
        same([cursor.fetchone()[0] for cursor in cursors], list(range(20)))


@client.check("SET LOCAL hnsw.ef_search, hnsw.iterative_scan, ivfflat.probes")
def _():
    with db.transaction():
        for setting, given in (("hnsw.ef_search", "99"), ("hnsw.iterative_scan", "strict_order"), ("ivfflat.probes", "7"),
                               ("ivfflat.iterative_scan", "relaxed_order"), ("hnsw.max_scan_tuples", "5000")):
            db.execute(f"SET LOCAL {setting} = {given}")
            same(db.execute(f"SHOW {setting}").fetchone(), (given,))
    same(db.execute("SHOW hnsw.ef_search").fetchone(), ("40",))


@client.check("avg and sum")
def _():
    same(db.execute("SELECT avg(v), sum(v) FROM item").fetchone(), (Vector([1, 5.5 / 3, 10 / 3]), Vector([3, 5.5, 10])))
    same(db.execute("SELECT sum(h) FROM item", binary=True).fetchone(), (HalfVector([3, 5.5, 10]),))


@client.check("errors: SQLSTATE and text")
def _():
    for sql, parameters, state, text in (
            ("INSERT INTO item (id, v) VALUES (9, %s)", [Vector([1, 2])], "22000", "expected 3 dimensions, not 2"),
            ("SELECT v <-> %s FROM item", [Vector([1, 2])], "22000", "different vector dimensions 3 and 2"),
            ("SELECT %s::vector", ["[1,,2]"], "22P02", 'invalid input syntax for type vector: "[1,,2]"'),
            ("SELECT %s::vector", ["[nan]"], "22000", "NaN not allowed in vector"),
            ("SET hnsw.ef_search = 0", [], "22023", '0 is outside the valid range for parameter "hnsw.ef_search" (1 .. 1000)'),
            ("CREATE INDEX ON many USING hnsw (id)", [], "42704",
             'data type integer has no default operator class for access method "hnsw"')):
        try:
            db.execute(sql, parameters)
        except psycopg.Error as error:
            same((error.sqlstate, error.diag.message_primary), (state, text))
        else:
            raise AssertionError(f"no error from {sql}")


@client.check("an asynchronous connection")
def _():
    async def ask():
        async with await psycopg.AsyncConnection.connect(autocommit=True) as other:
            await register_vector_async(other)
            cursor = await other.execute("SELECT id, v FROM item ORDER BY v <-> %b LIMIT 1", [Vector(QUERY)], binary=True)
            same(await cursor.fetchall(), [(1, Vector(ROWS[1]))])

    asyncio.run(ask())


client.finish()
