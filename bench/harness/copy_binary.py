"""Rows for COPY ... (FORMAT binary), built by numpy in blocks rather than row by row."""
from __future__ import annotations

from typing import Iterator

import numpy

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"

# The element in network byte order of each column type: both types send int16 dimensions, int16 unused, elements.
ELEMENT = {"vector": ">f4", "halfvec": ">f2"}


def rows(vectors: numpy.ndarray, column_type: str = "vector", block: int = 4096) -> Iterator[bytes]:
    """COPY data of the table (id integer, v vector or halfvec); ids are the row numbers."""
    dims = vectors.shape[1]
    element = ELEMENT[column_type]
    record = numpy.dtype([
        ("fields", ">i2"), ("id_bytes", ">i4"), ("id", ">i4"),
        ("v_bytes", ">i4"), ("dims", ">i2"), ("unused", ">i2"), ("v", element, (dims,)),
    ])
    yield HEADER
    for start in range(0, len(vectors), block):
        part = vectors[start:start + block]
        data = numpy.zeros(len(part), dtype=record)
        data["fields"] = 2
        data["id_bytes"] = 4
        data["id"] = numpy.arange(start, start + len(part))
        data["v_bytes"] = 4 + dims * numpy.dtype(element).itemsize
        data["dims"] = dims
        data["v"] = part
        yield data.tobytes()
    yield TRAILER
