"""The result file as figures, each as SVG and PNG."""
from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as pyplot  # noqa: E402  (the backend is chosen first)
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter  # noqa: E402

from . import growth_report
from .curve import median
from .summary import build_seconds, of_clients, spread

# Told apart by readers who do not see all colours: Okabe and Ito's palette, and a marker each.
COLORS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = "osD^vPX"
LOWEST_RECALL = 0.8

# Without these the same numbers would give another file each time.
STYLE = {"svg.hashsalt": "vectorx", "svg.fonttype": "none", "font.size": 10, "figure.dpi": 100}


def _save(figure, folder: Path, name: str) -> list[Path]:
    paths = []
    for kind, metadata in (("svg", {"Date": None}), ("png", {"Software": None})):
        path = folder / f"{name}.{kind}"
        figure.savefig(path, metadata=metadata, bbox_inches="tight", dpi=150)
        paths.append(path)
    pyplot.close(figure)
    return paths


def _title(result: dict) -> str:
    data = result["dataset"]
    return f"{data['name']}: {data['rows']:,} × {data['dims']:,}, {data['metric']}"


def recall_qps(result: dict, clients: int, folder: Path) -> list[Path]:
    """QPS over recall; bars span the rounds."""
    figure, axes = pyplot.subplots(figsize=(7, 4.6))
    lowest = 1.0
    for number, system in enumerate(result["systems"]):
        points = [(p, spread(p["runs"], clients)) for p in system["points"]]
        points = [(p, qps) for p, qps in points if qps is not None and p["recall"] >= LOWEST_RECALL]
        if not points:
            continue
        lowest = min(lowest, *(p["recall"] for p, _ in points))
        color, marker = COLORS[number % len(COLORS)], MARKERS[number % len(MARKERS)]
        axes.errorbar([p["recall"] for p, _ in points], [qps.middle for _, qps in points],
                      yerr=[[qps.middle - qps.low for _, qps in points], [qps.high - qps.middle for _, qps in points]],
                      color=color, marker=marker, markersize=5, linewidth=1.6, elinewidth=0.8, capsize=2,
                      label=f"{system['name']} ({system['sweep']})")
        for point, qps in points:
            axes.annotate(str(point["value"]), (point["recall"], qps.middle), textcoords="offset points",
                          xytext=(5, 5), fontsize=8, color=color)
    floor = of_clients(result["floor"], clients)
    if floor:
        axes.axhline(median(run["qps"] for run in floor), color="#666666", linestyle="--", linewidth=1,
                     label="executor floor, no vector work")
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlim(max(LOWEST_RECALL, lowest - 0.01), 1.003)
    axes.set_xlabel(f"recall@{result['settings']['k']} (ties count)")
    axes.set_ylabel("queries per second")
    axes.set_title(f"{_title(result)}; {clients} client{'s' if clients > 1 else ''}")
    axes.grid(True, which="major", alpha=0.3)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2, fontsize=9, frameon=False)
    return _save(figure, folder, f"recall-qps-{clients}")


def build_size(result: dict, folder: Path) -> list[Path]:
    """Bars of build time and index size."""
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(8, 0.5 * len(result["systems"]) + 1.6), sharey=True)
    systems = result["systems"]
    names = [system["name"] for system in systems]
    colors = [COLORS[number % len(COLORS)] for number in range(len(systems))]
    for axes, values, label, text in (
        (left, [build_seconds(s).middle for s in systems], "build time, s", "{:,.1f}"),
        (right, [s["builds"][-1]["index_bytes"] / 1e6 for s in systems], "index size, MB", "{:,.0f}"),
    ):
        bars = axes.barh(names, values, color=colors)
        axes.bar_label(bars, [text.format(value) for value in values], padding=3, fontsize=9)
        axes.set_xlabel(label)
        axes.margins(x=0.18)
        axes.grid(True, axis="x", alpha=0.3)
        axes.set_axisbelow(True)
    left.invert_yaxis()
    figure.suptitle(_title(result))
    figure.tight_layout()
    return _save(figure, folder, "build-size")


def draw(result: dict, folder: Path) -> list[Path]:
    with matplotlib.rc_context(STYLE):
        paths = build_size(result, folder)
        for clients in result["settings"]["clients"]:
            paths += recall_qps(result, clients, folder)
    return paths


def draw_growth(result: dict, folder: Path) -> list[Path]:
    """Each cost over the rows, both logarithmic; the fitted powers as lines."""
    with matplotlib.rc_context(STYLE):
        figure, panels = pyplot.subplots(1, len(growth_report.COSTS), figsize=(4 * len(growth_report.COSTS), 3.8))
        for axes, what in zip(panels, growth_report.COSTS):
            for number, name in enumerate(growth_report.names(result)):
                color, marker = COLORS[number % len(COLORS)], MARKERS[number % len(MARKERS)]
                points = [point for point in growth_report.costs(result, name, what) if point[1] is not None]
                law = growth_report.exponent(result, name, what)
                axes.plot([rows for rows, _ in points], [cost for _, cost in points], linestyle="", marker=marker,
                          color=color, label=name + ("" if law is None else f", exponent {law.exponent:.2f}"))
                if law is not None:
                    axes.plot([rows for rows, _ in points], [law.at(rows) for rows, _ in points], color=color,
                              linewidth=1.2)
            axes.set_xscale("log")
            axes.set_yscale("log")
            axes.set_xlabel("rows")
            axes.set_ylabel(what)
            axes.grid(True, which="major", alpha=0.3)
            axes.legend(fontsize=8, frameon=False)
        figure.suptitle(f"{result['dataset']['name']} × {result['dataset']['dims']:,}, queries at recall "
                        f"{result['settings']['recall']:g}")
        figure.tight_layout()
        return _save(figure, folder, "growth")
