"""The pages that queries read, as tables in Markdown. Plain Python."""
from __future__ import annotations

from typing import Callable, Optional

from .curve import qps_at
from .summary import RECALLS, reference, resolution
from .text import NOT_MEASURED, table

READINGS = {
    "own": "shared_buffers: a quarter of the system's own index",
    "same": "shared_buffers: a quarter of the index of {against}, the same for all",
}

# What is compared at equal recall: name and its value at a point.
COSTS: dict[str, Callable[[dict], float]] = {
    "index pages read": lambda point: point["index_read"],
    "index and table pages read": lambda point: point["index_read"] + point["table_read"],
    "p50 ms": lambda point: point["p50_ms"],
}


def run_of(system: dict, reading: str) -> Optional[dict]:
    return next((run for run in system.get("cold", ()) if reading in run["readings"]), None)


def cost_at(points: list[dict], cost: Callable[[dict], float], recall: float, step: float) -> Optional[float]:
    """The cost of a query at `recall`, read off as QPS is: cost is to speed what 1 is to the number of queries."""
    # Less than half a page in all queries together cannot be told from none.
    speeds = [(point["recall"], 1 / max(cost(point), 0.5 / point["queries"])) for point in points]
    speed = qps_at(speeds, recall, step)
    return None if speed is None else 1 / speed


def _equal_recall(result: dict, reading: str, name: str) -> str:
    cost, against = COSTS[name], reference(result)
    costs = {}
    for system in result["systems"]:
        run = run_of(system, reading)
        if run is not None:
            step = resolution(result) * result["dataset"]["queries"] / run["points"][0]["queries"]
            costs[system["name"]] = [cost_at(run["points"], cost, recall, step) for recall in RECALLS]
    rows = [[system, *(NOT_MEASURED if value is None else f"{value:,.2f}" for value in values)]
            for system, values in costs.items()]
    if against is not None and against["name"] in costs:
        theirs = costs[against["name"]]
        rows += [[f"**{system} ÷ {against['name']}**",
                  *(NOT_MEASURED if a is None or b is None else f"{a / b:.3f}×" for a, b in zip(values, theirs))]
                 for system, values in costs.items() if system != against["name"]]
    return table([f"{name} at recall", *(f"{recall:g}" for recall in RECALLS)], rows)


def _points(result: dict, reading: str) -> str:
    rows = []
    for system in result["systems"]:
        run = run_of(system, reading)
        for point in run["points"] if run is not None else ():
            disk = point["disk_bytes"]
            rows.append([system["name"], f"{run['shared_buffers'] / 1e6:,.1f}", f"{system['sweep']} {point['value']}",
                         f"{point['recall']:.4f}",
                         *(f"{point[name]:,.1f}" for name in ("index_read", "index_hit", "table_read", "table_hit")),
                         NOT_MEASURED if disk is None else f"{disk / 1000:,.0f}",
                         *(f"{point[f'p{p}_ms']:.2f}" for p in (50, 95, 99))])
    return table(["system", "shared_buffers MB", "setting", "recall", "index pages read", "found", "table pages read",
                  "found", "disk kB", "p50 ms", "p95 ms", "p99 ms"], rows)


def _caches(result: dict) -> str:
    runs = [run for system in result["systems"] for run in system.get("cold", ())]
    refusals = sorted({run["not_dropped"] for run in runs if run["not_dropped"] is not None})
    return (f"{runs[0]['points'][0]['queries']:,} queries at each point by one client, after as many others. "
            + ("The operating system's cache was dropped at the start"
               if not refusals else f"The operating system's cache was not dropped at the start ({refusals[0]})")
            + "; before each query it was told to forget the files of table and index.\n")


def markdown(result: dict) -> list[str]:
    """Nothing where nothing was measured."""
    if not any(system.get("cold") for system in result["systems"]):
        return []
    parts = ["## Larger than memory\n", _caches(result)]
    for reading, title in READINGS.items():
        if any(run_of(system, reading) for system in result["systems"]):
            parts.append(f"### {title.format(against=result['settings']['against'])}\n")
            parts += [_equal_recall(result, reading, name) for name in COSTS]
            parts.append(_points(result, reading))
    return parts


def summary(result: dict) -> list[str]:
    return [f"Larger than memory, {title.format(against=result['settings']['against'])}\n"
            + _equal_recall(result, reading, "index and table pages read")
            for reading, title in READINGS.items() if any(run_of(system, reading) for system in result["systems"])]
