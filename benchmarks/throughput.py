# SPDX-License-Identifier: Apache-2.0
"""What run.py runs and prints for the figures about enqueueing and running: P1 to P8."""

import statistics

from cases import Case, good, is_variant

FIGURES = {
    "P1": "enqueue and run 10^6 items, 1 producer",
    "P2-2": "the same, 2 producers",
    "P2-4": "the same, 4 producers",
    "P3": "the same as closures, 1 producer",
    "P4": "task tree of 2^20 items, spawned by workers",
    "P5-self": "one item that enqueues itself 10^6 times",
    "P5-chain": "the same with a fresh item per hop",
    "P6": "idle pool, 1 ms gaps: submit to start",
    "P7": "back-to-back round trip",
    "P8": "ordered queue, 10^6 items, 1 producer",
}
LATENCY = {"P6", "P7"}
FLOOR_OF = {"P2-2": "P1", "P2-4": "P1"}  # more producers do not lower what one pair of CPUs needs


class Cases:
    def __init__(self, able, options):
        self.able, self.options = able, options

    def build(self):
        return [Case(figure, peer, "", peer, figure, []) for figure in FIGURES
                for peer, works in self.able.items() if figure in works and not is_variant(peer)]


# ---- the tables ------------------------------------------------------------------------------------------------------

def median_of(runs, key):
    return statistics.median(run[key] for run in runs) if runs else None


def spread(runs, key, scale):
    values = [run[key] / scale for run in runs]
    digits = 1 if max(values) < 100 else 0
    return f"{statistics.median(values):.{digits}f} [{min(values):.{digits}f}-{max(values):.{digits}f}]"


def ratio(value, reference):
    return f"{value / reference:.2f}" if reference else "-"


def number_or_dash(value):
    return f"{value:.1f}" if value else "-"


def line(figure, peer, runs, floor, own):
    usable = good(runs)
    if not usable:
        return [peer, "failed: " + runs[-1]["error"]]
    middle = median_of(usable, "ns")
    scale = 1000 if figure in LATENCY else 1
    noisy = sum(run["noisy"] for run in usable)
    cells = [peer, spread(usable, "ns", scale)]
    if figure in LATENCY:
        cells.append(spread(usable, "p99_ns", scale))
    return cells + [
        ratio(middle, floor), ratio(middle, own), number_or_dash(median_of(usable, "call_ns") / scale),
        f"{median_of(usable, 'cpu_ns') / scale:.1f}", f"{median_of(usable, 'switches'):.0f}",
        f"{median_of(usable, 'threads'):.0f}", f"{100 * median_of(usable, 'foreign'):.0f}",
        f"{noisy} noisy" if noisy else "", f"{len(runs) - len(usable)} failed" if len(runs) > len(usable) else "",
    ]


def header(figure):
    unit = "us" if figure in LATENCY else "ns"
    times = [f"p50 {unit}", f"p99 {unit}"] if figure in LATENCY else [f"{unit}/item"]
    return ["peer", *times, "x floor", "x cmwq", f"call {unit}", f"cpu {unit}", "switches", "threads", "foreign %"]


def in_order(by_peer):
    """The harness alone, the floors, cmwq, then the peers from fast to slow."""
    def place(peer):
        rank = 0 if peer == "inline_call" else 1 if peer.startswith("floor") else 2 if peer == "cmwq" else 3
        return rank, median_of(good(by_peer[peer]), "ns") or float("inf")
    return sorted(by_peer, key=place)


def table(figure, every):
    """The lines of a figure, the heading first; every[figure][peer] is a list of runs."""
    by_peer = every[figure]
    floor_runs = every.get(FLOOR_OF.get(figure, figure), {}).get("floor", [])
    floor, own = median_of(good(floor_runs), "ns"), median_of(good(by_peer.get("cmwq", [])), "ns")
    return [header(figure)] + [line(figure, peer, by_peer[peer], floor, own) for peer in in_order(by_peer)]
