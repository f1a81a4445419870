"""The result of bench/grow as figures, and as tables in Markdown. Plain Python."""
from __future__ import annotations

from typing import Callable, Optional

from . import cold_report, power, summary
from .text import NOT_MEASURED, table


def _at_size(result: dict, size: dict) -> dict:
    """One size in the form of a result of bench/run."""
    return {"dataset": result["dataset"], "settings": result["settings"], "systems": size["systems"]}


def query_ms(result: dict, size: dict, system: dict) -> Optional[float]:
    speed = summary.speed(_at_size(result, size), system, 1, result["settings"]["recall"])
    return None if speed is None else 1000 / speed.middle


def index_pages(result: dict, size: dict, system: dict) -> Optional[float]:
    return cold_report.cost_at(system["points"], lambda point: point["index_read"] + point["index_hit"],
                               result["settings"]["recall"], summary.resolution(result))


COSTS: dict[str, Callable[[dict, dict, dict], Optional[float]]] = {
    "build s": lambda result, size, system: summary.build_seconds(system).middle,
    "index MB": lambda result, size, system: system["builds"][-1]["index_bytes"] / 1e6,
    "query ms": query_ms,
    "index pages a query": index_pages,
}
DIGITS = {"query ms": 3, "index pages a query": 0}


def names(result: dict) -> list[str]:
    """The systems, the reference last."""
    found = [system["name"] for system in result["sizes"][0]["systems"]]
    return sorted(found, key=lambda name: (name == result["settings"]["against"], name))


def costs(result: dict, name: str, what: str) -> list[tuple]:
    """(rows, cost or None) of a system at each size."""
    return [(size["rows"], COSTS[what](result, size, next(s for s in size["systems"] if s["name"] == name)))
            for size in result["sizes"]]


def exponent(result: dict, name: str, what: str) -> Optional[power.Power]:
    return power.fit((rows, cost) for rows, cost in costs(result, name, what) if cost is not None)


def _figure(value: Optional[float], digits: int) -> str:
    return NOT_MEASURED if value is None else f"{value:,.{digits}f}"


def _growth(result: dict, what: str) -> str:
    against = result["settings"]["against"]
    theirs = dict(costs(result, against, what)) if against in names(result) else {}
    rows = []
    for name in names(result):
        ours, law = costs(result, name, what), exponent(result, name, what)
        rows.append([name, *(_figure(cost, DIGITS.get(what, 2)) for _, cost in ours),
                     NOT_MEASURED if law is None else
                     f"{law.exponent:.2f}" + ("" if law.error is None else f" ± {law.error:.2f}")])
        if name != against and theirs:
            ratios = [(None if cost is None or theirs[count] is None else cost / theirs[count]) for count, cost in ours]
            rows.append([f"**{name} ÷ {against}**", *(_figure(r, 3) + ("" if r is None else "×") for r in ratios), ""])
    return table([what, *(f"{size['rows']:,} rows" for size in result["sizes"]), "exponent"], rows)


def _points(result: dict) -> str:
    rows = []
    for size in result["sizes"]:
        for system in size["systems"]:
            for point in system["points"]:
                speed = summary.spread(point["runs"], 1)
                rows.append([f"{size['rows']:,}", system["name"], f"{system['sweep']} {point['value']}",
                             f"{point['recall']:.4f}", NOT_MEASURED if speed is None else speed.text()])
    return table(["rows", "system", "setting", "recall", "QPS"], rows)


def _likeness(result: dict) -> str:
    fit = result["generator"]
    rows = []
    for title, key in (("half of the real rows", "half"), ("all, of which half are real", "grown"),
                       ("all, real", "real")):
        like = fit[key]
        rows.append([title, *(" / ".join(f"{q:.3f}" for q in like[what]) for what in ("nearest", "tenth", "query")),
                     f"{like['dimension']:.1f}", f"{like['duplicates']:.3f}"])
    return table(["set", "to the nearest row", "to the tenth", "of a query to its tenth", "intrinsic dimension",
                  "equal rows"], rows)


def markdown(result: dict) -> str:
    data, settings, machine = result["dataset"], result["settings"], result["machine"]
    loads = [entry["load"] for size in result["sizes"] for entry in size["rounds"]]
    parts = [
        f"# Growth: {data['name']}\n",
        f"- Data: rows of `{data['name']}` × {data['dims']:,}, {data['metric']}; {data['rows']:,} are real, "
        f"seed {settings['seed']}; {data['queries']:,} queries, {settings['k']} neighbours, recall "
        f"{settings['recall']:g}.\n"
        f"- Machine: {machine['cpu']}, {machine['cores']} cores, {machine['memory_bytes'] / 2**30:.0f} GiB, "
        f"{machine['system']}.\n"
        f"- {result['server']['version']}; vectorx checkout {result['commit'] or 'outside of git'}.\n"
        f"- {result['started']}: {settings['rounds']} interleaved rounds of {settings['seconds']} s a point, load "
        f"average {min(loads):.1f}–{max(loads):.1f}; 1 client; builds by {settings['workers']} workers.\n"
        "- The exponent is that of the power of the rows, fitted by least squares of the logarithms ± standard error.\n",
        *(_growth(result, what) for what in COSTS), _points(result)]
    if result["generator"] is not None:
        parts += ["## Made rows\n", "Distances by L2: a tenth of the rows / half / nine tenths lie nearer.\n",
                  _likeness(result)]
    return "\n".join(parts)
