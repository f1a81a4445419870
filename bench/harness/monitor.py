"""Watches a backend while it builds an index: how many parallel workers it really has, and how much memory."""
from __future__ import annotations

import os
import re
import threading
from typing import Callable, Optional

import psycopg

INTERVAL = 0.05  # seconds


def private_bytes(pid: int) -> int:
    """Anonymous memory of a process; 0 where /proc does not tell."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
            match = re.search(r"^RssAnon:\s+(\d+) kB", status.read(), re.MULTILINE)
            return int(match.group(1)) * 1024 if match else 0
    except OSError:
        return 0


def shared_segments(pid: int) -> dict:
    """Bytes in use of each dynamic shared memory segment that the process has mapped (not shared_buffers)."""
    sizes = {}
    try:
        with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as maps:
            for name in set(re.findall(r"(/dev/shm/PostgreSQL\.\S+)", maps.read())):
                try:
                    sizes[name] = os.stat(name).st_blocks * 512
                except OSError:
                    pass
    except OSError:
        pass
    return sizes


class BuildMonitor:
    """Samples in a thread between entry and exit. Afterwards: `workers` and `peak_bytes`, the highest seen."""

    def __init__(self, connect: Callable[[], psycopg.Connection], pid: int) -> None:
        self.workers = 0
        self.peak_bytes = 0
        self._connect = connect
        self._pid = pid
        self._done = threading.Event()
        self._error: Optional[BaseException] = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            with self._connect() as connection:
                while not self._done.wait(INTERVAL):
                    rows = connection.execute(
                        "SELECT pid FROM pg_stat_activity WHERE leader_pid = %s", (self._pid,)).fetchall()
                    workers = {row[0] for row in rows} - {self._pid}
                    segments: dict = {}
                    for pid in (self._pid, *workers):
                        segments.update(shared_segments(pid))
                    used = sum(private_bytes(pid) for pid in (self._pid, *workers)) + sum(segments.values())
                    self.workers = max(self.workers, len(workers))
                    self.peak_bytes = max(self.peak_bytes, used)
        except psycopg.Error as error:
            self._error = error

    def __enter__(self) -> "BuildMonitor":
        self._thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._done.set()
        self._thread.join()
        if self._error is not None and kind is None:
            raise self._error
