# SPDX-License-Identifier: Apache-2.0
"""What run.py runs and prints for the figures about blocking, footprint and idling, and for what detection costs."""

import statistics

from cases import Case, is_variant, median, nothing, with_spread

FIGURES = {
    "P9": "2000 items of 200 us CPU and 2 ms of sleep",
    "P9-spinners": "the same beside two computing threads of the program",
    "P9-hog-inside": "the same beside computing processes of the same scheduling group",
    "P9-hog-outside": "the same beside computing processes of another scheduling group",
    "P10-blocked": "submit to start behind B items that are blocked already (condition variable)",
    "P10-kinds": "the same by what they are blocked in",
    "P10-place": "the same by where the submitter runs: on the CPU of the blocked items, or on another",
    "P10-spinners": "the same beside two computing threads of the program",
    "P10-hog-inside": "the same beside computing processes of the same scheduling group",
    "P10-hog-outside": "the same beside computing processes of another scheduling group",
    "P10-fresh": "submit to start directly behind B fresh items that block for 2 ms each",
    "P10-fresh-spinners": "the same beside two computing threads of the program",
    "P11": "N items wait for one that is submitted later: time until all have gone on",
    "P11-spinners": "the same beside two computing threads of the program",
    "timelines": "the items of the kernel's documentation on one CPU: when each ends (and what that says)",
    "P14": "10^6 empty items: most threads; memory of queued items",
    "P15": "idle after work: what the threads do",
    "cost-P1": "P1 with the canary and without, in pairs",
    "cost-P5-self": "P5-self with the canary and without, in pairs",
}
KINDS = ["condvar", "mutex", "pipe", "sleep", "fsync", "fault", "cold_file"]
TIMELINES = {"three": ("max_active 3", "20/20/25"), "two": ("max_active 2", "20/20/35"),
             "intensive": ("w1, w2 cpu_intensive", "20/20/25"), "one": ("ordered, a single thread", "20/35/50")}
SAME_AS_OTHERS = {"naive_intrusive", "boost_asio"}  # differs from naive in nothing that matters where items block
GROWS = ["cmwq", "glib"]  # pools that start more threads by themselves: the others only show their limit again


class Cases:
    def __init__(self, able, options):
        self.peers = [peer for peer in able if peer not in SAME_AS_OTHERS and not is_variant(peer)]
        self.able, self.options, self.list = able, options, []

    def add(self, figure, peer, work, *arguments, row="", column="", **more):
        if work not in self.able.get(peer, []):
            return
        limit = 20 if self.options.full or (self.options.quick and peer == "cmwq") else 2
        late = [] if self.options.quick and peer != "cmwq" else ["--limit-s", str(limit)]
        limited = late if work.startswith(("P10", "P11")) else []
        if peer not in GROWS and peer != "floor" and work in ("P9", "P10-fresh"):
            more.setdefault("most_rounds", 2)  # of a pool of fixed size the answer is the same each time, and slow
        self.list.append(Case(figure, row or peer, column, peer, work, [*map(str, arguments), *limited], **more))

    def mix(self, figure, peers, *arguments, **more):
        for peer in peers:
            self.add(figure, peer, "P9", *arguments, **more)
        self.add(figure, "cmwq", "P9", *arguments, "--queue", "unbound", row="cmwq unbound", **more)

    def probe(self, figure, work, peers, blockers, *arguments, row="", **more):
        for peer in peers:
            for count in blockers:
                self.add(figure, peer, work, "--blockers", count, *arguments, row=row, column=f"B={count}", **more)

    def waiters(self, figure, peers, counts, *arguments):
        for peer in peers:
            for count in counts:
                self.add(figure, peer, "P11", "--waiters", count, *arguments, column=f"N={count}")

    def build(self):
        quick, full = self.options.quick, self.options.full
        few = [1, 8] if quick else [1, 8, 64]
        many = [8] if quick else [0, 1, 2, 4, 8, 16, 64]
        spinning = ["--spinners", 2]
        self.mix("P9", self.peers)
        self.add("P9", "cmwq", "P9", "--mix-warm-up", 0, row="cmwq cold")
        self.mix("P9-spinners", [] if quick else self.peers, *spinning)
        self.probe("P10-blocked", "P10-blocked", [peer for peer in self.peers if peer in ("floor", *GROWS)], many)
        self.probe("P10-blocked", "P10-blocked", [peer for peer in self.peers if peer not in ("floor", *GROWS)],
                   [count for count in many if count in (0, 1, 2, 8, 64)])
        for kind in KINDS:
            self.probe("P10-kinds", "P10-blocked", ["cmwq"], few[:1] if quick else few, "--kind", kind,
                       row=f"cmwq {kind}")
        for place in ("same", "other"):
            for peer in ("floor", "cmwq"):
                self.probe("P10-place", "P10-blocked", [peer], few, "--place", place, row=f"{peer} {place} CPU")
        self.probe("P10-spinners", "P10-blocked", ["floor", *GROWS], few, *spinning)
        self.probe("P10-fresh", "P10-fresh", self.peers, [8] if quick else [0, 1, 8, 64])
        self.probe("P10-fresh-spinners", "P10-fresh", ["floor", *GROWS], [] if quick else few, *spinning)
        for where in ("outside",) if quick else ("inside", "outside"):
            self.mix(f"P9-hog-{where}", [] if quick else ["floor", *GROWS], hogs=where)
            self.probe(f"P10-hog-{where}", "P10-blocked", ["cmwq"], few[:1] if quick else few, row="cmwq blocked",
                       hogs=where)
            self.probe(f"P10-hog-{where}", "P10-fresh", ["cmwq"], [] if quick else few, row="cmwq fresh", hogs=where)
        self.waiters("P11", ["floor", "cmwq", "naive"] if quick else self.peers, [8] if quick else [8, 64, 1000])
        self.waiters("P11-spinners", ["floor", *GROWS], [] if quick else [8, 64, 1000], *spinning)
        for queue, (title, kernel) in TIMELINES.items():
            self.add("timelines", "timelines", "timelines", "--queue", queue, row=f"{title} ({kernel})")
        for peer in self.peers:
            self.add("P14", peer, "P14")
        self.add("P14", "cmwq", "P14", "--queue", "unbound", row="cmwq unbound")
        for peer in self.peers:
            idle = [] if quick else ["--idle-s", 60 if full else 10 if peer == "cmwq" else 3]
            self.add("P15", peer, "P15", *idle, most_rounds=1)
        for work in ("P1", "P5-self"):
            for tier in ("canary", "watchdog"):
                more = [] if quick else ["--items", 2_000_000]  # fewer than the ring has slots
                self.add(f"cost-{work}", "cmwq", work, *more, row=f"cmwq {tier}",
                         environment={"CMWQ_BLOCK_DETECT": tier})
        return self.list


