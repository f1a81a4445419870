"""Tie-aware recall: a result counts if it is as near as the true k-th neighbour.

Plain Python without numpy, so that its unit tests run anywhere.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

# Distances are computed in float64, the systems rank by float32 sums of a few hundred products: two rows whose
# distances differ by less than this are equal as far as a float32 index can tell. Relative above 1, absolute below.
ROUNDING = 1e-6


def tolerance(distance: float) -> float:
    return ROUNDING * max(1.0, abs(distance))


@dataclass(frozen=True)
class Answer:
    """What one query returned, judged."""

    hits: int  # distinct results at most as far as the true k-th neighbour, at most k
    sorted: bool  # distances never decrease
    short: bool  # fewer than k rows came back
    repeated: bool  # a row came back twice


def judge(ids: Sequence[int], distances: Sequence[float], kth: float, k: int) -> Answer:
    """Judges one result list. `distances` are the true ones of `ids`, `kth` is that of the true k-th neighbour."""
    if len(ids) != len(distances):
        raise ValueError("one distance for each id")
    if len(ids) > k:
        raise ValueError(f"{len(ids)} rows came back where {k} were asked for")
    near = {row for row, distance in zip(ids, distances) if distance <= kth + tolerance(kth)}
    return Answer(
        hits=len(near),
        sorted=all(a <= b + tolerance(b) for a, b in zip(distances, distances[1:])),
        short=len(ids) < k,
        repeated=len(set(ids)) < len(ids),
    )


@dataclass(frozen=True)
class Recall:
    recall: float
    queries: int
    unsorted: int  # queries whose rows were not in the order of the true distance
    short: int  # queries that got fewer than k rows
    repeated: int  # queries that got a row twice


def summarize(answers: Sequence[Answer], k: int) -> Recall:
    if not answers:
        raise ValueError("no answers to judge")
    return Recall(
        recall=sum(a.hits for a in answers) / (k * len(answers)),
        queries=len(answers),
        unsorted=sum(not a.sorted for a in answers),
        short=sum(a.short for a in answers),
        repeated=sum(a.repeated for a in answers),
    )
