# SPDX-License-Identifier: Apache-2.0
"""What run.py runs and prints for the figures about single operations: delayed items, cancelling, flushing."""

from cases import Case, median, nothing, with_spread

FIGURES = {
    "P12": "arm 10^6 delayed items, then cancel them; ns per item, beside a lock and a hashed wheel",
    "P13": "a delayed item: from its time to its start, beside a thread in clock_nanosleep",
    "P16": "what one cancel_sync or flush takes its caller",
}


class Cases:
    """As blocking.Cases. The programs are cmwq's alone."""

    def __init__(self, able, options):
        self.able, self.options, self.list = able, options, []

    def add(self, figure, program, row, *arguments):
        if figure in self.able.get(program, []):
            self.list.append(Case(figure, row, "", program, figure, [*map(str, arguments)]))

    def build(self):
        for time, title in (("until", "time point"), ("after", "duration")):
            for threads in (1, 2):
                self.add("P12", "timer_bench", f"{title}, {threads} thread{'s'[:threads - 1]}", "--time", time,
                         "--threads", threads)
        self.add("P13", "timer_bench", "cmwq")
        for state in ("idle", "pending", "armed", "running"):
            self.add("P16", "cancel_bench", f"cancel_sync, {state}", "--case", state)
        for pending in [0, 1_000] if self.options.quick else [0, 1_000, 1_000_000]:
            self.add("P16", "flush_bench", f"flush, {pending:,} pending" if pending else "flush, empty", "--pending",
                     pending)
        return self.list


# ---- the tables ------------------------------------------------------------------------------------------------------

def beside(runs, key, floor, scale, digits=1):
    """The figure, the floor of the same runs, and the median of the ratios run by run."""
    ratios = [{"ratio": run[key] / run[floor]} for run in runs if run.get(floor)]
    return [with_spread(runs, key, scale, digits), median(runs, floor, scale, digits), median(ratios, "ratio", 1, 2)]


def arm_cells(runs, _):
    return beside(runs, "ns", "floor_ns", 1) + beside(runs, "cancel_ns", "floor_cancel_ns", 1)


def lateness_cells(runs, _):
    early = sum(run["least_ns"] < 0 for run in runs)
    return beside(runs, "ns", "floor_ns", 1000) + beside(runs, "p99_ns", "floor_p99_ns", 1000) + [str(early)]


def call_cells(runs, _):
    return [with_spread(runs, "ns", 1000, 3)]


TABLES = {
    "P12": (["arm ns", "floor", "x floor", "cancel ns", "floor", "x floor"], arm_cells, nothing),
    "P13": (["p50 us", "floor", "x floor", "p99 us", "floor", "x floor", "early"], lateness_cells, nothing),
    "P16": (["us"], call_cells, nothing),
}
