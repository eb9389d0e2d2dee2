#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Draws how long a new item waits against the number of blocked items, from what run.py --json wrote (P10-blocked).

Needs matplotlib as Debian packages it (python3-matplotlib), hence the system's interpreter in the first line. A pool
that did not start the item within the limit is drawn at the limit, with an arrow upwards: it may never.
"""

import argparse
import json
import pathlib
import statistics
import sys

try:
    import matplotlib
except ImportError:
    sys.exit("plot.py needs matplotlib (Debian: python3-matplotlib)")
matplotlib.use("Agg")
matplotlib.rcParams["svg.hashsalt"] = "cmwq"  # the same data, the same file
from matplotlib import pyplot  # noqa: E402  (the backend is to be chosen first)

FIGURE = "P10-blocked"
COLORS = ["#1b6ca8", "#888888", "#c44e52", "#55a868", "#8172b2", "#b8860b", "#64b5cd", "#dd8452"]
MARKERS = "osv^D<>p"


def read_points(runs):
    """points[peer] is a list of (blocked items, median of p50 in microseconds, whether it was in time)."""
    points = {}
    for peer, its_runs in runs.items():
        by_count = {}
        for run in its_runs:
            if not run["error"]:
                by_count.setdefault(int(run["column"].removeprefix("B=")), []).append(run)
        points[peer] = [point(count, same) for count, same in sorted(by_count.items())]
    return points


def point(count, runs):
    limits = [run["not_within_ns"] for run in runs if "not_within_ns" in run]
    value = max(limits) if limits else statistics.median(run["ns"] for run in runs)
    return count, value / 1000, not limits


def draw_peer(axes, name, points, style, shift):
    """`shift` keeps those apart, upwards, that all lie on the limit."""
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


def draw(points, facts):
    figure, axes = pyplot.subplots(figsize=(8, 4.8), layout="constrained")
    axes.set_xscale("symlog", base=2, linthresh=1)
    axes.set_yscale("log")
    order = sorted(points, key=lambda name: name != "cmwq")
    for index, name in enumerate(order):
        style = COLORS[index % len(COLORS)], MARKERS[index % len(MARKERS)]
        draw_peer(axes, name, points[name], style, 1.0 + 0.12 * index)
    counts = sorted({count for its_points in points.values() for count, _, _ in its_points})
    axes.set_xticks(counts, [str(count) for count in counts])
    axes.minorticks_off()
    limits = [value for its_points in points.values() for _, value, in_time in its_points if not in_time]
    if limits:
        axes.text(counts[-1], max(limits) * 4, f"not started within {max(limits) / 1e6:g} s", ha="right")
        axes.set_ylim(top=max(limits) * 12)
    axes.set_xlabel(f"items that are blocked (pool for {facts['cpus']} CPUs)")
    axes.set_ylabel("submit to start of a new item, median, µs")
    axes.set_title("A new item while others are blocked, nothing annotated")
    axes.grid(True, which="major", color="#dddddd", linewidth=0.6)
    axes.legend(loc="center left", ncols=2, fontsize=9)
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=pathlib.Path, help="what run.py --json wrote")
    root = pathlib.Path(__file__).resolve().parent.parent
    parser.add_argument("--output", type=pathlib.Path, default=root / "docs/images/blocking.svg",
                        help="the SVG; a PNG goes beside it (default: docs/images/blocking.svg)")
    arguments = parser.parse_args()
    results = json.loads(arguments.results.read_text())
    runs = results["runs"].get(FIGURE)
    if not runs:
        sys.exit(f"no {FIGURE} in {arguments.results}; run: run.py --only P10 --json {arguments.results}")
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    figure = draw(read_points(runs), results["environment"])
    figure.savefig(arguments.output, metadata={"Date": None})
    figure.savefig(arguments.output.with_suffix(".png"), dpi=120)
    print(f"{arguments.output} and .png")


if __name__ == "__main__":
    main()
