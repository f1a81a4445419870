"""More rows of the kind that a set of real vectors holds.

A new row is a real one that takes some coordinates, each from one of its near neighbours: so many that it comes to lie about
as far from the real one as that one's nearest neighbour does. Where the data is dense, new rows are near, and its clusters,
lengths and equal rows remain. Unlike a mean of neighbours, such a row lies as far from all others as real ones do; unlike a
row that is moved by differences of neighbours, it does not drift out of the data. How far is fitted: rows made from one
half of the data must lie as near to others as those of the other half do.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator

import numpy

from .dataset import distances

NEIGHBOURS = 10  # of a row, which lend it coordinates
EQUAL = 1e-3  # rows nearer than this are equal but for rounding
PROBES = 500  # rows whose distances describe a set
FITTED = 20_000  # rows at most, of which half are made
BLOCK = 2**24  # elements of a block of distances
REACHES = (0.5, 1.5)
STEPS = 5


def _squares(rows: numpy.ndarray) -> numpy.ndarray:
    return numpy.einsum("ij,ij->i", rows, rows)


def nearest(base: numpy.ndarray, rows: numpy.ndarray, count: int) -> Iterator[tuple[int, numpy.ndarray]]:
    """The numbers of the `count` rows of base that are nearest to each row by L2, nearest first, in blocks of rows, each
    with the number of its first row."""
    base = base.astype(numpy.float32)
    half = _squares(base) / 2
    step = max(1, BLOCK // len(base))
    for start in range(0, len(rows), step):
        score = half - rows[start:start + step].astype(numpy.float32) @ base.T
        near = numpy.argpartition(score, count - 1)[:, :count]
        order = numpy.argsort(numpy.take_along_axis(score, near, axis=1), axis=1, kind="stable")
        yield start, numpy.take_along_axis(near, order, axis=1)


def unit_length(rows: numpy.ndarray) -> bool:
    return bool(numpy.allclose(_squares(rows[:1000].astype(numpy.float32)), 1.0, atol=0.01))


def make(real: numpy.ndarray, count: int, reach: float, random: numpy.random.Generator) -> numpy.ndarray:
    """`count` new rows, deterministic by `random`. Each real row is the source of as many as the others, or of one more.
    Rows keep length 1 where all have it; a row that has an equal one makes more of these."""
    made = numpy.empty((count, real.shape[1]), dtype=real.dtype)
    sources = numpy.sort(numpy.concatenate(
        [random.permutation(len(real)) for _ in range(-(-count // len(real)))])[:count])
    unit = unit_length(real)
    distinct = numpy.unique(sources)
    for start, near in nearest(real, real[distinct], NEIGHBOURS + 1):
        first, last = numpy.searchsorted(sources, (distinct[start], distinct[start + len(near) - 1] + 1))
        for part in numpy.array_split(numpy.arange(first, last), 1 + (last - first) * NEIGHBOURS * real.shape[1] // BLOCK):
            line = numpy.searchsorted(distinct, sources[part]) - start
            rows = _crossed(real[sources[part]].astype(numpy.float32),
                            real[near[line, 1:]].astype(numpy.float32), reach, random)
            if unit:
                rows /= numpy.linalg.norm(rows, axis=1, keepdims=True)
            made[part] = rows
    return made


def _crossed(rows: numpy.ndarray, near: numpy.ndarray, reach: float, random: numpy.random.Generator) -> numpy.ndarray:
    """Each row (n x d) with some coordinates of its neighbours (n x NEIGHBOURS x d, nearest first)."""
    squares = ((near - rows[:, None]) ** 2).sum(axis=2)
    # With a share s of the coordinates from neighbours, the square of the expected distance is s times theirs.
    share = numpy.minimum(1, reach ** 2 * squares[:, 0] / numpy.maximum(squares.mean(axis=1), EQUAL ** 2))
    share[squares[:, 0] < EQUAL ** 2] = 0
    other = numpy.take_along_axis(near, random.integers(NEIGHBOURS, size=(len(rows), 1, rows.shape[1])), axis=1)[:, 0]
    return numpy.where(random.random(rows.shape) < share[:, None], other, rows)


@dataclass(frozen=True)
class Likeness:
    """How the rows of a set lie to each other, and to queries."""

    nearest: tuple  # quantiles of the distance of a row's nearest other row
    tenth: tuple  # of its tenth
    query: tuple  # of a query's tenth
    dimension: float  # intrinsic: of Levina and Bickel, from the distances of the nearest 20
    duplicates: float  # the part of the rows that have an equal one


QUANTILES = (0.1, 0.5, 0.9)


def intrinsic_dimension(far: numpy.ndarray) -> float:
    """The maximum-likelihood estimate (Levina and Bickel, NIPS 2004; harmonic mean over rows as by MacKay and
    Ghahramani) from distances of the nearest neighbours, rows x k, rising, none of them 0."""
    logs = numpy.log(far[:, -1:] / far[:, :-1])
    return float((far.shape[1] - 2) / logs.sum(axis=1).mean())


def likeness(rows: numpy.ndarray, probes: numpy.ndarray, queries: numpy.ndarray) -> Likeness:
    """Of `rows`, seen from those numbered `probes` and from `queries`; all distances by L2."""
    far = _neighbour_distances(rows, rows[probes], 21)[:, 1:]  # the first is the row itself
    distinct = far[far[:, 0] > EQUAL]
    asked = _neighbour_distances(rows, queries, 10)
    return Likeness(*(tuple(float(q) for q in numpy.quantile(values, QUANTILES))
                      for values in (far[:, 0], far[:, 9], asked[:, 9])),
                    intrinsic_dimension(distinct), float((far[:, 0] <= EQUAL).mean()))


def _neighbour_distances(base: numpy.ndarray, rows: numpy.ndarray, count: int) -> numpy.ndarray:
    found = numpy.empty((len(rows), count))
    for start, near in nearest(base, rows, count):
        for offset, line in enumerate(near):
            found[start + offset] = numpy.sort(distances(base[line], rows[start + offset], "l2"))
    return found


@dataclass(frozen=True)
class Fit:
    reach: float
    half: Likeness  # of one half of the real rows
    real: Likeness  # of all
    grown: Likeness  # of as many as all, made from that half


def fit(real: numpy.ndarray, queries: numpy.ndarray, random: numpy.random.Generator) -> Fit:
    """Halves the range of reaches until the distance of a made row's nearest other row has the median that it has for the
    real rows which are left out."""
    if len(real) > FITTED:
        real = real[random.permutation(len(real))[:FITTED]]
    order = random.permutation(len(real))
    half, rest = real[order[:len(real) // 2]], real[order[len(real) // 2:]]
    whole = numpy.concatenate([half, rest])
    second = numpy.arange(len(half), len(whole))
    probes = random.choice(second, min(PROBES, len(second)), replace=False)
    others = random.choice(len(half), min(PROBES, len(half)), replace=False)
    queries = queries[:PROBES]
    seed = int(random.integers(2**32))
    wanted = likeness(whole, probes, queries)
    low, high = REACHES
    for _ in range(STEPS):
        reach = (low + high) / 2
        grown = numpy.concatenate([half, make(half, len(rest), reach, numpy.random.default_rng(seed))])
        got = likeness(grown, probes, queries)
        low, high = (reach, high) if got.nearest[1] < wanted.nearest[1] else (low, reach)
    return Fit(reach, likeness(half, others, queries), wanted, got)


def population(real: numpy.ndarray, count: int, reach: float, random: numpy.random.Generator) -> numpy.ndarray:
    """`count` rows in random order, made ones where the real ones do not suffice: any first n of them are alike."""
    if count > len(real):
        real = numpy.concatenate([real, make(real, count - len(real), reach, random)])
    return real[random.permutation(len(real))[:count]]
