"""The command line: bench/run --help."""
from __future__ import annotations

import argparse
import datetime
import json
import os
import shutil
import signal
import sys
from itertools import zip_longest
from pathlib import Path
from typing import Optional

import psycopg

from . import install, machine, measure, plots, report, table
from .dataset import METRICS, Dataset
from .inprocess import LIBRARIES, Library
from .install import say
from .server import Server, default_shared_buffers
from .systems import Shape, parse

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "examples"
FORMAT = 1  # of the result file


def numbers(text: str) -> list[int]:
    values = [int(item) for item in text.split(",")]
    if min(values) < 1:
        raise argparse.ArgumentTypeError(f"{text}: numbers from 1 up")
    return values


def count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text}: a number from 1 up")
    return value


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench/run", formatter_class=argparse.ArgumentDefaultsHelpFormatter,
                                     description="Measures nearest-neighbour indexes side by side in one server.")
    parser.add_argument("--data", type=Path, default=default_data(),
                        help="folder with base.npy, query.npy and perhaps gt.npy")
    parser.add_argument("--table", metavar="CONNINFO", help="take the vectors from a table of this database instead")
    parser.add_argument("--column", metavar="[SCHEMA.]TABLE.COLUMN", help="with --table: the column")
    parser.add_argument("--queries", type=count, default=1000, help="with --table: rows held out as queries, at most")
    parser.add_argument("--rows", type=count, help="use only the first rows (default: all)")
    parser.add_argument("--metric", choices=METRICS, default="cosine", help="distance")
    parser.add_argument("--systems", default="vectorx,pgvector",
                        help="what to measure, name[:option=value+option=value],... with options of the index")
    parser.add_argument("--in-process", default="", metavar="LIBRARIES",
                        help=f"also {','.join(LIBRARIES)}: libraries without a database, for reference")
    parser.add_argument("--against", default="pgvector", help="the system that ratios refer to")
    parser.add_argument("--k", type=count, default=10, help="neighbours asked for")
    parser.add_argument("--m", type=count, default=16, help="hnsw: m")
    parser.add_argument("--ef-construction", type=count, default=64, help="hnsw: ef_construction")
    parser.add_argument("--lists", type=count, help="ivfflat: lists (default: square root of the rows)")
    parser.add_argument("--values", type=numbers, help="values of the swept setting (default: each system's own)")
    parser.add_argument("--builds", type=count, default=3, help="how often each index is built")
    parser.add_argument("--workers", type=int, default=2, help="parallel workers of a build, the leader not counted")
    parser.add_argument("--clients", type=numbers, default="1,2", help="numbers of concurrent clients")
    parser.add_argument("--rounds", type=count, default=5, help="how often each point is measured")
    parser.add_argument("--seconds", type=count, default=3, help="length of one measurement")
    parser.add_argument("--inserts", type=int, default=0, metavar="ROWS",
                        help="also measure single-row inserts of so many rows; 0: do not")
    parser.add_argument("--insert-clients", type=numbers, default="1,4", help="numbers of concurrent inserters")
    parser.add_argument("--pg-config", default=os.environ.get("PG_CONFIG") or shutil.which("pg_config") or "pg_config",
                        help="pg_config of the installation to use")
    parser.add_argument("--no-install", action="store_true", help="measure what the installation holds already")
    parser.add_argument("--peers", type=Path, default=ROOT.parent / "shared" / "peers",
                        help="folder with archives of the systems to compare with")
    parser.add_argument("--shared-buffers", default=default_shared_buffers(), help="of the server")
    parser.add_argument("--maintenance-work-mem", default="2GB", help="of the server")
    parser.add_argument("--server-user", default="postgres", help="who runs the server when root calls")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench" / "results", help="folder for the results")
    parser.add_argument("--report", type=Path, metavar="RESULT.json",
                        help="measure nothing: write table and plots of an earlier result to --out")
    return parser


def default_data() -> Path:
    """The real data where there, else the sample that the project ships."""
    real = ROOT.parent / "shared" / "data" / "debian-384"
    return real if real.is_dir() else SAMPLE


def interleaved(systems: list, number: int) -> list:
    """The systems, in turn forwards and backwards, so that a drift of the machine favours none."""
    return systems if number % 2 == 0 else systems[::-1]


