"""QPS at a given recall, read off a measured curve. Plain Python without numpy."""
from __future__ import annotations

import math
from typing import Iterable, Optional, Sequence

Point = tuple  # (recall, qps)


def frontier(points: Iterable[Point]) -> list[Point]:
    """The points that no other point beats in both recall and QPS, by rising recall."""
    best: list[Point] = []
    for recall, qps in sorted(points, key=lambda p: (-p[0], -p[1])):
        if not best or qps > best[-1][1]:
            best.append((recall, qps))
    return best[::-1]


def _miss(recall: float, resolution: float) -> float:
    """log(1 - recall); a recall of 1 is taken as half a result missed, as nothing finer can be measured."""
    return math.log(max(1.0 - recall, resolution / 2))


def qps_at(points: Sequence[Point], recall: float, resolution: float) -> Optional[float]:
    """QPS at `recall`: linear in log(QPS) over log(1 - recall) between the two neighbouring points of the frontier.

    None outside of the measured range: nothing is extrapolated. Where a point of lower recall is also slower, and so
    not on the frontier, the faster point of higher recall stands for it. `resolution` is the smallest step that recall
    can take, 1 / (queries * k).
    """
    points = list(points)
    if not points or not min(p[0] for p in points) <= recall <= max(p[0] for p in points):
        return None
    curve = frontier(points)
    if recall <= curve[0][0]:
        return curve[0][1]
    for (low, fast), (high, slow) in zip(curve, curve[1:]):
        if recall <= high:
            left, right = _miss(low, resolution), _miss(high, resolution)
            if left == right:
                return fast
            share = (_miss(recall, resolution) - left) / (right - left)
            return math.exp(math.log(fast) + share * (math.log(slow) - math.log(fast)))
    return None


def median(values: Iterable[float]) -> float:
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no values")
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile of values sorted in rising order."""
    if not ordered:
        raise ValueError("no values")
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]
