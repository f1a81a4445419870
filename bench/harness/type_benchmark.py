"""Compares the column types of vectorx and pgvector: loading, output, and sequential scans. bench/types --help."""
from __future__ import annotations

import argparse
import datetime
import json
import os
import shutil
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

import numpy
import psycopg

from . import install, machine, type_report
from .column_types import Column, dense_columns, sparse_column
from .comparison import interleaved
from .dataset import Dataset
from .install import say
from .options import ROOT, SAMPLE, count
from .server import Server, default_shared_buffers

EXTENSION = {"pgvector": "vector", "vectorx": "vectorx"}  # by system, which is also the name of its database
REFERENCE = "pgvector"
QUERIES = 3  # a scan is measured as the sum of so many queries
NEIGHBOURS = 10
SAMPLE_VALUES = 64  # input and output functions are called on so many values of a column, again and again
MIN_CHECK_ROUNDS = 5


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench/types", formatter_class=argparse.ArgumentDefaultsHelpFormatter,
                                     description="Compares loading, output and sequential scans of vectorx's column "
                                                 "types with pgvector's, in one server, in turns.")
    parser.add_argument("--data", type=Path, nargs="+", default=default_data(),
                        help="folders with base.npy and query.npy, one for each number of dimensions")
    parser.add_argument("--elements", type=count, default=8_000_000,
                        help="size of a dense column in elements; the rows follow from it")
    parser.add_argument("--sparse-rows", type=count, default=20_000, help="rows of the sparse column")
    parser.add_argument("--types", default="vector,halfvec,sparsevec,bit", help="which types to measure")
    parser.add_argument("--rounds", type=count, default=7, help="how often everything is measured")
    parser.add_argument("--check", action="store_true",
                        help="exit with 1 if vectorx is slower than pgvector anywhere by more than --tolerance, or "
                             "reads text of long vectors not at least three times as fast")
    parser.add_argument("--tolerance", type=float, default=0.05, help="with --check: what counts as noise")
    parser.add_argument("--pg-config", default=os.environ.get("PG_CONFIG") or shutil.which("pg_config") or "pg_config",
                        help="pg_config of the installation to use")
    parser.add_argument("--no-install", action="store_true", help="measure what the installation holds already")
    parser.add_argument("--peers", type=Path, default=ROOT.parent / "shared" / "peers",
                        help="folder with pgvector's archive, for when the installation has none")
    parser.add_argument("--shared-buffers", default=default_shared_buffers(), help="of the server")
    parser.add_argument("--server-user", default="postgres", help="who runs the server when root calls")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench" / "types", help="folder for the results")
    return parser


def default_data() -> list[Path]:
    """The real data where there, else the sample that the project ships."""
    shared = ROOT.parent / "shared" / "data"
    real = [shared / name for name in ("debian-384", "debian-1536") if (shared / name).is_dir()]
    return real or [SAMPLE]


