"""The result of the type benchmark as a table in Markdown, and the judgement of --check. Plain Python."""
from __future__ import annotations

import re
from typing import Iterator, Optional

from .curve import median
from .summary import Spread

SUBJECT = "vectorx"
LONG = 1_536  # dimensions
INPUT, OUTPUT = "input function", "output function"


def measure_of(result: dict) -> str:
    """"cpu" if every run has it, else "wall"."""
    runs = (run for case in result["cases"] for systems in case["runs"].values() for runs in systems.values()
            for run in runs)
    return "cpu" if all("cpu" in run for run in runs) else "wall"


def is_control(case: dict, what: str) -> bool:
    """Whether PostgreSQL's own code does the work in both systems, so that the ratio shows nothing but noise."""
    return what.startswith("COPY") and not case["own_io"]


def limit(case: dict, what: str, tolerance: float) -> Optional[float]:
    """The highest ratio that passes; None for a control. Loading long vectors as text is what users wait for most."""
    if is_control(case, what):
        return None
    vector = re.match(r"vector\((\d+)\)", case["type"])
    if vector and int(vector[1]) >= LONG and what == INPUT:
        return 1 / 3
    return 1 + tolerance


def rows(result: dict) -> Iterator[tuple[dict, str, float, float, Spread]]:
    """Case, what was measured, the median seconds of reference and subject, and the ratio subject ÷ reference, formed
    within each round."""
    measure = measure_of(result)
    for case in result["cases"]:
        for what, systems in case["runs"].items():
            theirs = [run[measure] for run in systems[result["reference"]]]
            ours = [run[measure] for run in systems[SUBJECT]]
            yield case, what, median(theirs), median(ours), Spread.of(a / b for a, b in zip(ours, theirs))


def slower(result: dict, tolerance: float) -> list[str]:
    """What takes the subject longer than it may."""
    found = []
    for case, what, _, _, ratio in rows(result):
        allowed = limit(case, what, tolerance)
        if allowed is not None and ratio.middle > allowed:
            found.append(f"{case['type']} {what}: {ratio.text(2, '×')}, allowed {allowed:.2f}×")
    return found


def table(result: dict) -> str:
    lines = [f"| type | rows | work | {result['reference']} ms | {SUBJECT} ms | {SUBJECT} ÷ {result['reference']} |",
             "|---|---|---|---|---|---|"]
    for case, what, theirs, ours, ratio in rows(result):
        name = f"`ORDER BY v {what} …`" if what in case["operators"] else what
        note = " (control)" if is_control(case, what) else ""
        lines.append(f"| {case['type']} | {case['rows']:,} | {name}{note} | {theirs * 1e3:,.1f} | {ours * 1e3:,.1f} "
                     f"| {ratio.text(2, '×')} |")
    return "\n".join(lines) + "\n"


def markdown(result: dict) -> str:
    hardware, loads = result["machine"], result["load_averages"]
    time = ("CPU time of the server process" if measure_of(result) == "cpu" else "wall time")
    lines = [
        "# Benchmark: column types\n",
        f"- Machine: {hardware['cpu']}, {hardware['cores']} cores, {hardware['system']}; "
        f"{' '.join(hardware['flags'])}; vectorx.simd = {result['simd']}.",
        f"- {result['server']['version']}; "
        + ", ".join(f"{name} {version}" for name, version in result["systems"].items())
        + f"; vectorx checkout {result['commit'] or 'outside of git'}.",
        f"- {result['started']}: {result['rounds']} interleaved rounds, load average {min(loads):.1f}–{max(loads):.1f}.",
        f"- Times are {time}, median over the rounds; the ratio, formed within each round, is the median "
        "(lowest–highest); below 1, vectorx is faster.",
        f"- COPY FROM and TO: files in the page cache and /dev/null, unlogged tables. ORDER BY: {result['queries']} "
        f"queries, sequential scan, LIMIT {result['neighbours']}. Control: PostgreSQL's own code in both. Input and output "
        "function: casts from and to text, with nothing else to do.",
        "",
        table(result),
    ]
    return "\n".join(lines)
