# SPDX-License-Identifier: Apache-2.0
"""What the modules of figures share: a case to run, and how the runs of a case become the cells of a table."""

import dataclasses
import statistics


@dataclasses.dataclass
class Case:
    """One program with one set of arguments: a line of the figure's table."""
    figure: str
    row: str
    column: str
    peer: str
    work: str
    arguments: list
    environment: dict = dataclasses.field(default_factory=dict)
    hogs: str = ""  # "inside" or "outside" the scheduling group
    traced: bool = False  # with the trace points attached
    most_rounds: int = 1000


def choose(only, figures):
    """Those of `figures` that `--only` asks for: P10 means all that begin with it."""
    names = [name for name in only.split(",") if name]
    return [figure for figure in figures
            if not names or any(figure == name or figure.startswith(name + "-") for name in names)]


def is_variant(peer):
    """A cmwq that was built in another way: for a comparison with cmwq alone."""
    return peer.startswith("cmwq_")


def good(runs):
    return [run for run in runs if not run["error"]]


def split_columns(by_row):
    """The good runs of each row by column: split[row][column]."""
    split = {row: {} for row in by_row}
    for row, runs in by_row.items():
        for run in good(runs):
            split[row].setdefault(run["column"], []).append(run)
    return split


# ---- cells -----------------------------------------------------------------------------------------------------------

def figures_of(runs, key, scale=1.0):
    return [run[key] / scale for run in runs if key in run]


def median(runs, key, scale=1.0, digits=0):
    values = figures_of(runs, key, scale)
    return f"{statistics.median(values):.{digits}f}" if values else "-"


def spread_text(values, digits=1):
    if not values:
        return "-"
    return f"{statistics.median(values):.{digits}f} [{min(values):.{digits}f}-{max(values):.{digits}f}]"


def with_spread(runs, key, scale, digits=1):
    return spread_text(figures_of(runs, key, scale), digits)


def nothing(_):
    return None


def table(described, by_row):
    """The lines of a figure, the heading first. `described`: its titles, its cells, and what they are compared with.
    by_row[row] is a list of runs, each with its column."""
    titles, cells, reference_of = described
    split = split_columns(by_row)
    reference = reference_of(split)
    lines = [["peer", *titles, "foreign %"]]
    for row, by_column in split.items():
        if not by_column:
            lines.append([row, "failed: " + by_row[row][-1]["error"]])
        for column, runs in by_column.items():
            noisy = sum(run["noisy"] for run in runs)
            lines.append([f"{row} {column}".strip(), *cells(runs, reference), median(runs, "foreign", 0.01),
                          *([f"{noisy} noisy"] if noisy else [])])
    return lines
