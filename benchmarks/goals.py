# SPDX-License-Identifier: Apache-2.0
"""The figures that cmwq must reach, and whether the runs reached them. Nothing here is typed from a run: a ratio is taken
between runs of the same round, and judged by the median of the rounds."""

import statistics

from cases import good, spread_text

OURS = ("cmwq", "inline_call", "floor", "floor_single")


class Found:
    """The runs of one figure, row and column by round."""

    def __init__(self, every):
        self.every = every

    def rows(self, figure):
        return list(self.every.get(figure, {}))

    def values(self, figure, row, key="ns", column=None, scale=1.0):
        """Of each round."""
        return {run["round"]: run[key] / scale for run in good(self.every.get(figure, {}).get(row, []))
                if key in run and (column is None or run["column"] == column)}

    def ratios(self, over, under):
        return [over[number] / under[number] for number in over if under.get(number)]

    def over_floor(self, figure, row, floor, column=None):
        """Of each round: for goals that name a time, how much of it the machine takes in that hour."""
        return self.ratios(self.values(figure, row, column=column), self.values(figure, floor, column=column))

    def late(self, figure, row, column):
        return any("not_within_ns" in run for run in self.every.get(figure, {}).get(row, [])
                   if run["column"] == column)


class Judge:
    """Collects the lines of the table."""

    def __init__(self):
        self.lines = []

    def at_most(self, figure, goal, limit, aim, values, digits=1, unit=""):
        """`values`: of each round; the median must not be above the limit. None: no verdict."""
        if not values:
            return
        reached = "" if limit is None else "yes" if statistics.median(values) <= limit else "NO"
        self.lines.append([figure, goal, aim, f"{spread_text(values, digits)}{unit}", reached])

    def at_least(self, figure, goal, limit, aim, values, what=""):
        if values:
            reached = "yes" if statistics.median(values) >= limit else "NO"
            self.lines.append([figure, goal, aim, spread_text(values, 2) + what, reached])


def fastest_peer(found, figure, key="ns"):
    """The peer with the smallest median, and its rounds."""
    peers = {row: found.values(figure, row, key) for row in found.rows(figure) if row not in OURS}
    peers = {row: values for row, values in peers.items() if values}
    if not peers:
        return None, {}
    name = min(peers, key=lambda row: statistics.median(peers[row].values()))
    return name, peers[name]


def judge_throughput(found, judge):
    ours = {figure: found.values(figure, "cmwq") for figure in ("P1", "P2-2", "P2-4", "P3", "P4", "P5-self", "P8")}
    floors = {name: found.values("P1", name) for name in ("floor", "floor_single")}
    judge.at_most("P1 over floor_single", "3.0 x", 3.0, "", found.ratios(ours["P1"], floors["floor_single"]), 2, " x")
    judge.at_most("P1 over floor", "", None, "", found.ratios(ours["P1"], floors["floor"]), 2, " x")
    judge.at_most("P1", "40 ns", 40, "25 ns", [*ours["P1"].values()], 1, " ns")
    name, peer = fastest_peer(found, "P1")
    judge.at_least("P1, fastest peer over cmwq", "1.4 x", 1.4, "", found.ratios(peer, ours["P1"]), f" x ({name})")
    for producers in (2, 4):
        figure = f"P2-{producers}"
        judge.at_most(f"P2, {producers} producers", "45 ns", 45, "25 ns", [*ours[figure].values()], 1, " ns")
        judge.at_most(f"P2 over P1, {producers} producers", "1.2 x", 1.2, "", found.ratios(ours[figure], ours["P1"]), 2,
                      " x")
    judge.at_most("P3", "90 ns", 90, "60 ns", [*ours["P3"].values()], 1, " ns")
    judge.at_most("P4", "17 ns", 17, "12 ns", [*ours["P4"].values()], 1, " ns")
    judge.at_most("P4 over floor", "", None, "", found.over_floor("P4", "cmwq", "floor"), 2, " x")
    judge.at_most("P5 self, shared", "22 ns", 22, "19 ns", [*ours["P5-self"].values()], 1, " ns")
    judge.at_most("P5 self over floor", "", None, "", found.over_floor("P5-self", "cmwq", "floor"), 2, " x")
    # One kind of item, whoever owns it: docs/adr/0021-one-kind-of-item.md.
    judge.at_most("P5 self, one owner", "12 ns", 12, "8 ns", [*ours["P5-self"].values()], 1, " ns")
    judge.at_most("P8", "40 ns", 40, "30 ns", [*ours["P8"].values()], 1, " ns")


def judge_latency(found, judge):
    for figure, limit in (("P6", 1.3), ("P7", 1.5)):
        ratios = found.ratios(found.values(figure, "cmwq"), found.values(figure, "floor"))
        judge.at_most(f"{figure} p50 over floor", f"{limit} x", limit, "", ratios, 2, " x")
    name, peer = fastest_peer(found, "P6")
    ratios = found.ratios(found.values("P6", "cmwq", "p99_ns"), peer)
    judge.at_most("P6 p99 over the best peer's p50", "", None, "2 x", ratios, 1, f" x ({name})")
    judge.at_most("P7 p50", "", None, "2.5 us", [*found.values("P7", "cmwq", scale=1000).values()], 1, " us")


def judge_mix(found, judge):
    for figure, limit, aim in (("P9", 1.06, "1.015 x"), ("P9-spinners", 1.7, "1.2 x")):
        for row in ("cmwq", "cmwq unbound"):
            ratios = found.ratios(found.values(figure, row), found.values(figure, "floor"))
            judge.at_most(f"{figure}, {row}, over floor", f"{limit} x", limit, aim, ratios, 2, " x")
    judge.at_most("P9, threads", "40", 40, "", [*found.values("P9", "cmwq", "threads").values()], 0)


