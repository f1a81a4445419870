"""A power law through measured points. Plain Python."""
from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Iterable, Optional


@dataclass(frozen=True)
class Power:
    """y = factor * x ** exponent."""

    factor: float
    exponent: float
    error: Optional[float]  # standard error of the exponent; None where two points leave nothing to judge it by

    def at(self, x: float) -> float:
        return self.factor * x ** self.exponent


def fit(points: Iterable[tuple[float, float]]) -> Optional[Power]:
    """Least squares of log y over log x. None unless there are two different x."""
    logs = [(math.log(x), math.log(y)) for x, y in points]
    if len({x for x, _ in logs}) < 2:
        return None
    middle = sum(x for x, _ in logs) / len(logs)
    height = sum(y for _, y in logs) / len(logs)
    width = sum((x - middle) ** 2 for x, _ in logs)
    exponent = sum((x - middle) * (y - height) for x, y in logs) / width
    left = sum((y - height - exponent * (x - middle)) ** 2 for x, y in logs)
    error = math.sqrt(left / (len(logs) - 2) / width) if len(logs) > 2 else None
    return Power(math.exp(height - exponent * middle), exponent, error)
