"""The result file as tables in Markdown."""
from __future__ import annotations

from typing import Optional

from . import cold_report
from .curve import median
from .summary import RECALLS, Spread, build_seconds, ratio, reference, speed, spread
from .text import NOT_MEASURED, table

def _text(value: Optional[Spread], digits: int = 0, suffix: str = "") -> str:
    return NOT_MEASURED if value is None else value.text(digits, suffix)


def _megabytes(size: Optional[float]) -> str:
    return NOT_MEASURED if size is None else f"{size / 1e6:,.1f}"


def _conditions(result: dict) -> str:
    data, machine, settings = result["dataset"], result["machine"], result["settings"]
    loads = [entry["load"] for entry in result["rounds"]]
    lines = [
        f"- Data: `{data['name']}`, {data['rows']:,} rows × {data['dims']:,}, {data['queries']:,} queries, "
        f"{data['metric']}, {settings['k']} neighbours.",
        f"- Machine: {machine['cpu']}, {machine['cores']} cores, {machine['memory_bytes'] / 2**30:.0f} GiB, "
        f"{machine['system']}; {' '.join(machine['flags'])}.",
        f"- {result['server']['version']}; "
        + ", ".join(f"{s['extension']} {s['version']}" for s in
                    {s["extension"]: s for s in result["systems"]}.values())
        + f"; vectorx checkout {result['commit'] or 'outside of git'}.",
        f"- {result['started']}: {len(loads)} interleaved rounds of {settings['seconds']} s a point"
        + (f", load average {min(loads):.1f}–{max(loads):.1f}." if loads else "."),
        "- A figure is the median over the rounds (lowest–highest).",
    ]
    return "\n".join(lines) + "\n"


def _builds(result: dict) -> str:
    against = reference(result)
    rows = []
    for system in result["systems"]:
        last = system["builds"][-1]
        times = build_seconds(system)
        peaks = [build["peak_bytes"] for build in system["builds"] if build["peak_bytes"] is not None]
        row = [system["name"], _text(times, 2), str(last["workers"]), _megabytes(last["index_bytes"]),
               _megabytes(max(peaks, default=None)), _megabytes(system["table_bytes"])]
        if against is not None:
            theirs = build_seconds(against)
            row += [f"{theirs.middle / times.middle:.2f}×",
                    f"{last['index_bytes'] / against['builds'][-1]['index_bytes']:.2f}×"]
        rows.append(row)
    head = ["system", "build s", "workers", "index MB", "build memory MB", "table MB"]
    if against is not None:
        head += ["build speed-up", "index size"]
    return table(head, rows)


def _equal_recall(result: dict, clients: int) -> str:
    against = reference(result)
    rows = [[system["name"], *(_text(speed(result, system, clients, recall)) for recall in RECALLS)]
            for system in result["systems"]]
    if against is not None:
        rows += [[f"**{system['name']} ÷ {against['name']}**",
                  *(_text(ratio(result, system, against, clients, recall), 2, "×") for recall in RECALLS)]
                 for system in result["systems"] if system is not against]
    return table(["QPS at recall", *(f"{recall:g}" for recall in RECALLS)], rows)


def _points(result: dict, clients: int) -> str:
    rows = []
    for system in result["systems"]:
        for point in system["points"]:
            faults = ", ".join(f"{point[what]} {what}" for what in ("unsorted", "short", "repeated") if point[what])
            rows.append([system["name"], f"{system['sweep']} {point['value']}", f"{point['recall']:.4f}",
                         _text(spread(point["runs"], clients)),
                         *(_text(spread(point["runs"], clients, f"p{p}_ms"), 2) for p in (50, 95, 99)),
                         faults or "none"])
    if result["floor"]:
        rows.append(["executor floor", "", "", _text(spread(result["floor"], clients)),
                     *(_text(spread(result["floor"], clients, f"p{p}_ms"), 2) for p in (50, 95, 99)), ""])
    return table(["system", "setting", "recall", "QPS", "p50 ms", "p95 ms", "p99 ms", "faulty queries"], rows)


def _inserts(result: dict) -> str:
    against = reference(result)
    rows = []
    for system in result["systems"]:
        for clients in sorted({run["clients"] for run in system["inserts"]}):
            rate = spread(system["inserts"], clients)
            row = [system["name"], str(clients), _text(rate), _text(spread(system["inserts"], clients, "p99_ms"), 2)]
            theirs = spread(against["inserts"], clients) if against is not None else None
            row.append(f"{rate.middle / theirs.middle:.2f}×" if theirs is not None else NOT_MEASURED)
            rows.append(row)
    return table(["system", "clients", "inserts/s", "p99 ms", "speed-up"], rows)


def markdown(result: dict) -> str:
    parts = [f"# Benchmark: {result['dataset']['name']}\n", _conditions(result),
             "## Build\n", _builds(result)]
    notices = sorted({f"{s['name']}: {notice}" for s in result["systems"] for b in s["builds"]
                      for notice in b["notices"]})
    if notices:
        parts.append("\n".join(f"- {notice}" for notice in notices) + "\n")
    for clients in result["settings"]["clients"]:
        plural = "client" if clients == 1 else "clients"
        parts += [f"## At equal recall, {clients} {plural}\n", _equal_recall(result, clients),
                  f"## Every point, {clients} {plural}\n", _points(result, clients)]
    if any(system["inserts"] for system in result["systems"]):
        parts += ["## Single-row inserts\n", _inserts(result)]
    parts += cold_report.markdown(result)
    custom = sorted({s["name"] for s in result["systems"] for p in s["points"] if p["plan"] == "custom"})
    if custom:
        parts.append(f"PostgreSQL planned each query anew (custom plan) for {', '.join(custom)}; "
                     "their QPS includes planning.\n")
    return "\n".join(parts)


def summary(result: dict) -> str:
    """What the terminal shows at the end."""
    lines = [_builds(result)]
    lines += [f"{clients} client(s)\n" + _equal_recall(result, clients) for clients in result["settings"]["clients"]]
    if result["floor"]:
        lines.append("Executor floor: " + ", ".join(
            f"{median(r['qps'] for r in result['floor'] if r['clients'] == c):,.0f} QPS with {c} client(s)"
            for c in result["settings"]["clients"]) + "\n")
    return "\n".join(lines + cold_report.summary(result))
