"""bench/grow: how the cost of building, storing and asking grows with the number of rows."""
from __future__ import annotations

import argparse
import copy
import dataclasses
import sys
from typing import Optional

import numpy

from . import generator, growth_report, machine, measure, pages, plots
from .comparison import Comparison, interleaved
from .dataset import Dataset
from .install import say
from .options import grow_parser
from .server import Server
from .sitting import guarded, read_result, read_vectors, serve, write_result
from .systems import System, parse

FORMAT = 1  # of the result file


def around(recalls: list[float], wanted: float) -> list[int]:
    """The two points, by number, between which `wanted` lies, of recalls that rise until one is at least that; none
    where it lies outside."""
    high = next((number for number, recall in enumerate(recalls) if recall >= wanted), None)
    return [] if not high else [high - 1, high]


class Size:
    """The systems at one number of rows."""

    def __init__(self, options: argparse.Namespace, server: Server, data: Dataset, systems: list[System]) -> None:
        self.options, self.server, self.data, self.systems = options, server, data, systems
        own = copy.copy(options)
        own.clients = [1]
        self.comparison = Comparison(own, server, data, systems, [])
        self.records = self.comparison.records

    def answer(self, system: System) -> None:
        """Asks at rising values until the recall is reached, and keeps the two values around it."""
        points: list[dict] = []
        for value in sorted(self.options.values or system.values):
            before = pages.counts(self.server, system)
            point = measure.answer(self.server, system, self.comparison.shape, value, self.data)
            asked = len(self.data.query) + measure.DECIDED
            point.update(pages.per_query(before, pages.counts(self.server, system), asked))
            points.append(point)
            say(f"{system.name}: {system.sweep} {value}, recall {points[-1]['recall']:.4f}")
            if points[-1]["recall"] >= self.options.recall and len(points) > 1:
                break
        kept = around([point["recall"] for point in points], self.options.recall)
        self.records[system.name]["points"] = [points[number] for number in kept]

    def all(self) -> dict:
        self.comparison.load()
        self.comparison.build()
        with self.server.connect() as connection:
            connection.execute("CHECKPOINT")
        for system in self.systems:
            self.answer(system)
        self.comparison.query()
        for system in self.systems:
            measure.drop(self.server, system)
        return {"rows": len(self.data.base), "rounds": self.comparison.rounds, "floor": self.comparison.floor,
                "systems": [self.records[system.name] for system in self.systems]}


def grow(options: argparse.Namespace, data: Dataset) -> tuple[numpy.ndarray, Optional[generator.Fit]]:
    """Rows for the largest size, and how like the real ones the made ones are; None where none had to be made."""
    random = numpy.random.default_rng(options.seed)
    largest = max(options.sizes)
    fit = None
    if largest > len(data.base):
        say(f"fitting the generator to {len(data.base):,} rows")
        fit = generator.fit(data.base, data.query, random)
        say(f"making {largest - len(data.base):,} rows")
    return generator.population(data.base, largest, fit.reach if fit is not None else 1.0, random), fit


def measure_all(options: argparse.Namespace) -> dict:
    systems = parse(options.systems)
    real = read_vectors(options.data, options.metric)
    rows, fit = grow(options, real)
    result: dict = {"format": FORMAT}
    sizes = []
    with serve(options, systems, result) as server:
        for count in sorted(set(options.sizes)):
            say(f"{count:,} rows, load average {machine.load():.1f}")
            sizes.append(Size(options, server, Dataset(real.name, rows[:count], real.query, options.metric),
                              interleaved(systems, len(sizes))).all())
    return {
        **result,
        "dataset": real.describe(),
        "settings": {name: getattr(options, name) for name in (
            "against", "k", "m", "ef_construction", "lists", "builds", "workers", "rounds", "seconds", "recall", "seed")},
        "generator": dataclasses.asdict(fit) if fit is not None else None,
        "sizes": sizes,
    }


def main(argv: Optional[list[str]] = None) -> int:
    parser = grow_parser()
    options = parser.parse_args(argv)

    def work() -> None:
        result = read_result(options.report, FORMAT) if options.report is not None else measure_all(options)
        text = growth_report.markdown(result)
        write_result(result, options.out, "growth", text)
        plots.draw_growth(result, options.out)
        print()
        print(text)
        say(f"tables, plots and raw numbers are in {options.out}")

    return guarded(work)


if __name__ == "__main__":
    sys.exit(main())