# ---- the tables ------------------------------------------------------------------------------------------------------

def late(runs):
    """How long the last run waited in vain, as text; empty if all were in time."""
    limits = [run["not_within_ns"] for run in runs if "not_within_ns" in run]
    return f"not in {limits[-1] / 1e9:g} s ({len(limits)} of {len(runs)})" if limits else ""


def detected(runs):
    """Blocks found by canary / batch canary / watchdog / other worker."""
    keys = ("blocks_by_canary", "blocks_by_batch", "blocks_by_watchdog", "blocks_by_worker")
    return " / ".join(median(runs, key) for key in keys) if any(keys[0] in run for run in runs) else ""


def mix_cells(runs, reference):
    walls = [run["ns"] * run["items"] / 1e6 for run in runs]
    wall = statistics.median(walls)
    ratio = f"{wall / reference:.2f}" if reference else "-"
    cpu = statistics.median(run["cpu_ns"] * run["items"] / 1e6 for run in runs)
    return [f"{wall:.0f} [{min(walls):.0f}-{max(walls):.0f}]", ratio, f"{cpu:.0f}", median(runs, "threads"),
            median(runs, "canary_cpu_ns", 1e6, 1), detected(runs)]


def mix_reference(by_row):
    floor = [run["ns"] * run["items"] / 1e6 for runs in by_row.get("floor", {}).values() for run in runs]
    return statistics.median(floor) if floor else None


def probe_cells(runs, _):
    if late(runs):
        return [late(runs), "", "", median(runs, "blockers_begun"), median(runs, "threads"), ""]
    worst = max(run["max_ns"] for run in runs) / 1000
    return [with_spread(runs, "ns", 1000), with_spread(runs, "p99_ns", 1000, 0), f"{worst:.0f}",
            median(runs, "blockers_begun"), median(runs, "threads"), detected(runs)]


def waiter_cells(runs, _):
    if late(runs):
        return [late(runs), "", median(runs, "waiters_begun"), median(runs, "threads"), ""]
    return [with_spread(runs, "ns", 1e6), median(runs, "after_freeing_ns", 1e6, 1), median(runs, "waiters_begun"),
            median(runs, "threads"),
            detected(runs)]


def timeline_cells(runs, _):
    """The most is that of a round within a run; the spread that of the runs' medians."""
    most = max(max(run[f"w{item}_most_ns"] for item in range(3)) for run in runs) / 1e6
    return [with_spread(runs, f"w{item}_ns", 1e6, 2) for item in range(3)] + [f"{most:.1f}"]


def footprint_cells(runs, _):
    return [median(runs, "threads"), median(runs, "workers_created_ever"), median(runs, "canary_threads"),
            median(runs, "heap_bytes_per_item", 1, 1), median(runs, "resident_bytes_per_item", 1, 1),
            median(runs, "queued_share", 0.01)]


def idle_cells(runs, _):
    return [median(runs, "ns", 1e9, 1), median(runs, "switches"), median(runs, "cpu_ns", 1000, 1),
            median(runs, "threads")]


def cost_reference(by_row):
    """The runs without canary, in the order of the rounds: each is compared with the canary's of the same round."""
    return [run["ns"] for runs in by_row.get("cmwq watchdog", {}).values() for run in runs]


def cost_cells(runs, without):
    pairs = [100 * (run["ns"] / other - 1) for run, other in zip(runs, without)]
    paired = f"{statistics.median(pairs):+.1f} [{min(pairs):+.1f}-{max(pairs):+.1f}]" if pairs else "-"
    shares = [100 * run["canary_cpu_ns"] / (run["cpu_ns"] * run["items"]) for run in runs]
    return [with_spread(runs, "ns", 1), paired, f"{statistics.median(shares):.2f}", median(runs, "switches")]


TABLES = {
    "P9": (["wall ms", "x floor", "cpu ms", "threads", "canary ms", "found by c/b/w/o"], mix_cells, mix_reference),
    "P10": (["p50 us", "p99 us", "worst us", "begun", "threads", "found by c/b/w/o"], probe_cells, nothing),
    "P11": (["ms", "after freeing", "begun", "threads", "found by c/b/w/o"], waiter_cells, nothing),
    "timelines": (["w0 ms", "w1 ms", "w2 ms", "worst ms"], timeline_cells, nothing),
    "P14": (["threads", "workers", "canaries", "heap B/item", "resident B/item", "queued %"], footprint_cells, nothing),
    "P15": (["s", "switches", "cpu us", "threads"], idle_cells, nothing),
    "cost": (["ns/item", "pairs %", "canary % of cpu", "switches"], cost_cells, cost_reference),
}
