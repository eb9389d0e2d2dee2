#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes what was measured into docs/benchmarks.md, between its markers, and the pictures into docs/images.

    publish.py results.json [--scaling scaling.json] [--model growth_model.jsonl]

A marker `<!-- begin NAME -->` … `<!-- end NAME -->` holds what is made here; the prose around it is kept. NAME is goals,
machine, scaling, model, a list of figures: `<!-- begin P1,P2 -->`, or a picture: `<!-- begin picture light: its text -->`.
"""

import argparse
import json
import pathlib
import re
import sys

import plot
import report
from cases import choose

MARKER = re.compile(r"(<!-- begin (?P<name>[^>]+?) -->\n).*?(<!-- end (?P=name) -->)", re.DOTALL)


def in_a_block(text):
    return f"```text\n{text.rstrip()}\n```\n"


def scaling_text(results):
    lines = [["figure", "peer", *(f"{count} CPUs" for count in results["counts"])]]
    for figure, by_peer in results["figures"].items():
        for peer, points in by_peer.items():
            found = {point["cpus"]: point["text"] for point in points}
            lines.append([f"{figure} ({results['units'][figure]})", peer,
                          *(found.get(count, "-") for count in results["counts"])])
    return "\n".join([results["machine"], "", *report.aligned(lines)])


def model_text(rows):
    titles = ["work", "CPUs", "nodes", *plot.MODEL_FIGURES]
    lines = [titles] + [[row["work"], str(row["cpus"]), str(row["nodes"]),
                         *(f"{row[name]:.2f}" for name in plot.MODEL_FIGURES)] for row in rows]
    return "\n".join(report.aligned(lines))


class Parts:
    """The text of each marker; None: nothing was measured for it, its text is kept."""

    def __init__(self, results, scaling, model, pictures):
        self.results, self.scaling, self.model, self.pictures = results, scaling, model, pictures

    def text(self, name):
        if name.startswith("picture "):
            picture, _, alternative = name.removeprefix("picture ").partition(": ")
            return f"![{alternative}](images/{picture}.png)\n" if picture in self.pictures else None
        if name == "scaling":
            return in_a_block(scaling_text(self.scaling)) if self.scaling else None
        if name == "model":
            return in_a_block(model_text(self.model)) if self.model else None
        if not self.results:
            return None
        facts, runs = self.results["environment"], self.results["runs"]
        if name == "machine":
            return in_a_block(report.machine_text(facts))
        if name == "goals":
            return in_a_block(report.goals_text(runs, facts["cpus"]))
        figures = [figure for figure in choose(name, report.FIGURES) if figure in runs]
        return in_a_block("\n\n".join(report.figure_text(figure, runs) for figure in figures)) if figures else None


def fill(page, parts):
    """The page with its markers filled, and the names of those that were kept as they were."""
    kept = []

    def replace(match):
        text = parts.text(match["name"])
        if text is None:
            kept.append(match["name"])
            return match[0]
        return match[1] + text + match[3]

    return MARKER.sub(replace, page), kept


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=pathlib.Path, nargs="?", help="what run.py --json wrote")
    parser.add_argument("--scaling", type=pathlib.Path, help="what scaling.py --json wrote")
    parser.add_argument("--model", type=pathlib.Path, help="what growth_model --json wrote")
    root = pathlib.Path(__file__).resolve().parent.parent
    parser.add_argument("--page", type=pathlib.Path, default=root / "docs/benchmarks.md")
    parser.add_argument("--images", type=pathlib.Path, default=root / "docs/images")
    arguments = parser.parse_args()
    results = json.loads(arguments.results.read_text()) if arguments.results else None
    scaling = json.loads(arguments.scaling.read_text()) if arguments.scaling else None
    model = plot.read_lines(arguments.model) if arguments.model else None
    drawn = plot.draw_all(results, scaling, model, arguments.images)
    page, kept = fill(arguments.page.read_text(), Parts(results, scaling, model, drawn))
    arguments.page.write_text(page)
    print(f"{arguments.page}: filled; pictures: {', '.join(drawn)}")
    if kept:
        print(f"kept as they were, for want of figures: {', '.join(kept)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
