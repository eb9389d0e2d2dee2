#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Draws the pictures of docs/images from what run.py, scaling.py and growth_model wrote: each as SVG and as PNG.

    plot.py results.json [--scaling scaling.json] [--model growth_model.jsonl]

A picture whose figures are not there is left out and named. Needs matplotlib as Debian packages it (python3-matplotlib),
hence the system's interpreter in the first line.
"""

import argparse
import json
import pathlib
import statistics
import sys

from cases import good, is_variant
from manners import growth_of

try:
    import matplotlib
except ImportError:
    sys.exit("plot.py needs matplotlib (Debian: python3-matplotlib)")
matplotlib.use("Agg")
matplotlib.rcParams["svg.hashsalt"] = "cmwq"  # the same data, the same file
from matplotlib import pyplot  # noqa: E402  (the backend is to be chosen first)

COLORS = ["#1b6ca8", "#888888", "#c44e52", "#55a868", "#8172b2", "#b8860b", "#64b5cd", "#dd8452"]
MARKERS = "osv^D<>p"
OWN, OTHER, FLOOR = "#1b6ca8", "#b0b0b0", "#dddddd"


def style_of(index):
    return {"color": COLORS[index % len(COLORS)], "marker": MARKERS[index % len(MARKERS)],
            "linestyle": ("-", "--", ":")[index // len(COLORS) % 3], "markersize": 5}


def own_first(names):
    return sorted(names, key=lambda name: (not name.startswith("cmwq"), name))


# ---- bars: one figure, all subjects ------------------------------------------------------------------------------------

def values_of(runs, key, scale):
    return [run[key] / scale for run in good(runs) if "not_within_ns" not in run]


def draw_bars(axes, title, by_row, key="ns", scale=1.0):
    """The medians of the rows from the least to the greatest, with lines from the least run to the greatest."""
    rows = {row: values for row in by_row if not is_variant(row) and (values := values_of(by_row[row], key, scale))}
    names = sorted(rows, key=lambda row: -statistics.median(rows[row]))
    middles = [statistics.median(rows[name]) for name in names]
    errors = [[middle - min(rows[name]) for name, middle in zip(names, middles)],
              [max(rows[name]) - middle for name, middle in zip(names, middles)]]
    colors = [OWN if name.startswith("cmwq") else FLOOR if name.startswith(("floor", "inline")) else OTHER
              for name in names]
    axes.barh(names, middles, color=colors, xerr=errors, error_kw={"elinewidth": 0.8, "ecolor": "#444444"})
    for index, middle in enumerate(middles):
        axes.annotate(f" {middle:.3g}", (max(rows[names[index]]), index), va="center", fontsize=7)
    axes.set_xscale("log")
    axes.set_xlim(right=max(max(values) for values in rows.values()) * 2.5)
    axes.set_title(title, fontsize=9)
    axes.tick_params(labelsize=7)


def draw_panels(every, panels, columns, title):
    """`panels`: (figure, title, key, scale) of each."""
    there = [panel for panel in panels if every.get(panel[0])]
    if not there:
        return None
    rows = (len(there) + columns - 1) // columns
    figure, grid = pyplot.subplots(rows, columns, figsize=(4.2 * columns, 3.1 * rows), layout="constrained",
                                   squeeze=False)
    for axes, (name, text, key, scale) in zip(grid.flat, there):
        draw_bars(axes, text, every[name], key, scale)
    for axes in list(grid.flat)[len(there):]:
        axes.set_visible(False)
    figure.suptitle(title, fontsize=11)
    return figure


def throughput(results):
    return draw_panels(results["runs"], [
        ("P1", "P1: one producer, ns per item", "ns", 1), ("P2-2", "P2: two producers", "ns", 1),
        ("P2-4", "P2: four producers", "ns", 1), ("P3", "P3: closures", "ns", 1),
        ("P4", "P4: task tree from workers", "ns", 1), ("P5-self", "P5: an item that enqueues itself", "ns", 1),
        ("P5-chain", "P5: a fresh item per hop", "ns", 1), ("P8", "P8: ordered queue", "ns", 1),
        ("P1", "P1: CPU time of all threads, ns per item", "cpu_ns", 1)], 3,
        f"Enqueue and run, {results['environment']['cpus']} CPUs: median and spread, ns per item")


def latency(results):
    return draw_panels(results["runs"], [
        ("P6", "P6: idle pool, submit to start, p50, µs", "ns", 1e3), ("P6", "P6: p99, µs", "p99_ns", 1e3),
        ("P7", "P7: round trip, p50, µs", "ns", 1e3), ("P7", "P7: p99, µs", "p99_ns", 1e3)], 2, "Wake-up")


def mix(results):
    return draw_panels(results["runs"], [
        ("P9", "P9: wall time per item, µs (2000 items)", "ns", 1e3), ("P9", "P9: most threads", "threads", 1),
        ("P9-spinners", "beside two computing threads, µs", "ns", 1e3), ("P14", "P14: threads, empty items", "threads", 1)],
        2, "200 µs of CPU, then 2 ms of sleep: nothing annotated")


# ---- lines -------------------------------------------------------------------------------------------------------------

def draw_lines(axes, lines, title, x_text, y_text):
    """`lines`: name -> (x, y) points."""
    for index, name in enumerate(own_first(lines)):
        points = lines[name]
        axes.plot([x for x, _ in points], [y for _, y in points], label=name,
                  linewidth=2.6 if name.startswith("cmwq") else 1.2, **style_of(index))
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_title(title, fontsize=9)
    axes.set_xlabel(x_text, fontsize=8)
    axes.set_ylabel(y_text, fontsize=8)
    axes.tick_params(labelsize=7)
    axes.grid(True, which="major", color="#dddddd", linewidth=0.6)
    axes.legend(fontsize=7)


def growth(results):
    runs = results["runs"]
    panels = [("growth-items", "items in flight"), ("growth-queues", "ordered queues")]
    if not any(runs.get(name) for name, _ in panels):
        return None
    figure, grid = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for axes, (name, text) in zip(grid, panels):
        lines = {row: points for row in runs.get(name, {}) if (points := growth_of(runs[name], row))}
        if lines:
            draw_lines(axes, lines, f"{name}: ns per item", text, "ns per item")
    return figure


def light_points(runs, key, scale):
    by_gap = {}
    for run in good(runs):
        by_gap.setdefault(float(run["column"].split()[0]), []).append(run)
    return [(gap, max(statistics.median(run[key] / scale for run in same), 1e-3)) for gap, same in sorted(by_gap.items())]


def light(results):
    by_row = results["runs"].get("light")
    if not by_row:
        return None
    figure, grid = pyplot.subplots(1, 2, figsize=(10, 4.4), layout="constrained")
    for axes, (key, text) in zip(grid, [("cpu_ns", "CPU time of the pool's threads, µs per item"),
                                        ("submitter_cpu_ns", "CPU time of the submitter, µs per item")]):
        draw_lines(axes, {row: light_points(runs, key, 1e3) for row, runs in by_row.items() if good(runs)}, text,
                   "one item every … ms", "µs")
    return figure


def scaling(results):
    figures = [figure for figure in results["figures"] if results["figures"][figure]]
    figure, grid = pyplot.subplots(2, 3, figsize=(13, 7.5), layout="constrained")
    for axes, name in zip(grid.flat, figures):
        lines = {peer: [(point["cpus"], point["median"]) for point in points]
                 for peer, points in results["figures"][name].items() if points}
        draw_lines(axes, lines, results["titles"][name], "CPUs", results["units"][name])
    return figure


MODEL_FIGURES = ["operations", "transfers", "wakes", "handovers", "fences"]


def growth_model(rows):
    figure, grid = pyplot.subplots(1, 4, figsize=(14, 3.6), layout="constrained")
    for axes, work in zip(grid, dict.fromkeys(row["work"] for row in rows)):
        mine = [row for row in rows if row["work"] == work]
        lines = {name: [(row["cpus"], max(row[name], 1e-3)) for row in mine] for name in MODEL_FIGURES}
        draw_lines(axes, lines, f"model: {work}", "CPUs", "per item")
    return figure


# ---- a new item behind blocked ones ------------------------------------------------------------------------------------

def read_points(runs):
    """points[peer] is a list of (blocked items, median of p50 in microseconds, whether it was in time)."""
    points = {}
    for peer, its_runs in runs.items():
        by_count = {}
        for run in good(its_runs):
            by_count.setdefault(int(run["column"].removeprefix("B=")), []).append(run)
        points[peer] = [point(count, same) for count, same in sorted(by_count.items())]
    return points


def point(count, runs):
    limits = [run["not_within_ns"] for run in runs if "not_within_ns" in run]
    value = max(limits) if limits else statistics.median(run["ns"] for run in runs)
    return count, value / 1000, not limits


def draw_peer(axes, name, points, style, shift):
    """`shift` keeps those apart, upwards, that all lie on the limit: they may never start the item."""
    color, marker = style
    counts = [count for count, _, _ in points]
    values = [value * (1 if in_time else shift) for _, value, in_time in points]
    own = name == "cmwq"
    label = "glib, unlimited" if name == "glib" else name
    axes.plot(counts, values, color=color, marker=marker, label=label, linewidth=2.6 if own else 1.3, markersize=6,
              zorder=3 if own else 2)
    late = [(count, value) for (count, _, in_time), value in zip(points, values) if not in_time]
    for count, value in late:
        axes.annotate("", xy=(count, value * 1.9), xytext=(count, value), zorder=1,
                      arrowprops={"arrowstyle": "->", "color": color})


def blocking(results):
    runs = results["runs"].get("P10-blocked")
    if not runs:
        return None
    points = read_points(runs)
    figure, axes = pyplot.subplots(figsize=(8, 4.8), layout="constrained")
    axes.set_xscale("symlog", base=2, linthresh=1)
    axes.set_yscale("log")
    for index, name in enumerate(sorted(points, key=lambda name: name != "cmwq")):
        style = COLORS[index % len(COLORS)], MARKERS[index % len(MARKERS)]
        draw_peer(axes, name, points[name], style, 1.0 + 0.12 * index)
    counts = sorted({count for its_points in points.values() for count, _, _ in its_points})
    axes.set_xticks(counts, [str(count) for count in counts])
    axes.minorticks_off()
    limits = [value for its_points in points.values() for _, value, in_time in its_points if not in_time]
    if limits:
        axes.text(counts[-1], max(limits) * 4, f"not started within {max(limits) / 1e6:g} s", ha="right")
        axes.set_ylim(top=max(limits) * 12)
    axes.set_xlabel(f"items that are blocked (pool for {results['environment']['cpus']} CPUs)")
    axes.set_ylabel("submit to start of a new item, median, µs")
    axes.set_title("A new item while others are blocked, nothing annotated")
    axes.grid(True, which="major", color="#dddddd", linewidth=0.6)
    axes.legend(loc="center left", ncols=2, fontsize=9)
    return figure


# ---- all of them -------------------------------------------------------------------------------------------------------

PICTURES = {"throughput": throughput, "latency": latency, "mix": mix, "blocking": blocking, "light": light,
            "growth": growth}


def save(figure, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path.with_suffix(".svg"), metadata={"Date": None})
    figure.savefig(path.with_suffix(".png"), dpi=110)
    pyplot.close(figure)


def draw_all(results, scaling_results, model_rows, folder):
    """The names of the pictures that were drawn."""
    figures = {name: draw(results) for name, draw in PICTURES.items()} if results else {}
    figures["scaling"] = scaling(scaling_results) if scaling_results else None
    figures["growth-model"] = growth_model(model_rows) if model_rows else None
    for name, figure in figures.items():
        if figure is not None:
            save(figure, folder / name)
    return [name for name, figure in figures.items() if figure is not None]


def read_lines(path):
    return [json.loads(line) for line in path.read_text().splitlines() if line.startswith("{")]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=pathlib.Path, nargs="?", help="what run.py --json wrote")
    parser.add_argument("--scaling", type=pathlib.Path, help="what scaling.py --json wrote")
    parser.add_argument("--model", type=pathlib.Path, help="what growth_model --json wrote")
    root = pathlib.Path(__file__).resolve().parent.parent
    parser.add_argument("--output", type=pathlib.Path, default=root / "docs/images", help="folder (default: docs/images)")
    arguments = parser.parse_args()
    read = {path: json.loads(path.read_text()) for path in (arguments.results, arguments.scaling) if path}
    drawn = draw_all(read.get(arguments.results), read.get(arguments.scaling),
                     read_lines(arguments.model) if arguments.model else None, arguments.output)
    left_out = [name for name in PICTURES if name not in drawn]
    print(f"in {arguments.output}: {', '.join(drawn) or 'nothing'}")
    if arguments.results and left_out:
        print(f"not in {arguments.results}: {', '.join(left_out)}")


if __name__ == "__main__":
    main()
