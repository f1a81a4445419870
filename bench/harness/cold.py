"""Queries against an index four times larger than the memory: how many pages they read, and how long they take.

shared_buffers is all the memory that there is for pages: the operating system forgets the files of the table and the
index before each query, so what shared_buffers does not hold comes from the disk.
"""
from __future__ import annotations

import dataclasses
import os
import re
import time
from pathlib import Path
from typing import Iterable, Optional, Sequence

import psycopg

from . import measure as measurement
from . import pages
from .curve import percentile
from .dataset import Dataset
from .server import Server
from .systems import INDEX, Shape, System

SHARE = 4  # the index is so many times larger than shared_buffers
MINIMUM = 2**20
PAGE = 8192
DROP_CACHES = Path("/proc/sys/vm/drop_caches")

FILES = """
SELECT pg_relation_filepath(f.relation)
  FROM pg_class t, LATERAL (VALUES (%s::regclass), (t.oid), (t.reltoastrelid)) AS f (relation)
 WHERE t.oid = 'base'::regclass AND f.relation <> 0
UNION ALL
SELECT pg_relation_filepath(i.indexrelid)
  FROM pg_index i JOIN pg_class t ON i.indrelid = t.reltoastrelid WHERE t.oid = 'base'::regclass"""


def buffers(index_bytes: int) -> int:
    """The shared_buffers, in bytes, that an index is four times larger than."""
    return max(MINIMUM, index_bytes // SHARE // PAGE * PAGE)


def memories(record: dict, reference: Optional[dict]) -> dict:
    """By size of shared_buffers what a run with it says: "own", a quarter of the system's own index; "same", a
    quarter of the reference's, equal for all."""
    sizes: dict[int, list[str]] = {}
    for reading, of in (("own", record), ("same", reference)):
        if of is not None:
            sizes.setdefault(buffers(of["builds"][-1]["index_bytes"]), []).append(reading)
    return sizes


def split(queries: int, wanted: int) -> tuple[range, range]:
    """The queries that are measured, and others that fill shared_buffers before."""
    asked = min(wanted, queries // 2)
    if asked == 0:
        raise ValueError(f"{queries} queries, of which some are to be asked before the others")
    return range(asked), range(asked, 2 * asked)


def segments(path: Path) -> list[Path]:
    """The files of a relation whose first one is `path`."""
    return [file for file in sorted(path.parent.glob(path.name + "*"))
            if re.fullmatch(re.escape(path.name) + r"(\.[0-9]+)?", file.name)]


class Files:
    """Files that the operating system is to forget."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self.descriptors = [os.open(path, os.O_RDONLY) for path in paths]

    def __enter__(self) -> "Files":
        return self

    def __exit__(self, *_: object) -> None:
        for descriptor in self.descriptors:
            os.close(descriptor)

    def write(self) -> None:
        """Only what the disk holds as well can be forgotten."""
        for descriptor in self.descriptors:
            os.fsync(descriptor)

    def forget(self) -> None:
        for descriptor in self.descriptors:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def drop_caches() -> Optional[str]:
    """Drops what the operating system holds of all files; why not, where that is not allowed."""
    try:
        DROP_CACHES.write_text("1\n", encoding="ascii")
    except OSError as error:
        return f"{DROP_CACHES}: {error.strerror}"
    return None


def disk_bytes(pid: int) -> Optional[int]:
    """What a process had to read from the disk; None where /proc does not tell."""
    try:
        match = re.search(r"^read_bytes: (\d+)$", Path(f"/proc/{pid}/io").read_text(encoding="ascii"), re.MULTILINE)
    except OSError:
        return None
    return int(match.group(1)) if match else None


def _check_plan(connection: psycopg.Connection, sql: str, parameters: dict) -> None:
    plan = connection.execute("EXPLAIN (FORMAT JSON) " + sql, parameters).fetchone()[0][0]["Plan"]
    if not measurement.scans_index(plan):
        raise RuntimeError(f"the planner does not use {INDEX}: {plan}")


def _ask(server: Server, system: System, shape: Shape, value: int, data: Dataset, queries: range, files: Files) -> dict:
    """Asks the queries one by one in a session of their own."""
    sql = system.query(shape, value, f"%(v)s::{system.column_type}({shape.dims})")
    settings = {**measurement.session_settings(system, shape, value), "plan_cache_mode": "force_generic_plan"}
    vectors = ["[" + ",".join(map(repr, data.query[q].astype(float).tolist())) + "]" for q in queries]
    with server.connect(system.database, settings) as connection:
        pid = connection.info.backend_pid
        _check_plan(connection, sql, {"v": vectors[0]})
        results, times = [], []
        before = disk_bytes(pid)
        for vector in vectors:
            files.forget()
            start = time.perf_counter()
            rows = connection.execute(sql, {"v": vector}, prepare=True).fetchall()
            times.append((time.perf_counter() - start) * 1000)
            results.append([row[0] for row in rows])
        after = disk_bytes(pid)
    read = None if before is None or after is None else (after - before) / len(vectors)
    return {"results": results, "times": sorted(times), "disk_bytes": read}


def _point(server: Server, system: System, shape: Shape, value: int, data: Dataset, wanted: int, files: Files) -> dict:
    asked, others = split(len(data.query), wanted)
    _ask(server, system, shape, value, data, others, files)
    before = pages.counts(server, system)
    done = _ask(server, system, shape, value, data, asked, files)
    after = pages.counts(server, system)
    return {
        "value": value,
        **dataclasses.asdict(data.part(asked).judge(done["results"], shape.k)),
        **pages.per_query(before, after, len(asked)),
        "disk_bytes": done["disk_bytes"],
        **{f"p{p}_ms": percentile(done["times"], p) for p in (50, 95, 99)},
    }


def measure(server: Server, system: System, shape: Shape, data: Dataset, values: Sequence[int], size: int,
            wanted: int) -> dict:
    """Starts the server with `size` bytes of shared_buffers; one client asks at each value of the swept setting."""
    with server.connect(system.database) as connection:
        paths = [path for (first,) in connection.execute(FILES, (INDEX,)) for path in segments(server.data / first)]
    server.stop()
    with Files(paths) as files:
        files.write()
        refusal = drop_caches()
        server.start({"shared_buffers": f"{size // 1024}kB"})
        # The largest value reads most, so shared_buffers is full before anything is counted.
        _ask(server, system, shape, max(values), data, split(len(data.query), wanted)[1], files)
        return {"shared_buffers": size, "not_dropped": refusal,
                "points": [_point(server, system, shape, value, data, wanted, files) for value in values]}
