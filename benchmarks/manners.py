# SPDX-License-Identifier: Apache-2.0
"""What run.py runs and prints for manners and growth: light load, trace points, more items, more queues."""

import statistics

from cases import Case, figures_of, is_variant, median, nothing, spread_text, with_spread

FIGURES = {
    "light": "one item every so often: what the pool's threads do for it",
    "P17": "an item that enqueues itself: without trace points, with them, recorded, with somebody attached",
    "growth-items": "N items in flight that enqueue themselves over and over",
    "growth-queues": "10^6 items dealt out over N ordered queues",
}
GROWING = ["floor", "cmwq", "naive_intrusive", "tbb_enqueue", "asio", "eigen"]  # the others are like one of these


class Cases:
    def __init__(self, able, options):
        self.able, self.options, self.list = able, options, []
        self.peers = [peer for peer in able if not is_variant(peer)]

    def add(self, figure, peer, work, *arguments, row="", column="", **more):
        if work in self.able.get(peer, []):
            self.list.append(Case(figure, row or peer, column, peer, work, [*map(str, arguments)], **more))

    def build(self):
        quick = self.options.quick
        for peer in self.peers:
            for gap in [1_000] if quick else [100, 1_000, 10_000]:
                self.add("light", peer, "light", "--gap-us", gap, column=f"{gap / 1000:g} ms", most_rounds=3)
        # A trace point costs less than the same program differs from process to process, and from one 20 ms to the next.
        more = ["--least-of", 2] if quick else ["--least-of", 12]
        self.add("P17", "cmwq_without_probes", "P5-self", *more, row="without")
        self.add("P17", "cmwq", "P5-self", *more, row="with")
        self.add("P17", "cmwq", "P5-self", *more, "--record", "normally", row="recorded")
        self.add("P17", "cmwq", "P5-self", *more, "--record", "exactly", row="recorded exactly")
        if self.options.trace:
            self.add("P17", "cmwq", "P5-self", "--items", 100_000, row="attached", traced=True)
        peers = ["cmwq", "asio"] if quick else GROWING
        for peer in peers:
            for power in [1] if quick else range(8):
                self.add("growth-items", peer, "growth-items", "--in-flight", 10 ** power, column=f"N={10 ** power}",
                         most_rounds=2)
        for peer in peers:
            for power in [1] if quick else range(5):
                self.add("growth-queues", peer, "growth-queues", "--queues", 10 ** power, column=f"N={10 ** power}",
                         most_rounds=2)
        return self.list


# ---- the tables ------------------------------------------------------------------------------------------------------

def light_cells(runs, _):
    for run in runs:
        run["wakes_per_item"] = run["switches"] / run["items"]
    return [with_spread(runs, "wakes_per_item", 1, 2), with_spread(runs, "cpu_ns", 1000),
            median(runs, "submitter_cpu_ns", 1000, 1), median(runs, "call_ns", 1000, 1), with_spread(runs, "ns", 1000),
            median(runs, "threads")]


def probes_reference(by_row):
    """The runs without trace points by their rounds: each is compared with the others of its round."""
    return {run["round"]: run["ns"] for runs in by_row.get("without", {}).values() for run in runs}


def probe_differences(runs, without):
    return [run["ns"] - without[run["round"]] for run in runs if run["round"] in without]


def probe_cells(runs, without):
    return [with_spread(runs, "ns", 1), spread_text(probe_differences(runs, without))]


def items_cells(runs, _):
    return [with_spread(runs, "ns", 1), median(runs, "cpu_ns", 1, 1), median(runs, "switches"), median(runs, "threads")]


def queues_cells(runs, _):
    return [with_spread(runs, "ns", 1), median(runs, "call_ns", 1, 1), median(runs, "cpu_ns", 1, 1),
            median(runs, "switches"), median(runs, "make_ns_per_queue", 1000, 1), median(runs, "heap_bytes_per_queue")]


TABLES = {
    "light": (["wakes/item", "pool cpu us", "submitter cpu us", "call us", "start p50 us", "threads"], light_cells,
              nothing),
    "P17": (["ns/item", "more than without"], probe_cells, probes_reference),
    "growth-items": (["ns/item", "cpu ns", "switches", "threads"], items_cells, nothing),
    "growth-queues": (["ns/item", "call ns", "cpu ns", "switches", "make us", "heap B/queue"], queues_cells, nothing),
}


def growth_of(by_row, row):
    """(N, median ns) of a row of a growth table."""
    by_count = {}
    for run in by_row.get(row, []):
        if not run["error"]:
            by_count.setdefault(int(run["column"].removeprefix("N=")), []).append(run)
    return [(count, statistics.median(figures_of(runs, "ns"))) for count, runs in sorted(by_count.items())]
