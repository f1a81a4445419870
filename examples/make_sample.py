#!/usr/bin/env python3
"""Makes the sample in this folder from a full data set of package embeddings (see README.md).

usage: make_sample.py SOURCE_FOLDER

SOURCE_FOLDER holds base.npy and query.npy (float16, one unit vector a row), gt.npy (row numbers of each query's nearest,
nearest first), packages.tsv.gz (id, package, section, priority, size, summary, description) and queries.tsv (number,
text). The same source gives the same bytes again, with the same zlib.
"""

import gzip
import sys
from pathlib import Path

import numpy as np

PACKAGES = 5000
QUERIES = 100
NEIGHBOURS = 20  # of each query, taken into the sample whatever the draw
SEED = 20250601


def rows_of_sample(nearest, total):
    """Row numbers of the sample, ascending: the queries' neighbours, filled up with a uniform draw."""
    kept = np.unique(nearest[:QUERIES, :NEIGHBOURS])
    others = np.setdiff1d(np.arange(total), kept)
    drawn = np.random.default_rng(SEED).choice(others, PACKAGES - len(kept), replace=False)
    print(f"{len(kept)} neighbours of the queries, {len(drawn)} drawn from the other {len(others)} packages")
    return np.sort(np.concatenate([kept, drawn]))


def vector_text(values):
    return "[" + ",".join(f"{value:.4g}" for value in values.astype(np.float64)) + "]"


def field(text):
    """One field of COPY's text format."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def write_rows(path, rows):
    # No file name and no time in the header, so that the bytes depend on the rows only.
    with open(path, "wb") as raw, gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=9, mtime=0) as out:
        for row in rows:
            out.write(("\t".join(row) + "\n").encode())
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB")


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    source, target = Path(sys.argv[1]), Path(__file__).resolve().parent
    base = np.load(source / "base.npy", mmap_mode="r")
    queries = np.load(source / "query.npy", mmap_mode="r")
    nearest = np.load(source / "gt.npy")
    with gzip.open(source / "packages.tsv.gz", "rt", encoding="utf-8") as lines:
        packages = [line.rstrip("\n").split("\t") for line in lines]
    with open(source / "queries.tsv", encoding="utf-8") as lines:
        questions = [line.rstrip("\n").split("\t")[1] for line in lines]

    # One draw orders the rows too: an index should not profit from packages of one source following each other.
    rows = np.random.default_rng(SEED + 1).permutation(rows_of_sample(nearest, len(base)))
    write_rows(
        target / "packages.copy.gz",
        (
            [str(row), *(field(packages[row][column]) for column in (1, 2, 5)), vector_text(base[row])]
            for row in rows
        ),
    )
    write_rows(
        target / "queries.copy.gz",
        ([str(number), field(questions[number]), vector_text(queries[number])] for number in range(QUERIES)),
    )


if __name__ == "__main__":
    main()
