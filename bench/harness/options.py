"""The command lines of the benchmarks of indexes, and the settings of the server that follow from them."""
from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path
from typing import Sequence

from .dataset import METRICS
from .inprocess import LIBRARIES
from .server import default_shared_buffers
from .systems import System

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / "build" / "bench"
SAMPLE = ROOT / "examples"


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


def default_data() -> Path:
    """The real data where there, else the sample that the project ships."""
    real = ROOT.parent / "shared" / "data" / "debian-384"
    return real if real.is_dir() else SAMPLE


def _parser(program: str, description: str) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(prog=program, description=description,
                                   formatter_class=argparse.ArgumentDefaultsHelpFormatter)


def _add_index_arguments(parser: argparse.ArgumentParser, builds: int, rounds: int, seconds: int) -> None:
    """What is measured, and how often."""
    parser.add_argument("--data", type=Path, default=default_data(),
                        help="folder with base.npy, query.npy and perhaps gt.npy")
    parser.add_argument("--metric", choices=METRICS, default="cosine", help="distance")
    parser.add_argument("--systems", default="vectorx,pgvector",
                        help="what to measure, name[:option=value+option=value],... with options of the index")
    parser.add_argument("--against", default="pgvector", help="the system that ratios refer to")
    parser.add_argument("--k", type=count, default=10, help="neighbours asked for")
    parser.add_argument("--m", type=count, default=16, help="hnsw: m")
    parser.add_argument("--ef-construction", type=count, default=64, help="hnsw: ef_construction")
    parser.add_argument("--lists", type=count, help="ivfflat: lists (default: square root of the rows)")
    parser.add_argument("--values", type=numbers, help="values of the swept setting (default: each system's own)")
    parser.add_argument("--builds", type=count, default=builds, help="how often each index is built")
    parser.add_argument("--workers", type=int, default=2, help="parallel workers of a build, the leader not counted")
    parser.add_argument("--rounds", type=count, default=rounds, help="how often each point is measured")
    parser.add_argument("--seconds", type=count, default=seconds, help="length of one measurement")


def _add_server_arguments(parser: argparse.ArgumentParser, out: str) -> None:
    parser.add_argument("--pg-config", default=os.environ.get("PG_CONFIG") or shutil.which("pg_config") or "pg_config",
                        help="pg_config of the installation to use")
    parser.add_argument("--no-install", action="store_true", help="measure what the installation holds already")
    parser.add_argument("--peers", type=Path, default=ROOT.parent / "shared" / "peers",
                        help="folder with archives of the systems to compare with")
    parser.add_argument("--shared-buffers", default=default_shared_buffers(), help="of the server")
    parser.add_argument("--maintenance-work-mem", default="2GB", help="of the server")
    parser.add_argument("--server-user", default="postgres", help="who runs the server when root calls")
    parser.add_argument("--out", type=Path, default=WORK / out, help="folder for the results")
    parser.add_argument("--report", type=Path, metavar="RESULT.json",
                        help="measure nothing: write table and plots of an earlier result to --out")


def run_parser() -> argparse.ArgumentParser:
    parser = _parser("bench/run", "Measures nearest-neighbour indexes side by side in one server.")
    _add_index_arguments(parser, builds=3, rounds=5, seconds=3)
    parser.add_argument("--table", metavar="CONNINFO", help="take the vectors from a table of this database instead")
    parser.add_argument("--column", metavar="[SCHEMA.]TABLE.COLUMN", help="with --table: the column")
    parser.add_argument("--queries", type=count, default=1000, help="with --table: rows held out as queries, at most")
    parser.add_argument("--rows", type=count, help="use only the first rows (default: all)")
    parser.add_argument("--in-process", default="", metavar="LIBRARIES",
                        help=f"also {','.join(LIBRARIES)}: libraries without a database, for reference")
    parser.add_argument("--clients", type=numbers, default="1,2", help="numbers of concurrent clients")
    parser.add_argument("--inserts", type=int, default=0, metavar="ROWS",
                        help="also measure single-row inserts of so many rows; 0: do not")
    parser.add_argument("--insert-clients", type=numbers, default="1,4", help="numbers of concurrent inserters")
    parser.add_argument("--cold", action="store_true",
                        help="also count the pages read by a query when the index is four times larger than the memory")
    parser.add_argument("--cold-queries", type=count, default=200, help="with --cold: queries at each point, at most")
    _add_server_arguments(parser, "results")
    return parser


def grow_parser() -> argparse.ArgumentParser:
    parser = _parser("bench/grow", "Measures how build time, size and query time grow with the number of rows.")
    _add_index_arguments(parser, builds=1, rounds=3, seconds=2)
    parser.add_argument("--sizes", type=numbers, default="10000,30000,100000", help="numbers of rows")
    parser.add_argument("--recall", type=float, default=0.965, help="at which queries are compared")
    parser.add_argument("--seed", type=int, default=0, help="of the generator")
    _add_server_arguments(parser, "growth")
    return parser


def server_settings(options: argparse.Namespace, systems: Sequence[System]) -> dict:
    return {
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
