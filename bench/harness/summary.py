"""From the raw numbers of a result file to the figures that the report and the plots show. Plain Python."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Optional, Sequence

from .curve import median, qps_at

RECALLS = (0.9, 0.945, 0.95, 0.965, 0.98, 0.99)


@dataclass(frozen=True)
class Spread:
    """Median, lowest and highest of some repetitions."""

    middle: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Optional["Spread"]:
        values = list(values)
        return cls(median(values), min(values), max(values)) if values else None

    def text(self, digits: int = 0, suffix: str = "") -> str:
        middle, low, high = (f"{value:,.{digits}f}" for value in (self.middle, self.low, self.high))
        return middle + suffix + (f" ({low}–{high})" if low != high else "")


def resolution(result: dict) -> float:
    """The smallest step that recall can take."""
    return 1.0 / (result["dataset"]["queries"] * result["settings"]["k"])


def of_clients(runs: Sequence[dict], clients: int) -> list[dict]:
    return [run for run in runs if run["clients"] == clients]


def spread(runs: Sequence[dict], clients: int, what: str = "qps") -> Optional[Spread]:
    """None where nothing was measured; libraries in process have no latencies."""
    return Spread.of(run[what] for run in of_clients(runs, clients) if what in run)


def curve(system: dict, clients: int, number: Optional[int] = None) -> list[tuple]:
    """(recall, QPS) of each point: in round `number`, or the median of all rounds. Points without runs are left out."""
    points = []
    for point in system["points"]:
        qps = [run["qps"] for run in of_clients(point["runs"], clients) if number is None or run["round"] == number]
        if qps:
            points.append((point["recall"], median(qps)))
    return points


def rounds(result: dict) -> list[int]:
    return sorted({run["round"] for system in result["systems"] for point in system["points"] for run in point["runs"]})


def speed(result: dict, system: dict, clients: int, recall: float) -> Optional[Spread]:
    """QPS at `recall` in each round; None outside of the measured range."""
    found = (qps_at(curve(system, clients, number), recall, resolution(result)) for number in rounds(result))
    return Spread.of(qps for qps in found if qps is not None)


def ratio(result: dict, system: dict, against: dict, clients: int, recall: float) -> Optional[Spread]:
    """How many times the QPS of `against`, both taken from the same round; None outside of the measured range."""
    ratios = []
    for number in rounds(result):
        ours = qps_at(curve(system, clients, number), recall, resolution(result))
        theirs = qps_at(curve(against, clients, number), recall, resolution(result))
        if ours is not None and theirs is not None:
            ratios.append(ours / theirs)
    return Spread.of(ratios)


def build_seconds(system: dict) -> Optional[Spread]:
    return Spread.of(build["seconds"] for build in system["builds"])


def reference(result: dict) -> Optional[dict]:
    """The system that the others are compared with, if it was measured."""
    return next((s for s in result["systems"] if s["name"] == result["settings"]["against"]), None)
