"""What the benchmarks of indexes do before and after they measure."""
from __future__ import annotations

import argparse
import datetime
import json
import signal
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterator, Optional, Sequence

import psycopg

from . import install, machine
from .dataset import Dataset
from .options import ROOT, SAMPLE, WORK, server_settings
from .server import Server
from .systems import System


def read_vectors(folder: Path, metric: str, rows: Optional[int] = None) -> Dataset:
    read = Dataset.from_sample if folder.resolve() == SAMPLE else Dataset.from_directory
    return read(folder, metric, rows)


def now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")


@contextmanager
def serve(options: argparse.Namespace, systems: Sequence[System], result: dict) -> Iterator[Server]:
    """Installs the systems and runs a server for them. `result` is told when, where and on what that was."""
    if not options.no_install:
        for peer in dict.fromkeys(system.peer for system in systems):
            install.install(peer, ROOT, options.peers, WORK, options.pg_config)
    settings = server_settings(options, systems)
    result["started"] = now()
    with Server(options.pg_config, WORK, settings, options.server_user) as server:
        with server.connect() as connection:
            version = connection.execute("SELECT version()").fetchone()[0]
        yield server
    result.update(finished=now(), commit=machine.commit(ROOT), machine=machine.describe(), versions=machine.versions(),
                  server={"version": version, "settings": settings})


def read_result(path: Path, format_number: int) -> dict:
    result = json.loads(path.read_text(encoding="utf-8"))
    if result.get("format") != format_number:
        raise ValueError(f"{path} is not a result of format {format_number}")
    return result


def write_result(result: dict, out: Path, name: str, markdown: str) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    (out / f"{name}.md").write_text(markdown, encoding="utf-8")


def guarded(work: Callable[[], None]) -> int:
    """The exit status of a program that does `work`."""
    # Leave through the server's __exit__ when asked to stop.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        work()
    except (ValueError, RuntimeError, OSError, psycopg.Error) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0