def judge_probes(found, judge):
    for place, limit in (("same", 10), ("other", 60)):
        for blocked in (1, 8, 64):
            row, column = f"cmwq {place} CPU", f"B={blocked}"
            values = [*found.values("P10-place", row, column=column, scale=1000).values()]
            judge.at_most(f"P10 (a), {place} CPU, {column}", f"{limit} us", limit, "3 us", values, 1, " us")
            over = found.over_floor("P10-place", row, f"floor {place} CPU", column)
            judge.at_most(f"P10 (a), {place} CPU, {column}, over floor", "", None, "", over, 2, " x")
    worst = [*found.values("P10-blocked", "cmwq", "p99_ns", "B=64", 1e6).values()]
    judge.at_most("P10 (a), p99, B=64", "1 ms", 1, "", worst, 3, " ms")
    flat = found.ratios(found.values("P10-blocked", "cmwq", column="B=64"),
                        found.values("P10-blocked", "cmwq", column="B=0"))
    judge.at_most("P10 (a), B=64 over B=0", "flat: 2 x", 2, "", flat, 2, " x")
    for blocked in (1, 8, 64):
        limit = 50 + 5 * blocked
        values = [*found.values("P10-fresh", "cmwq", column=f"B={blocked}", scale=1000).values()]
        judge.at_most(f"P10 (b), B={blocked}", f"{limit} us", limit, "", values, 0, " us")
        over = found.over_floor("P10-fresh", "cmwq", "floor", f"B={blocked}")
        judge.at_most(f"P10 (b), B={blocked}, over floor", "", None, "", over, 2, " x")
    for blocked in (1, 8, 64):
        column = f"B={blocked}"
        values = [*found.values("P10-spinners", "cmwq", column=column, scale=1000).values()]
        judge.at_most(f"P10 (a) beside spinners, {column}", "100 us", 100, "", values, 1, " us")
        late = [*found.values("P10-spinners", "cmwq", "p99_ns", column, 1e6).values()]
        judge.at_most(f"P10 (a) beside spinners, {column}, p99", "5 ms", 5, "", late, 2, " ms")


def judge_waiters(found, judge):
    for waiting in (8, 64, 1000):
        column = f"N={waiting}"
        if found.late("P11", "cmwq", column):
            judge.lines.append([f"P11, {column}", "completes", "", "did not complete", "NO"])
            continue
        limit = 50 if waiting == 1000 else None
        values = [*found.values("P11", "cmwq", column=column, scale=1e6).values()]
        judge.at_most(f"P11, {column}", "50 ms" if limit else "completes", limit or float("inf"), "", values, 1, " ms")
        judge.at_most(f"P11, {column}, over floor", "", None, "", found.over_floor("P11", "cmwq", "floor", column), 2, " x")


def judge_operations(found, judge):
    for row in found.rows("P12"):
        for key, floor, what in (("ns", "floor_ns", "arm"), ("cancel_ns", "floor_cancel_ns", "cancel")):
            ratios = found.ratios(found.values("P12", row, key), found.values("P12", row, floor))
            judge.at_most(f"P12 {what}, {row}, over floor", "1.25 x", 1.25, "", ratios, 2, " x")
    for key, floor, what in (("ns", "floor_ns", "p50"), ("p99_ns", "floor_p99_ns", "p99")):
        ratios = found.ratios(found.values("P13", "cmwq", key), found.values("P13", "cmwq", floor))
        judge.at_most(f"P13 {what} over floor", "1.1 x", 1.1, "", ratios, 2, " x")
    if found.rows("P16"):
        judge.lines.append(["P16", "published", "", "its table", "yes"])


def judge_manners(found, judge, cpus):
    for row in ("cmwq", "cmwq unbound"):
        judge.at_most(f"P14 heap, {row}", "0 B", 0, "", [*found.values("P14", row, "heap_bytes_per_item").values()], 1,
                      " B")
    workers = [*found.values("P14", "cmwq unbound", "workers_created_ever").values()]
    judge.at_most("P14 workers, cmwq unbound", f"{cpus + 2}", cpus + 2, "", workers, 0)
    judge.at_most("P15 switches", "0", 0, "", [*found.values("P15", "cmwq", "switches").values()], 0)
    # The clocks of the process and of the thread are read one after the other.
    judge.at_most("P15 CPU time", "0 us", 1, "", [*found.values("P15", "cmwq", "cpu_ns", scale=1000).values()], 1, " us")
    without = found.values("P17", "without")
    for row, limit, what in (("with", 1, "off"), ("recorded", 10, "recorded"),
                             ("recorded exactly", None, "recorded exactly"), ("attached", None, "attached, by uprobes")):
        with_them = found.values("P17", row)
        more = [with_them[number] - without[number] for number in with_them if number in without]
        judge.at_most(f"P17 trace points {what}", f"{limit} ns" if limit else "", limit, "", more, 1, " ns")


def lines(every, cpus):
    """The lines of the goal table, without its heading."""
    found, judge = Found(every), Judge()
    judge_throughput(found, judge)
    judge_latency(found, judge)
    judge_mix(found, judge)
    judge_probes(found, judge)
    judge_waiters(found, judge)
    judge_operations(found, judge)
    judge_manners(found, judge, cpus)
    return judge.lines
