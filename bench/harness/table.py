"""Vectors of a user's own table as a dataset."""
from __future__ import annotations

from typing import Optional

import numpy
import psycopg
from psycopg import sql

from .copy_binary import ELEMENT, HEADER, TRAILER
from .dataset import Dataset


def parse(data: bytes, column_type: str) -> numpy.ndarray:
    """Vectors (n x d) from COPY data of one column of type vector or halfvec. All must have the same dimension."""
    if not data.startswith(HEADER) or not data.endswith(TRAILER):
        raise ValueError("not the binary format of COPY")
    body = len(data) - len(HEADER) - len(TRAILER)
    if body == 0:
        raise ValueError("the table holds no vectors")
    dims = int(numpy.frombuffer(data, ">i2", 1, len(HEADER) + 6)[0])
    record = numpy.dtype([("fields", ">i2"), ("bytes", ">i4"), ("dims", ">i2"), ("unused", ">i2"),
                          ("v", ELEMENT[column_type], (dims,))])
    if body % record.itemsize != 0:
        raise ValueError("the vectors are not all of one dimension")
    rows = numpy.frombuffer(data, record, body // record.itemsize, len(HEADER))
    if (rows["fields"] != 1).any() or (rows["bytes"] != record.itemsize - 6).any() or (rows["dims"] != dims).any():
        raise ValueError("the vectors are not all of one dimension")
    return rows["v"].astype(rows["v"].dtype.newbyteorder("="))


def read(conninfo: str, column: str, metric: str, queries: int, rows: Optional[int] = None) -> Dataset:
    """Reads `column`, written [schema.]table.column. A random part of the rows, at most `queries` and at most a
    tenth, is held out and serves as queries. Vectors of length 0 have no cosine and are left out for that metric."""
    *table, name = column.split(".")
    if not table:
        raise ValueError(f'"{column}" is not [schema.]table.column')
    relation, field = sql.Identifier(*table), sql.Identifier(name)
    with psycopg.connect(conninfo) as connection, connection.cursor() as cursor:
        cursor.execute(sql.SQL("SELECT {} FROM {} LIMIT 0").format(field, relation))
        column_type = cursor.execute("SELECT typname FROM pg_type WHERE oid = %s",
                                     (cursor.description[0].type_code,)).fetchone()[0]
        if column_type not in ELEMENT:
            raise ValueError(f"{column} is of type {column_type}, not {' or '.join(ELEMENT)}")
        limit = sql.SQL("" if rows is None else f" LIMIT {rows:d}")
        with cursor.copy(sql.SQL("COPY (SELECT {0} FROM {1} WHERE {0} IS NOT NULL{2}) TO STDOUT (FORMAT binary)")
                         .format(field, relation, limit)) as copy:
            vectors = parse(b"".join(copy), column_type)
    if metric == "cosine":
        vectors = vectors[(vectors != 0).any(axis=1)]
    order = numpy.random.default_rng(0).permutation(len(vectors))
    held_out = min(queries, len(vectors) // 10)
    if held_out == 0:
        raise ValueError(f"{column} holds {len(vectors)} vectors; at least 10 are needed")
    # The base keeps the table's order, as the order of insertion shapes a graph.
    return Dataset(column, vectors[numpy.sort(order[held_out:])], vectors[order[:held_out]], metric)
