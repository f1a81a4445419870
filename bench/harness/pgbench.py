"""Runs pgbench and reads what it measured."""
from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Iterable, Mapping, Optional

from .curve import percentile

if TYPE_CHECKING:  # unit tests of parse() need no psycopg
    from .server import Server


@dataclass(frozen=True)
class Run:
    qps: float
    transactions: int
    p50_ms: float
    p95_ms: float
    p99_ms: float


def latencies(lines: Iterable[str]) -> list[int]:
    """Microseconds of each transaction, sorted, from pgbench's log: client transaction time script epoch us."""
    return sorted(int(line.split(maxsplit=3)[2]) for line in lines)


def parse(output: str, log: Iterable[str]) -> Run:
    """Reads pgbench's report and its per-transaction log. Raises ValueError if a transaction failed or none ran."""
    def number(pattern: str) -> str:
        match = re.search(pattern, output)
        if match is None:
            raise ValueError(f"pgbench did not report {pattern}:\n{output}")
        return match.group(1)

    if int(number(r"number of failed transactions: (\d+)")) != 0:
        raise ValueError(f"transactions failed:\n{output}")
    times = latencies(log)
    if not times:
        raise ValueError(f"no transaction finished:\n{output}")
    return Run(
        qps=float(number(r"tps = ([0-9.]+) \(without initial connection time\)")),
        transactions=int(number(r"number of transactions actually processed: (\d+)")),
        **{f"p{p}_ms": percentile(times, p) / 1000 for p in (50, 95, 99)},
    )


def run(server: Server, database: str, script: str, clients: int, seed: int, options: Mapping[str, str],
        seconds: Optional[float] = None, transactions: Optional[int] = None) -> Run:
    """Runs `script` with prepared statements, for `seconds` or for `transactions` of each client.

    Equal seeds give equal sequences of random queries, so every system answers the same ones.
    """
    limit = ["-t", str(transactions)] if transactions is not None else ["-T", str(max(1, round(seconds or 1)))]
    with tempfile.TemporaryDirectory(prefix="vectorx-bench-") as folder:
        file = Path(folder) / "script.sql"
        file.write_text(script, encoding="utf-8")
        done = subprocess.run(
            [str(server.bin / "pgbench"), "-n", "-M", "prepared", "-c", str(clients), "-j", str(clients), *limit,
             "-f", str(file), f"--random-seed={seed}", "--log", f"--log-prefix={folder}/log", database],
            env=server.environment(options), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"pgbench: {done.stdout}")
        lines: list[str] = []
        for part in Path(folder).glob("log.*"):
            lines += part.read_text(encoding="ascii").splitlines()
    return parse(done.stdout, lines)