def columns(options: argparse.Namespace) -> list[Column]:
    found = []
    for folder in options.data:
        data = Dataset.from_sample(folder) if folder.resolve() == SAMPLE else Dataset.from_directory(folder)
        base = numpy.ascontiguousarray(data.base)
        found += dense_columns(base, data.query[:QUERIES], max(1, options.elements // data.dims))
    found.append(sparse_column(options.sparse_rows, QUERIES))
    chosen = options.types.split(",")
    known = {column.sql_type.partition("(")[0] for column in found}
    if not set(chosen) <= known:
        raise ValueError(f'--types {options.types}: there are {", ".join(sorted(known))}')
    return [column for column in found if column.sql_type.partition("(")[0] in chosen]


@dataclass
class System:
    """One extension in its database, and the session that measures it."""

    name: str
    version: str
    connection: psycopg.Connection

    @classmethod
    def start(cls, server: Server, name: str) -> "System":
        with server.connect() as connection:
            connection.execute(f"CREATE DATABASE {name}")
        settings = {"enable_indexscan": "off", "max_parallel_workers_per_gather": "0"}
        connection = server.connect(name, settings)
        connection.execute(f"CREATE EXTENSION {EXTENSION[name]}")
        version = connection.execute("SELECT extversion FROM pg_extension WHERE extname = %s",
                                     (EXTENSION[name],)).fetchone()[0]
        return cls(name, version, connection)

    def cpu_seconds(self) -> Optional[float]:
        """What the session's server process has used; None where the system does not say."""
        try:
            text = Path(f"/proc/{self.connection.info.backend_pid}/schedstat").read_text(encoding="ascii")
        except OSError:
            return None
        return int(text.split()[0]) / 1e9

    def timed(self, work: Callable[[psycopg.Connection], None]) -> dict:
        cpu = self.cpu_seconds()
        start = time.monotonic()
        work(self.connection)
        run = {"wall": time.monotonic() - start}
        if cpu is not None:
            run["cpu"] = self.cpu_seconds() - cpu
        return run


class Case:
    """One column in both systems: its tables, files and measurements."""

    def __init__(self, number: int, column: Column, systems: list[System], folder: Path) -> None:
        self.column = column
        self.systems = systems
        self.table = f"base_{number}"
        self.sample = f"sample_{number}"
        self.files = {form: folder / f"{self.table}.{form}" for form in ("text", "binary")}
        # By what is measured, then by system: one run a round.
        self.runs: dict[str, dict[str, list[dict]]] = {}
        self.plan: list[tuple[str, Callable[[psycopg.Connection], None]]] = [
            *((f"COPY FROM, {form}", lambda connection, form=form: self.load(connection, form)) for form in self.files),
            *((f"COPY TO, {form}", lambda connection, form=form: self.dump(connection, form)) for form in self.files),
            *((operator, lambda connection, operator=operator: self.scan(connection, operator))
              for operator in column.operators),
        ]
        if column.own_io:
            self.plan += [(type_report.INPUT, self.read_texts), (type_report.OUTPUT, self.write_texts)]

    def prepare(self) -> None:
        """Makes the files and tables, and checks that both systems write the same text and find the same distances."""
        with open(self.files["binary"], "wb") as file:
            for block in self.column.copy_data():
                file.write(block)
        for system in self.systems:
            # Unlogged: writing WAL would cost both systems the same, and hide what differs.
            system.connection.execute(f"CREATE UNLOGGED TABLE {self.table} (id integer, v {self.column.sql_type})")
            self.load(system.connection, "binary")
            system.connection.execute(f"ANALYZE {self.table}")
            # As arrays, so that a query of the functions fetches nothing from a TOAST table but once.
            system.connection.execute(
                f"CREATE UNLOGGED TABLE {self.sample} AS SELECT array_agg(v) AS vectors, array_agg(v::text) AS texts "
                f"FROM (SELECT v FROM {self.table} ORDER BY id LIMIT {SAMPLE_VALUES}) AS first")
        outputs, answers = [], []
        for system in self.systems:
            connection = system.connection
            for operator in self.column.operators:
                self.check_plan(connection, operator)
            output = self.files["text"].with_suffix(f".{system.name}")
            connection.execute(f"COPY {self.table} TO '{output}'")
            outputs.append(output)
            answers.append([[row[1] for row in connection.execute(self.query(operator, literal))]
                            for operator in self.column.operators for literal in self.column.queries])
        if outputs[0].read_bytes() != outputs[1].read_bytes():
            raise RuntimeError(f"{self.column.name}: the systems write different text: {outputs[0]}, {outputs[1]}")
        if not numpy.allclose(answers[0], answers[1], rtol=1e-4, atol=1e-5):
            raise RuntimeError(f"{self.column.name}: the systems find different distances")
        outputs[0].rename(self.files["text"])
        outputs[1].unlink()

    def query(self, operator: str, literal: str) -> str:
        distance = f"v {operator} '{literal}'::{self.column.sql_type}"
        return f"SELECT id, {distance} FROM {self.table} ORDER BY {distance} LIMIT {NEIGHBOURS}"

    def check_plan(self, connection: psycopg.Connection, operator: str) -> None:
        plan = connection.execute("EXPLAIN " + self.query(operator, self.column.queries[0])).fetchall()
        if not any("Seq Scan" in line for (line,) in plan) or any("Parallel" in line for (line,) in plan):
            raise RuntimeError(f"not a sequential scan: {plan}")

    def load(self, connection: psycopg.Connection, form: str) -> None:
        connection.execute(f"COPY {self.table} FROM '{self.files[form]}' (FORMAT {form})")

    def dump(self, connection: psycopg.Connection, form: str) -> None:
        connection.execute(f"COPY {self.table} TO '/dev/null' (FORMAT {form})")

    def scan(self, connection: psycopg.Connection, operator: str) -> None:
        for literal in self.column.queries:
            connection.execute(self.query(operator, literal))

    def read_texts(self, connection: psycopg.Connection) -> None:
        self.call_often(connection, "texts", f"value::{self.column.sql_type}")

    def write_texts(self, connection: psycopg.Connection) -> None:
        self.call_often(connection, "vectors", "value::text")

    def call_often(self, connection: psycopg.Connection, values: str, call: str) -> None:
        """A cast between text and a type is a call of its input or output function, and a copy of the text."""
        repetitions = max(1, self.column.sample_calls // SAMPLE_VALUES)
        connection.execute(f"WITH sample AS MATERIALIZED (SELECT unnest({values}) AS value FROM {self.sample}) "
                           f"SELECT count({call}) FROM sample, generate_series(1, {repetitions})")

    def measure(self, number: int) -> None:
        """One round. Its tables are new, so that where one happens to lie in memory does not favour a system in all
        rounds: that alone has made 5 % in scans."""
        for what, work in self.plan:
            for system in interleaved(self.systems, number):
                if what.startswith("COPY FROM"):
                    system.connection.execute(f"TRUNCATE {self.table}")
                run = system.timed(work)
                if what.startswith("COPY FROM"):
                    # Hint bits are set now, not by the first scan.
                    system.connection.execute(f"VACUUM (FREEZE) {self.table}")
                # The first round fills caches.
                if number > 0:
                    self.runs.setdefault(what, {}).setdefault(system.name, []).append(run)

    def record(self) -> dict:
        return {"type": self.column.name, "rows": self.column.rows, "own_io": self.column.own_io,
                "operators": list(self.column.operators), "runs": self.runs,
                "sample_calls": self.column.sample_calls if self.column.own_io else None}


def measure_all(options: argparse.Namespace) -> dict:
    work = ROOT / "build" / "bench"
    if not options.no_install:
        for peer in EXTENSION:
            install.install(peer, ROOT, options.peers, work, options.pg_config)
    settings = {
        "shared_buffers": options.shared_buffers,
        "max_wal_size": "64GB",
        "checkpoint_timeout": "1h",
        "autovacuum": "off",
        "jit": "off",
        "fsync": "off",
    }
    chosen = columns(options)
    started = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    loads = []
    with Server(options.pg_config, work, settings, options.server_user) as server:
        systems = [System.start(server, name) for name in EXTENSION]
        cases = [Case(number, column, systems, server.exchange()) for number, column in enumerate(chosen)]
        for case in cases:
            say(f"{case.column.name}: loading {case.column.rows:,} rows")
            case.prepare()
        for number in range(options.rounds + 1):
            say(f"round {number} of {options.rounds}, load average {machine.load():.1f}")
            loads.append(machine.load())
            for case in cases:
                case.measure(number)
        version = systems[0].connection.execute("SELECT version()").fetchone()[0]
        simd = next(s for s in systems if s.name == "vectorx").connection.execute("SHOW vectorx.simd").fetchone()[0]
        for system in systems:
            system.connection.close()
    return {
        "started": started,
        "finished": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "commit": machine.commit(ROOT),
        "machine": machine.describe(),
        "server": {"version": version, "settings": settings},
        "systems": {system.name: system.version for system in systems},
        "simd": simd,
        "reference": REFERENCE,
        "rounds": options.rounds,
        "queries": QUERIES,
        "neighbours": NEIGHBOURS,
        "load_averages": loads,
        "cases": [case.record() for case in cases],
    }


def main(argv: Optional[list[str]] = None) -> int:
    parser = arguments()
    options = parser.parse_args(argv)
    if options.check and options.rounds < MIN_CHECK_ROUNDS:
        parser.error(f"--check needs at least {MIN_CHECK_ROUNDS} rounds")
    # Leave through the server's __exit__ when asked to stop.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        result = measure_all(options)
    except (ValueError, RuntimeError, OSError, psycopg.Error) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "types.json").write_text(json.dumps(result, separators=(",", ":")) + "\n", encoding="utf-8")
    (options.out / "types.md").write_text(type_report.markdown(result), encoding="utf-8")
    print()
    print(type_report.table(result))
    say(f"table and raw numbers are in {options.out}")
    if options.check:
        slower = type_report.slower(result, options.tolerance)
        for line in slower:
            print(f"bench: slower than it must be: {line}", file=sys.stderr)
        say(f"{len(slower)} of {sum(1 for _ in type_report.rows(result))} lines are slower than they must be")
        return 1 if slower else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
