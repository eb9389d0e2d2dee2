# SPDX-License-Identifier: Apache-2.0
"""What was found, as text: from what run.py measured, or from what it wrote with --json."""

import blocking
import cases
import goals
import manners
import operations
import throughput

MODULES = (throughput, blocking, operations, manners)
FIGURES = {figure: sentence for module in MODULES for figure, sentence in module.FIGURES.items()}
TABLES = blocking.TABLES | operations.TABLES | manners.TABLES


def aligned(lines):
    """A table as lines of text; the first of `lines` is the heading."""
    widths = [max(len(cells[index]) for cells in lines if index < len(cells)) for index in range(max(map(len, lines)))]
    text = []
    for index, cells in enumerate(lines):
        first, rest = cells[0].ljust(widths[0]), [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:])]
        text.append("  ".join([first, *rest]).rstrip())
        if index == 0:
            text.append("-" * (sum(widths) + 2 * (len(widths) - 1)))
    return text


def figure_text(figure, every):
    if figure in throughput.FIGURES:
        lines = throughput.table(figure, every)
    else:
        described = TABLES.get(figure) or TABLES[figure.split("-")[0]]
        lines = cases.table(described, every[figure])
    return "\n".join([f"{figure}: {FIGURES[figure]}", *aligned(lines)])


def machine_text(facts):
    lines = [f"{facts['cpus']} CPUs, {facts['cpu']}; Linux {facts['kernel']}; compiler {', '.join(facts['compiler'])}; "
             f"revision {facts['revision']}; {facts['rounds']} rounds in {facts['minutes']:.0f} minutes from "
             f"{facts['time']}; priority {facts['priority']}; "
             f"{'as root' if facts['user'] == 0 else 'as an unprivileged user'}",
             "versions: " + ", ".join(f"{peer} {version}" for peer, version in facts["versions"].items())]
    if facts["absent"]:
        lines.append("absent: " + ", ".join(facts["absent"]))
    if not facts["optimized"]:
        lines.append("WARNING: not an optimized build without assertions; the times mean nothing")
    return "\n".join(lines)


def goals_text(every, cpus):
    lines = [["figure", "must reach", "aims at", "found", "reached"], *goals.lines(every, cpus)]
    return "\n".join(aligned(lines)) if len(lines) > 1 else ""


def whole_text(facts, every):
    parts = [machine_text(facts), *(figure_text(figure, every) for figure in FIGURES if figure in every)]
    summary = "" if facts["quick"] else goals_text(every, facts["cpus"])
    return "\n\n".join([*parts, *(["goals, from these runs:\n" + summary] if summary else [])]) + "\n"
