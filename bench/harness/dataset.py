"""Vectors, queries, and the truth about which rows are nearest."""
from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Optional, Sequence

import numpy

from . import recall

METRICS = ("cosine", "l2", "ip")


def distances(rows: numpy.ndarray, query: numpy.ndarray, metric: str) -> numpy.ndarray:
    """Distances of n rows (n x d) to one query (d), in float64; inner product is negated, as in SQL's <#>."""
    rows = rows.astype(numpy.float64)
    query = query.astype(numpy.float64)
    if metric == "l2":
        return numpy.sqrt(((rows - query) ** 2).sum(axis=1))
    product = rows @ query
    if metric == "ip":
        return -product
    return 1.0 - product / (numpy.linalg.norm(rows, axis=1) * numpy.linalg.norm(query))


@dataclass
class Dataset:
    """`base` n x d and `query` m x d, float16 or float32, C order. `nearest`: m x at least k row numbers, or None."""

    name: str
    base: numpy.ndarray
    query: numpy.ndarray
    metric: str = "cosine"
    nearest: Optional[numpy.ndarray] = None
    _kth: dict = field(default_factory=dict)

    @classmethod
    def from_directory(cls, folder: Path, metric: str = "cosine", rows: Optional[int] = None) -> "Dataset":
        """Reads base.npy, query.npy and, where there, gt.npy (nearest by cosine). `rows` keeps the first rows only."""
        base = numpy.load(folder / "base.npy")
        query = numpy.load(folder / "query.npy")
        if base.ndim != 2 or query.ndim != 2 or base.shape[1] != query.shape[1]:
            raise ValueError(f"{folder}: base.npy is {base.shape} and query.npy {query.shape}, not n x d and m x d")
        nearest = None
        if rows is not None and rows < len(base):
            base = base[:rows]
        elif metric == "cosine" and (folder / "gt.npy").exists():
            nearest = numpy.load(folder / "gt.npy")
            if len(nearest) != len(query) or nearest.max() >= len(base) or nearest.min() < 0:
                raise ValueError(f"{folder}: gt.npy does not fit base.npy and query.npy")
        return cls(folder.resolve().name, base, query, metric, nearest)

    @classmethod
    def from_sample(cls, folder: Path, metric: str = "cosine", rows: Optional[int] = None) -> "Dataset":
        """Reads the project's sample: packages.copy.gz and queries.copy.gz, whose last column is the vector."""
        return cls("sample", read_copy_text(folder / "packages.copy.gz")[:rows],
                   read_copy_text(folder / "queries.copy.gz"), metric)

    @property
    def dims(self) -> int:
        return self.base.shape[1]

    def part(self, queries: range) -> "Dataset":
        """The same base with some of the queries."""
        some = slice(queries.start, queries.stop)
        return replace(self, query=self.query[some], nearest=None if self.nearest is None else self.nearest[some],
                       _kth={k: kth[some] for k, kth in self._kth.items()})

    def describe(self) -> dict:
        return {
            "name": self.name,
            "rows": len(self.base),
            "queries": len(self.query),
            "dims": self.dims,
            "metric": self.metric,
            "sha256": hashlib.sha256(numpy.ascontiguousarray(self.base).data).hexdigest(),
            "truth": "given" if self.nearest is not None else "computed",
        }

    def kth_distances(self, k: int) -> numpy.ndarray:
        """The distance of each query's true k-th neighbour."""
        if k not in self._kth:
            if k > len(self.base):
                raise ValueError(f"{k} neighbours of {len(self.base)} rows")
            if self.nearest is None or self.nearest.shape[1] < k:
                self.nearest = exact_neighbours(self.base, self.query, self.metric, k)
            self._kth[k] = numpy.array(
                [distances(self.base[self.nearest[q, :k]], self.query[q], self.metric).max()
                 for q in range(len(self.query))])
        return self._kth[k]

    def judge(self, results: Sequence[Sequence[int]], k: int) -> recall.Recall:
        """Judges the row numbers that a system returned, one list for each query, in query order."""
        if len(results) != len(self.query):
            raise ValueError(f"{len(results)} results for {len(self.query)} queries")
        answers = []
        for q, (ids, kth) in enumerate(zip(results, self.kth_distances(k))):
            if any(not 0 <= row < len(self.base) for row in ids):
                raise ValueError(f"query {q} returned a row that was never loaded")
            far = distances(self.base[list(ids)], self.query[q], self.metric).tolist() if ids else []
            answers.append(recall.judge(ids, far, float(kth), k))
        return recall.summarize(answers, k)


def read_copy_text(path: Path) -> numpy.ndarray:
    """The vectors (n x d, float32) in the last column of a compressed file in COPY's text format."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        texts = [line.rstrip("\n").rsplit("\t", 1)[-1] for line in lines]
    return numpy.array([text.strip("[]").split(",") for text in texts], dtype=numpy.float32)


def exact_neighbours(base: numpy.ndarray, query: numpy.ndarray, metric: str, k: int) -> numpy.ndarray:
    """Row numbers of the k nearest rows of each query, nearest first: float32 products choose, float64 decides."""
    rows = base.astype(numpy.float32)
    if metric == "cosine":
        rows /= numpy.linalg.norm(rows, axis=1, keepdims=True)
    half_squares = (rows * rows).sum(axis=1) / 2 if metric == "l2" else None
    keep = min(len(base), 2 * k + 50)
    result = numpy.empty((len(query), k), dtype=numpy.int32)
    block = max(1, 2**25 // len(base))
    for start in range(0, len(query), block):
        # Orders as the distance does: -x.q, and for L2 |x|^2 / 2 - x.q.
        score = -(query[start:start + block].astype(numpy.float32) @ rows.T)
        if half_squares is not None:
            score += half_squares
        for offset, line in enumerate(score):
            near = numpy.argpartition(line, keep - 1)[:keep]
            far = distances(base[near], query[start + offset], metric)
            result[start + offset] = near[numpy.argsort(far, kind="stable")[:k]]
    return result
