"""bench/run: systems side by side."""
from __future__ import annotations

import argparse
import sys
from typing import Optional

from . import plots, report, table
from .comparison import Comparison
from .inprocess import LIBRARIES
from .install import say
from .options import run_parser
from .sitting import guarded, read_result, read_vectors, serve, write_result
from .systems import parse

FORMAT = 1  # of the result file


def measure_all(options: argparse.Namespace) -> dict:
    systems = parse(options.systems)
    if options.table is not None:
        data = table.read(options.table, options.column, options.metric, options.queries, options.rows)
    else:
        data = read_vectors(options.data, options.metric, options.rows)
    names = [name for name in options.in_process.split(",") if name]
    if not set(names) <= set(LIBRARIES):
        raise ValueError(f'--in-process {options.in_process}: there are {", ".join(LIBRARIES)}')
    libraries = [LIBRARIES[name](data, options.k, options.m, options.ef_construction) for name in names]
    if options.inserts >= len(data.base):
        raise ValueError(f"--inserts {options.inserts} leaves no rows to start with")
    result: dict = {"format": FORMAT}
    with serve(options, systems, result) as server:
        comparison = Comparison(options, server, data, systems, libraries)
        comparison.all()
    return {
        **result,
        "dataset": data.describe(),
        "settings": {name: getattr(options, name) for name in (
            "against", "k", "m", "ef_construction", "lists", "builds", "workers", "clients", "rounds", "seconds",
            "inserts", "insert_clients", "cold", "cold_queries")},
        "rounds": comparison.rounds,
        "floor": comparison.floor,
        "systems": [comparison.records[subject.name] for subject in comparison.subjects],
    }


def main(argv: Optional[list[str]] = None) -> int:
    parser = run_parser()
    options = parser.parse_args(argv)
    if (options.table is None) != (options.column is None):
        parser.error("--table and --column go together")

    def work() -> None:
        result = read_result(options.report, FORMAT) if options.report is not None else measure_all(options)
        write_result(result, options.out, "result", report.markdown(result))
        plots.draw(result, options.out)
        print()
        print(report.summary(result))
        say(f"tables, plots and raw numbers are in {options.out}")

    return guarded(work)


if __name__ == "__main__":
    sys.exit(main())
