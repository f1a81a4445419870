"""SQLAlchemy's ORM and schema, over psycopg and over asyncpg."""

import asyncio

from checks import BIT_ORDER, BITS, DIMENSIONS, MANY, ORDER, QUERY, QUERY_BITS, ROWS, Client, database_url, near, \
    overlap, same, uses_index
from pgvector import HalfVector, SparseVector
from pgvector.psycopg import register_vector
from pgvector.sqlalchemy import BIT, HALFVEC, SPARSEVEC, VECTOR, avg, sum
from sqlalchemy import ARRAY, Index, MetaData, Table, cast, create_engine, event, func, inspect, insert, select, \
    text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column

client = Client("SQLAlchemy", "SQLAlchemy", "psycopg", "asyncpg", "pgvector")
engine = create_engine(database_url("postgresql+psycopg"))


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "item"
    id = mapped_column(postgresql.INTEGER, primary_key=True)
    v = mapped_column(VECTOR(3))
    h = mapped_column(HALFVEC(3))
    s = mapped_column(SPARSEVEC(3))
    b = mapped_column(BIT(3))
    many = mapped_column(ARRAY(VECTOR(3), dimensions=1))


class Many(Base):
    __tablename__ = "many"
    id = mapped_column(postgresql.INTEGER, primary_key=True)
    v = mapped_column(VECTOR(DIMENSIONS))


Many.hnsw = Index("many_hnsw", Many.v, postgresql_using="hnsw", postgresql_with={"m": 16, "ef_construction": 64},
                  postgresql_ops={"v": "vector_l2_ops"})
Many.half = Index("many_half", func.cast(Many.v, HALFVEC(DIMENSIONS)).label("v"), postgresql_using="hnsw",
                  postgresql_ops={"v": "halfvec_cosine_ops"})
Many.bits = Index("many_bits", func.cast(func.binary_quantize(Many.v), BIT(DIMENSIONS)).label("v"),
                  postgresql_using="hnsw", postgresql_ops={"v": "bit_hamming_ops"})

METHODS = {"<->": "l2_distance", "<#>": "max_inner_product", "<=>": "cosine_distance", "<+>": "l1_distance",
           "<~>": "hamming_distance", "<%>": "jaccard_distance"}


@client.check("CREATE EXTENSION IF NOT EXISTS vector, when tables are created")
def _():
    # As applications do it: before the metadata's tables.
    event.listen(Base.metadata, "before_create",
                 lambda _, connection, **__: connection.execute(text("CREATE EXTENSION IF NOT EXISTS vector")))
    Base.metadata.create_all(engine)


@client.check("indexes of Index(): hnsw of a column and of expressions")
def _():
    with engine.connect() as connection:
        same(sorted(connection.execute(text("SELECT indexname FROM pg_indexes WHERE indexdef LIKE '%USING hnsw%'"))
                    .scalars()), ["many_bits", "many_half", "many_hnsw"])


@client.check("ORM: INSERT and SELECT of vector, halfvec, sparsevec, bit")
def _():
    with Session(engine) as session:
        for id, row in ROWS.items():
            session.add(Item(id=id, v=row, h=row, s=SparseVector(row), b=BITS[id]))
        session.commit()
    with Session(engine) as session:
        item = session.get(Item, 3)
        same((item.v, item.h, item.s, item.b),
             (ROWS[3], ROWS[3], SparseVector(ROWS[3]), BITS[3]))


@client.check("arrays of vectors")
def _():
    registered = create_engine(database_url("postgresql+psycopg"))
    # Without it psycopg knows no array of the type.
    event.listen(registered, "connect", lambda connection, _: register_vector(connection))
    with Session(registered) as session:
        session.get(Item, 2).many = [ROWS[1], None, QUERY]
        session.commit()
        same(session.get(Item, 2).many, [ROWS[1], None, QUERY])
        same(session.get(Item, 1).many, None)
    registered.dispose()


@client.check("NULLs")
def _():
    with Session(engine) as session:
        session.add(Item(id=4))
        session.commit()
        item = session.scalars(select(Item).where(Item.v.is_(None))).one()
        same((item.id, item.v, item.h, item.s, item.many), (4, None, None, None, None))
        session.delete(item)
        session.commit()


@client.check("parameters in ORDER BY: every operator")
def _():
    with Session(engine) as session:
        for operator, expected in (*ORDER.items(), *BIT_ORDER.items()):
            columns = [(Item.b, QUERY_BITS)] if operator in BIT_ORDER else \
                [(Item.v, QUERY), (Item.h, HalfVector(QUERY)), (Item.s, SparseVector(QUERY))]
            for column, query in columns:
                distance = getattr(column, METHODS[operator])(query)
                same(list(session.scalars(select(Item.id).order_by(distance).limit(5))), expected)