class Run:
    def __init__(self, options: argparse.Namespace, server: Server, data: Dataset, systems: list,
                 libraries: list) -> None:
        self.options = options
        self.server = server
        self.data = data
        self.shape = Shape(len(data.base), data.dims, data.metric, options.k)
        self.common = {
            "hnsw": {"m": str(options.m), "ef_construction": str(options.ef_construction)},
            "ivfflat": {"lists": str(options.lists or max(1, round(len(data.base) ** 0.5)))},
        }
        self.systems = systems  # in the server
        self.subjects = [*systems, *libraries]
        self.records = {
            system.name: {"name": system.name, "extension": system.extension, "method": system.method,
                          "sweep": system.sweep, "settings": dict(system.settings),
                          "builds": [], "points": [], "inserts": []}
            for system in systems}
        self.records.update({library.name: library.record() for library in libraries})
        self.floor: list[dict] = []
        self.rounds: list[dict] = []

    def load(self) -> None:
        for system in self.systems:
            say(f"{system.name}: loading {self.shape.rows:,} rows × {self.shape.dims:,}")
            self.records[system.name].update(measure.load(self.server, system, self.data))

    def build(self) -> None:
        for number in range(self.options.builds):
            for system in interleaved(self.subjects, number):
                if isinstance(system, Library):
                    built = system.build(self.options.workers + 1)
                else:
                    built = measure.build(self.server, system, self.shape, self.common, self.options.workers)
                self.records[system.name]["builds"].append(built)
                say(f"{system.name}: built in {built['seconds']:.2f} s, {built['index_bytes'] / 1e6:.1f} MB, "
                    f"{built['workers']} workers")

    def answer(self) -> None:
        with self.server.connect() as connection:
            # What the builds have left to write is written now, not during the measurements.
            connection.execute("CHECKPOINT")
        for system in self.subjects:
            for value in self.options.values or system.values:
                if isinstance(system, Library):
                    point = system.answer(value)
                else:
                    point = measure.answer(self.server, system, self.shape, value, self.data)
                self.records[system.name]["points"].append(point)
                say(f"{system.name}: {system.sweep} {value}, recall {point['recall']:.4f}")

    def query(self) -> None:
        """Rounds; within one, systems take turns at every point of the sweep and every number of clients."""
        queries, seconds = len(self.data.query), self.options.seconds
        columns = [[(system, point) for point in self.records[system.name]["points"]] for system in self.subjects]
        for number in range(self.options.rounds):
            self.rounds.append({"round": number, "load": machine.load()})
            say(f"round {number + 1} of {self.options.rounds}, load average {machine.load():.1f}")
            for clients in self.options.clients:
                self.floor.append(measure.floor(self.server, self.systems[0], self.shape, queries, clients, seconds,
                                                number))
                for row in zip_longest(*columns):
                    for system, point in interleaved([cell for cell in row if cell is not None], number):
                        if isinstance(system, Library):
                            run = system.throughput(point["value"], clients, seconds, number)
                        else:
                            run = measure.throughput(self.server, system, self.shape, point["value"], queries, clients,
                                                     seconds, number)
                        point["runs"].append(run)

    def insert(self) -> None:
        for number in range(self.options.rounds):
            for clients in self.options.insert_clients:
                for system in interleaved(self.systems, number):
                    done = measure.insert(self.server, system, self.shape, self.common, clients, self.options.inserts,
                                          number)
                    self.records[system.name]["inserts"].append(done)
                    say(f"{system.name}: {done['qps']:.0f} inserts/s with {clients} clients")

    def all(self) -> None:
        self.load()
        self.build()
        self.answer()
        self.query()
        if self.options.inserts:
            self.insert()


def measure_all(options: argparse.Namespace) -> dict:
    work = ROOT / "build" / "bench"
    systems = parse(options.systems)
    if options.table is not None:
        data = table.read(options.table, options.column, options.metric, options.queries, options.rows)
    elif options.data.resolve() == SAMPLE:
        data = Dataset.from_sample(options.data, options.metric, options.rows)
    else:
        data = Dataset.from_directory(options.data, options.metric, options.rows)
    names = [name for name in options.in_process.split(",") if name]
    if not set(names) <= set(LIBRARIES):
        raise ValueError(f'--in-process {options.in_process}: there are {", ".join(LIBRARIES)}')
    libraries = [LIBRARIES[name](data, options.k, options.m, options.ef_construction) for name in names]
    if options.inserts >= len(data.base):
        raise ValueError(f"--inserts {options.inserts} leaves no rows to start with")
    if not options.no_install:
        for peer in dict.fromkeys(system.peer for system in systems):
            install.install(peer, ROOT, options.peers, work, options.pg_config)
    settings = {
        "shared_buffers": options.shared_buffers,
        "maintenance_work_mem": options.maintenance_work_mem,
        "max_parallel_maintenance_workers": str(options.workers),
        "max_worker_processes": str(options.workers + 8),
        "max_parallel_workers": str(options.workers + 8),
        "max_parallel_workers_per_gather": "0",
        "max_wal_size": "64GB",
        "checkpoint_timeout": "1h",
        "autovacuum": "off",
        "jit": "off",
        "shared_preload_libraries": ",".join(sorted({s.preload for s in systems if s.preload})),
    }
    started = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    with Server(options.pg_config, work, settings, options.server_user) as server:
        run = Run(options, server, data, systems, libraries)
        run.all()
        with server.connect() as connection:
            version = connection.execute("SELECT version()").fetchone()[0]
    return {
        "format": FORMAT,
        "started": started,
        "finished": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "commit": machine.commit(ROOT),
        "machine": machine.describe(),
        "versions": machine.versions(),
        "server": {"version": version, "settings": settings},
        "dataset": data.describe(),
        "settings": {name: getattr(options, name) for name in (
            "against", "k", "m", "ef_construction", "lists", "builds", "workers", "clients", "rounds", "seconds",
            "inserts", "insert_clients")},
        "rounds": run.rounds,
        "floor": run.floor,
        "systems": [run.records[subject.name] for subject in run.subjects],
    }


def write(result: dict, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "result.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    (out / "result.md").write_text(report.markdown(result), encoding="utf-8")
    plots.draw(result, out)


def main(argv: Optional[list[str]] = None) -> int:
    parser = arguments()
    options = parser.parse_args(argv)
    if (options.table is None) != (options.column is None):
        parser.error("--table and --column go together")
    # Leave through the server's __exit__ when asked to stop.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        if options.report is not None:
            result = json.loads(options.report.read_text(encoding="utf-8"))
            if result.get("format") != FORMAT:
                raise ValueError(f"{options.report} is not a result of format {FORMAT}")
        else:
            result = measure_all(options)
        write(result, options.out)
    except (ValueError, RuntimeError, OSError, psycopg.Error) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    print()
    print(report.summary(result))
    say(f"tables, plots and raw numbers are in {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
