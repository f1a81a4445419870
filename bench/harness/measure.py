"""What is measured of one system. Every function returns plain dictionaries for the result file."""
from __future__ import annotations

import dataclasses
import time
from typing import Mapping

import psycopg

from . import copy_binary, pgbench
from .dataset import Dataset
from .monitor import BuildMonitor
from .server import Server
from .systems import INDEX, Shape, System

# Below this many rows the planner may rightly prefer to sort them all; the index is what is to be measured.
SMALL_TABLE = 20_000

# So often is a prepared statement run before PostgreSQL decides whether to plan it anew each time.
DECIDED = 6


def _size(connection: psycopg.Connection, relation: str) -> int:
    return connection.execute("SELECT pg_relation_size(%s::regclass)", (relation,)).fetchone()[0]


def load(server: Server, system: System, data: Dataset) -> dict:
    """Makes the system's database with base and query loaded, vacuumed and analyzed."""
    with server.connect() as connection:
        connection.execute(f"CREATE DATABASE {system.database}")
    with server.connect(system.database) as connection:
        connection.execute(f"CREATE EXTENSION {system.extension} CASCADE")
        version = connection.execute("SELECT extversion FROM pg_extension WHERE extname = %s",
                                     (system.extension,)).fetchone()[0]
        start = time.monotonic()
        for table, vectors in (("base", data.base), ("query", data.query)):
            connection.execute(f"CREATE TABLE {table} (id integer, v {system.column_type}({data.dims}))")
            with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN (FORMAT binary)") as copy:
                for block in copy_binary.rows(vectors, system.column_type):
                    copy.write(block)
            connection.execute(f"ALTER TABLE {table} ADD PRIMARY KEY (id)")
        seconds = time.monotonic() - start
        for table in ("base", "query"):
            # Hint bits and statistics are set now, not during the first measurement.
            connection.execute(f"VACUUM (FREEZE, ANALYZE) {table}")
        # With what lies in the TOAST table, which is nearly all of long vectors.
        size = connection.execute("SELECT pg_table_size('base')").fetchone()[0]
        return {"version": version, "load_seconds": seconds, "table_bytes": size}


def drop(server: Server, system: System) -> None:
    with server.connect() as connection:
        connection.execute(f"DROP DATABASE {system.database}")


def build(server: Server, system: System, shape: Shape, common: Mapping[str, str], workers: int) -> dict:
    """Builds the index, replacing the one of an earlier call."""
    notices: list[str] = []
    with server.connect(system.database) as connection:
        connection.add_notice_handler(lambda notice: notices.append(f"{notice.severity}: {notice.message_primary}"))
        connection.execute(f"DROP INDEX IF EXISTS {INDEX}")
        notices.clear()
        connection.execute(f"ALTER TABLE base SET (parallel_workers = {workers})")
        connection.execute(f"SET max_parallel_maintenance_workers = {workers}")
        # The checkpoint's writes belong to what came before.
        connection.execute("CHECKPOINT")
        statement = system.create_index(shape, common)
        with BuildMonitor(server.connect, connection.info.backend_pid) as monitor:
            start = time.monotonic()
            connection.execute(statement)
            seconds = time.monotonic() - start
        return {"statement": statement, "seconds": seconds, "workers": monitor.workers,
                "peak_bytes": monitor.peak_bytes, "index_bytes": _size(connection, INDEX), "notices": notices}


def session_settings(system: System, shape: Shape, value: int) -> dict:
    settings = system.session(value)
    if shape.rows < SMALL_TABLE:
        settings["enable_seqscan"] = "off"
    return settings


def _nodes(plan: dict):
    yield plan
    for child in plan.get("Plans", []):
        yield from _nodes(child)


def scans_index(plan: dict) -> bool:
    return any(node.get("Index Name") == INDEX and node["Node Type"] == "Index Scan" for node in _nodes(plan))


def check_plan(connection: psycopg.Connection, sql: str) -> str:
    """Raises RuntimeError unless the index answers and the query vector is read once, in an InitPlan.

    Returns "generic" or "custom": what a prepared statement runs with once PostgreSQL has made up its mind.
    """
    connection.execute("PREPARE probe (integer) AS " + sql.format(q="$1"))
    for _ in range(DECIDED):
        connection.execute("EXECUTE probe (0)")
    plan = connection.execute("EXPLAIN (FORMAT JSON) EXECUTE probe (0)").fetchone()[0][0]["Plan"]
    if not scans_index(plan):
        raise RuntimeError(f"the planner does not use {INDEX}: {plan}")
    query_scans = [node for node in _nodes(plan) if node.get("Relation Name") == "query"]
    if not query_scans or any(node.get("Parent Relationship") != "InitPlan" for node in query_scans):
        raise RuntimeError(f"the query vector is not read by an InitPlan: {plan}")
    condition = query_scans[0].get("Index Cond", query_scans[0].get("Filter", ""))
    return "generic" if "$1" in condition else "custom"