@client.check("distances in WHERE and as a column")
def _():
    with Session(engine) as session:
        rows = session.execute(select(Item.id, Item.v.l2_distance(QUERY)).where(Item.v.l2_distance(QUERY) < 2)).all()
        same([row[0] for row in rows], [1])
        assert near(rows[0][1], 2**0.5)


@client.check("avg and sum")
def _():
    with Session(engine) as session:
        same(session.scalar(select(sum(Item.v))), [3, 5.5, 10])
        assert near(session.scalar(select(avg(Item.v)))[1], 5.5 / 3)


def nearest(connection, column, query, index=None):
    statement = select(Many.id).order_by(column.l2_distance(query)).limit(10)
    with connection.begin():
        connection.execute(text(f"SET LOCAL enable_{'seqscan' if index else 'indexscan'} = off"))
        connection.execute(text("SET LOCAL hnsw.ef_search = 100"))
        connection.execute(text("SET LOCAL ivfflat.probes = 10"))
        if index:
            compiled = statement.compile(engine, compile_kwargs={"literal_binds": True})
            uses_index(list(connection.execute(text(f"EXPLAIN {compiled}")).scalars()), index)
        return list(connection.execute(statement).scalars())


@client.check("an hnsw index, asked by the ORM")
def _():
    with Session(engine) as session:
        session.execute(insert(Many), [{"id": id, "v": row} for id, row in enumerate(MANY)])
        session.commit()
    query = [0.9 * x for x in MANY[7]]
    with engine.connect() as connection:
        overlap(nearest(connection, Many.v, query, "many_hnsw"), nearest(connection, Many.v, query))


@client.check("an index on a cast to halfvec, asked by the ORM")
def _():
    statement = select(Many.id).order_by(cast(Many.v, HALFVEC(DIMENSIONS)).cosine_distance(MANY[7])).limit(10)
    with engine.connect() as connection, connection.begin():
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        compiled = statement.compile(engine, compile_kwargs={"literal_binds": True})
        uses_index(list(connection.execute(text(f"EXPLAIN {compiled}")).scalars()), "many_half")
        same(connection.execute(statement).scalars().first(), 7)


@client.check("an ivfflat index, asked by the ORM")
def _():
    Many.hnsw.drop(engine)
    Index("many_ivfflat", Many.v, postgresql_using="ivfflat", postgresql_with={"lists": 10},
          postgresql_ops={"v": "vector_l2_ops"}).create(engine)
    query = [0.9 * x for x in MANY[7]]
    with engine.connect() as connection:
        overlap(nearest(connection, Many.v, query, "many_ivfflat"), nearest(connection, Many.v, query))


@client.check("reflection of tables and indexes")
def _():
    table = Table("item", MetaData(), autoload_with=engine)
    same([(type(column.type).__name__, column.type.dim) for column in (table.c.v, table.c.h, table.c.s)],
         [("VECTOR", 3), ("HALFVEC", 3), ("SPARSEVEC", 3)])
    index = next(index for index in inspect(engine).get_indexes("many") if index["name"] == "many_ivfflat")
    same((index["column_names"], index["dialect_options"]["postgresql_using"],
          index["dialect_options"]["postgresql_with"]), (["v"], "ivfflat", {"lists": "10"}))


@client.check("errors: SQLSTATE")
def _():
    try:
        with Session(engine) as session:
            session.execute(insert(Item).values(id=9, v=[1, 2]))
    except DBAPIError as error:
        same((error.orig.sqlstate, error.orig.diag.message_primary), ("22000", "expected 3 dimensions, not 2"))
    else:
        raise AssertionError("no error")


@client.check("over asyncpg: INSERT, SELECT, NULLs, parameters in ORDER BY")
def _():
    async def ask():
        other = create_async_engine(database_url("postgresql+asyncpg"))
        async with other.begin() as connection:
            await connection.execute(insert(Item), [{"id": 5, "v": ROWS[2], "h": ROWS[2], "s": SparseVector(ROWS[2]),
                                                     "b": BITS[2]}])
            await connection.execute(insert(Item).values(id=6))
            same((await connection.execute(select(Item.v, Item.h, Item.s).where(Item.id == 5))).one(),
                 (ROWS[2], ROWS[2], SparseVector(ROWS[2])))
            same((await connection.execute(select(Item.v).where(Item.id == 6))).scalar(), None)
            await connection.execute(text("DELETE FROM item WHERE id > 3"))
            for operator, expected in ORDER.items():
                distance = getattr(Item.v, METHODS[operator])(QUERY)
                same(list((await connection.execute(select(Item.id).order_by(distance).limit(5))).scalars()), expected)
            for operator, expected in BIT_ORDER.items():
                distance = getattr(Item.b, METHODS[operator])(QUERY_BITS)
                same(list((await connection.execute(select(Item.id).order_by(distance).limit(5))).scalars()), expected)
        await other.dispose()

    asyncio.run(ask())


client.finish()
