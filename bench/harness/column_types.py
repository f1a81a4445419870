"""The column types that vectorx and pgvector share: test data, its binary COPY format, and the operators to measure."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Iterator, Sequence

import numpy

from . import copy_binary

DENSE_OPERATORS = ("<->", "<#>", "<=>", "<+>")
SPARSE_DIMS = 30_522  # the vocabulary of BERT, which SPLADE weights
SPARSE_NNZ = 120
SAMPLE_ELEMENTS = 2_000_000  # that the input and output functions read and write in one measurement


@dataclass(frozen=True)
class Column:
    """A table (id integer, v <type>) of one type, and queries on it. Both systems get the same bytes."""

    name: str  # in reports
    sql_type: str
    rows: int
    operators: Sequence[str]
    copy_data: Callable[[], Iterator[bytes]]  # the table's binary COPY data
    queries: Sequence[str]  # literals of the type, without the cast
    own_io: bool = True  # whether the extension, and not PostgreSQL, reads and writes values
    sample_calls: int = 0  # how often input and output functions are called in one measurement


@dataclass(frozen=True)
class Sparse:
    """Rows in compressed form: row i has indices[starts[i]:starts[i + 1]], ascending from 0, and the values there."""

    dims: int
    starts: numpy.ndarray
    indices: numpy.ndarray
    values: numpy.ndarray

    def __len__(self) -> int:
        return len(self.starts) - 1

    def row(self, i: int) -> tuple[numpy.ndarray, numpy.ndarray]:
        part = slice(self.starts[i], self.starts[i + 1])
        return self.indices[part], self.values[part]


def splade_like(rows: int, seed: int = 1) -> Sparse:
    """Like the output of SPLADE: 60 to 180 terms a row, drawn by Zipf's law; positive weights, most below 1, few
    above 2."""
    random = numpy.random.default_rng(seed)
    frequency = 1.0 / numpy.arange(10, SPARSE_DIMS + 10)
    random.shuffle(frequency)
    cumulative = numpy.cumsum(frequency / frequency.sum())
    lengths = random.integers(SPARSE_NNZ // 2, SPARSE_NNZ * 3 // 2 + 1, rows)
    indices = []
    for length in lengths:
        # Terms that come twice are drawn again: of twice as many, some three quarters differ.
        drawn = numpy.empty(0, dtype=numpy.int64)
        while len(drawn) < length:
            drawn = numpy.unique(numpy.concatenate(
                [drawn, numpy.minimum(numpy.searchsorted(cumulative, random.random(2 * length)), SPARSE_DIMS - 1)]))
        indices.append(numpy.sort(random.permutation(drawn)[:length]))
    values = random.gamma(1.5, 0.4, int(lengths.sum())).astype(numpy.float32) + numpy.float32(0.001)
    return Sparse(SPARSE_DIMS, numpy.concatenate([[0], numpy.cumsum(lengths)]), numpy.concatenate(indices), values)


def sparse_copy(data: Sparse) -> Iterator[bytes]:
    """COPY data of the table (id integer, v sparsevec): dimensions, entries, unused as int32; then the indices from 0 as
    int32; then the values as float4."""
    yield copy_binary.HEADER
    for i in range(len(data)):
        indices, values = data.row(i)
        count = len(indices)
        head = numpy.array([4, i, 12 + 8 * count, data.dims, count, 0], dtype=">i4")
        yield b"\0\2" + head.tobytes() + indices.astype(">i4").tobytes() + values.astype(">f4").tobytes()
    yield copy_binary.TRAILER


def sparse_literal(indices: numpy.ndarray, values: numpy.ndarray, dims: int) -> str:
    return "{" + ",".join(f"{i + 1}:{v}" for i, v in zip(indices, values)) + f"}}/{dims}"


def dense_literal(vector: numpy.ndarray) -> str:
    return "[" + ",".join(str(x) for x in vector) + "]"


def bit_copy(signs: numpy.ndarray) -> Iterator[bytes]:
    """COPY data of the table (id integer, v bit(n)) from n booleans a row: the number of bits as int32, and the bytes."""
    packed = numpy.packbits(signs, axis=1)
    record = numpy.dtype([("fields", ">i2"), ("id_bytes", ">i4"), ("id", ">i4"), ("v_bytes", ">i4"), ("bits", ">i4"),
                          ("v", "u1", (packed.shape[1],))])
    data = numpy.zeros(len(signs), dtype=record)
    data["fields"], data["id_bytes"], data["id"] = 2, 4, numpy.arange(len(signs))
    data["v_bytes"], data["bits"], data["v"] = 4 + packed.shape[1], signs.shape[1], packed
    yield copy_binary.HEADER
    yield data.tobytes()
    yield copy_binary.TRAILER


def bit_literal(signs: numpy.ndarray) -> str:
    return "".join("1" if sign else "0" for sign in signs)


def dense_columns(base: numpy.ndarray, query: numpy.ndarray, rows: int) -> list[Column]:
    """vector, halfvec and bit columns from the first rows of one data set; the bits are the elements' signs, as
    binary_quantize makes them."""
    dims = base.shape[1]
    part = base[:rows]
    columns = []
    for name, element in (("vector", numpy.float32), ("halfvec", numpy.float16)):
        # A generator reads `name` when it runs, so it is bound here.
        columns.append(Column(f"{name}({dims})", f"{name}({dims})", len(part), DENSE_OPERATORS,
                              lambda name=name: copy_binary.rows(part, name),
                              [dense_literal(q.astype(element)) for q in query],
                              sample_calls=SAMPLE_ELEMENTS // dims))
    columns.append(Column(f"bit({dims})", f"bit({dims})", len(base), ("<~>", "<%>"), lambda: bit_copy(base > 0),
                          [bit_literal(q > 0) for q in query], own_io=False))
    return columns


def sparse_column(rows: int, queries: int) -> Column:
    data, query = splade_like(rows), splade_like(queries, seed=2)
    sql_type = f"sparsevec({SPARSE_DIMS})"
    return Column(f"{sql_type}, {SPARSE_NNZ} nnz", sql_type, rows, DENSE_OPERATORS, lambda: sparse_copy(data),
                  [sparse_literal(*query.row(i), SPARSE_DIMS) for i in range(queries)],
                  sample_calls=SAMPLE_ELEMENTS // SPARSE_NNZ)
