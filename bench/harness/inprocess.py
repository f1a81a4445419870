"""Graph libraries inside this process, without a database: what the algorithm costs when nothing else is paid for.

They answer all queries in one call, so no call from Python is in the measure, and single latencies are not known.
"""
from __future__ import annotations

import dataclasses
import importlib
import os
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path
from typing import Sequence

import numpy

from .dataset import Dataset
from .install import say
from .systems import EF_SEARCH

REQUIREMENTS = Path(__file__).resolve().parents[1] / "requirements-inprocess.txt"


class Library:
    """A library's HNSW with the parameters that the extensions get. Vectors are float32; for cosine, normalized."""

    name: str
    package: str  # what pip calls it
    module: str
    sweep = "ef"
    values: Sequence[int] = EF_SEARCH

    def __init__(self, data: Dataset, k: int, m: int, ef_construction: int) -> None:
        try:
            self.library = importlib.import_module(self.module)
        except ImportError:
            say(f"installing {self.package}")
            subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r",
                            str(REQUIREMENTS)], check=True)
            importlib.invalidate_caches()
            self.library = importlib.import_module(self.module)
        self.data, self.k, self.m, self.ef_construction = data, k, m, ef_construction
        self.base, self.query = (self._prepare(vectors) for vectors in (data.base, data.query))

    def _prepare(self, vectors: numpy.ndarray) -> numpy.ndarray:
        rows = numpy.ascontiguousarray(vectors, dtype=numpy.float32)
        return rows / numpy.linalg.norm(rows, axis=1, keepdims=True) if self.data.metric == "cosine" else rows

    def record(self) -> dict:
        return {"name": self.name, "extension": self.name, "version": metadata.version(self.package), "method": "hnsw",
                "sweep": self.sweep, "settings": {}, "load_seconds": None, "table_bytes": None,
                "builds": [], "points": [], "inserts": []}

    def build(self, threads: int) -> dict:
        start = time.monotonic()
        self._build(threads)
        seconds = time.monotonic() - start
        with tempfile.TemporaryDirectory(prefix="vectorx-bench-") as folder:
            self._save(f"{folder}/index")
            size = os.path.getsize(f"{folder}/index")
        return {"statement": f"m = {self.m}, ef_construction = {self.ef_construction}", "seconds": seconds,
                "workers": threads - 1, "peak_bytes": None, "index_bytes": size, "notices": []}

    def answer(self, value: int) -> dict:
        results = [[int(row) for row in line if row >= 0] for line in self._search(value, 1)]
        return {"value": value, "plan": "none", **dataclasses.asdict(self.data.judge(results, self.k)), "runs": []}

    def throughput(self, value: int, threads: int, seconds: float, number: int) -> dict:
        """All queries, again and again until `seconds` have passed."""
        done = 0
        start = time.monotonic()
        while True:
            self._search(value, threads)
            done += len(self.query)
            passed = time.monotonic() - start
            if passed >= seconds:
                return {"round": number, "clients": threads, "qps": done / passed, "transactions": done}

    def _build(self, threads: int) -> None:
        raise NotImplementedError

    def _save(self, path: str) -> None:
        raise NotImplementedError

    def _search(self, value: int, threads: int) -> numpy.ndarray:
        """Row numbers, queries x k; -1 where fewer were found."""
        raise NotImplementedError


class Hnswlib(Library):
    name = package = module = "hnswlib"

    def _build(self, threads: int) -> None:
        space = {"cosine": "ip", "ip": "ip", "l2": "l2"}[self.data.metric]
        self.index = self.library.Index(space=space, dim=self.data.dims)
        self.index.init_index(max_elements=len(self.base), M=self.m, ef_construction=self.ef_construction)
        self.index.add_items(self.base, num_threads=threads)

    def _save(self, path: str) -> None:
        self.index.save_index(path)

    def _search(self, value: int, threads: int) -> numpy.ndarray:
        self.index.set_ef(max(value, self.k))
        return self.index.knn_query(self.query, k=self.k, num_threads=threads)[0].astype(numpy.int64)


class Faiss(Library):
    name, package, module = "faiss", "faiss-cpu", "faiss"

    def _build(self, threads: int) -> None:
        # Of unit vectors, L2 orders as cosine does.
        metric = self.library.METRIC_INNER_PRODUCT if self.data.metric == "ip" else self.library.METRIC_L2
        self.library.omp_set_num_threads(threads)
        self.index = self.library.IndexHNSWFlat(self.data.dims, self.m, metric)
        self.index.hnsw.efConstruction = self.ef_construction
        self.index.add(self.base)

    def _save(self, path: str) -> None:
        self.library.write_index(self.index, path)

    def _search(self, value: int, threads: int) -> numpy.ndarray:
        self.library.omp_set_num_threads(threads)
        self.index.hnsw.efSearch = value
        return self.index.search(self.query, self.k)[1]


LIBRARIES = {library.name: library for library in (Hnswlib, Faiss)}