def answer(server: Server, system: System, shape: Shape, value: int, data: Dataset) -> dict:
    """Asks every query once, which also warms the caches, and judges the rows."""
    sql = system.query(shape, value)
    with server.connect(system.database, session_settings(system, shape, value)) as connection:
        plan = check_plan(connection, sql)
        # A setting that its extension does not define would have been accepted silently, and would do nothing.
        row = connection.execute("SELECT setting FROM pg_settings WHERE name = %s", (system.sweep,)).fetchone()
        if row is None or row[0] != str(value):
            raise RuntimeError(f"{system.sweep} is {row[0] if row else 'unknown'}, not {value}")
        statement = sql.format(q="%(q)s")
        results = [[row[0] for row in connection.execute(statement, {"q": q}, prepare=True)]
                   for q in range(len(data.query))]
    return {"value": value, "plan": plan, **dataclasses.asdict(data.judge(results, shape.k)), "runs": []}


def throughput(server: Server, system: System, shape: Shape, value: int, queries: int, clients: int, seconds: float,
               seed: int) -> dict:
    script = f"\\set q random(0, {queries - 1})\n{system.query(shape, value).format(q=':q')};\n"
    done = pgbench.run(server, system.database, script, clients, seed, session_settings(system, shape, value),
                       seconds=seconds)
    return {"round": seed, "clients": clients, **dataclasses.asdict(done)}


def floor(server: Server, system: System, shape: Shape, queries: int, clients: int, seconds: float, seed: int) -> dict:
    """The executor's floor: the same plan shape over the primary key, ten rows from the heap, no vector work."""
    script = (f"\\set q random(0, {queries - 1})\nSELECT id FROM base WHERE id >= (SELECT id FROM query "
              f"WHERE id = :q) ORDER BY id LIMIT {shape.k};\n")
    settings = {"enable_indexonlyscan": "off", "enable_seqscan": "off", "enable_bitmapscan": "off"}
    done = pgbench.run(server, system.database, script, clients, seed, settings, seconds=seconds)
    return {"round": seed, "clients": clients, **dataclasses.asdict(done)}


def insert(server: Server, system: System, shape: Shape, common: Mapping[str, str], clients: int, rows: int,
           seed: int) -> dict:
    """Single-row inserts into an indexed table that starts with all but `rows` rows of base."""
    each = rows // clients
    first = shape.rows - each * clients
    with server.connect(system.database) as connection:
        connection.execute("DROP TABLE IF EXISTS growing")
        connection.execute("DROP SEQUENCE IF EXISTS next_row")
        connection.execute(f"CREATE TABLE growing AS SELECT id, v FROM base WHERE id < {first}")
        connection.execute("ALTER TABLE growing ADD PRIMARY KEY (id)")
        connection.execute("VACUUM (FREEZE, ANALYZE) growing")
        connection.execute(system.create_index(shape, common).replace(f"INDEX {INDEX} ON base", "INDEX ON growing"))
        connection.execute(f"CREATE SEQUENCE next_row MINVALUE 0 START {first}")
        connection.execute("CHECKPOINT")
        script = "INSERT INTO growing SELECT id, v FROM base WHERE id = (SELECT nextval('next_row')::integer);\n"
        # Not the disk's fsync but the index is to be measured.
        done = pgbench.run(server, system.database, script, clients, seed, {"synchronous_commit": "off"},
                           transactions=each)
        # The table itself is counted: vchordg takes part in plans that it then refuses to execute.
        connection.execute("SET enable_indexscan = off; SET enable_indexonlyscan = off")
        count = connection.execute("SELECT count(*) FROM growing").fetchone()[0]
        if count != shape.rows:
            raise RuntimeError(f"{count} rows after the inserts, not {shape.rows}")
        connection.execute("DROP TABLE growing")
        connection.execute("DROP SEQUENCE next_row")
    return {"round": seed, "clients": clients, **dataclasses.asdict(done)}
