#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""P1, P2, P4, P8, P9 and P10 on 1, 2, 4, … CPUs of this machine, cmwq beside TBB and Asio, and the curve.

    benchmarks/scaling.py --json scaling.json && benchmarks/publish.py --scaling scaling.json

The CPUs are the first ones of the affinity mask; each subject gets a mask of so many and makes as many workers. The rounds
go over all counts and subjects in turn. P2 has as many producers as CPUs, four at most.
"""

import argparse
import json
import os
import pathlib
import statistics
import sys

import report
import run
from cases import Case, good, spread_text

PEERS = ["floor", "floor_single", "cmwq", "tbb_enqueue", "tbb_task_group", "asio"]
TITLES = {
    "P1": "P1: one producer", "P2": "P2: as many producers as CPUs, at most 4", "P4": "P4: task tree from workers",
    "P8": "P8: ordered queue", "P9": "P9: 1000 items per CPU of 200 µs CPU and 2 ms sleep",
    "P10": "P10: a new item behind 8 blocked ones",
}
UNITS = {"P1": "ns/item", "P2": "ns/item", "P4": "ns/item", "P8": "ns/item", "P9": "wall ms", "P10": "p50 us"}
SCALE = {"P9": 1e6, "P10": 1e3}


def work_of(figure, cpus):
    if figure == "P2":
        return "P1" if cpus == 1 else "P2-2" if cpus < 4 else "P2-4"
    return {"P10": "P10-blocked"}.get(figure, figure)


def arguments_of(figure, cpus, quick):
    if quick:
        return []
    return {"P9": ["--mix-items", str(1000 * cpus)], "P10": ["--blockers", "8", "--limit-s", "2"]}.get(figure, [])


def value_of(figure, found):
    per_run = found["items"] if figure == "P9" else 1
    return found["ns"] * per_run / SCALE.get(figure, 1)


def counts_up_to(most):
    counts = [1]
    while counts[-1] * 2 <= most:
        counts.append(counts[-1] * 2)
    return counts + ([most] if counts[-1] != most else [])


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=None)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--most", type=int, default=0, help="CPUs (default: all of the affinity mask)")
    parser.add_argument("--only", default="", help="figures, comma separated")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--priority", type=int, nargs="?", const=-20, default=0, metavar="N")
    parser.add_argument("--unprivileged", action="store_true")
    parser.add_argument("--quick", action="store_true", help="small, once: shows that it works, says nothing about time")
    return parser.parse_args()


def measure(programs, able, arguments, counts, figures):
    """found[figure][peer][cpus] is a list of runs."""
    cpus = sorted(os.sched_getaffinity(0))
    found = {figure: {peer: {} for peer in programs} for figure in figures}
    try:
        for number in range(1 if arguments.quick else arguments.rounds):
            for figure, count, peer in ((f, c, p) for f in figures for c in counts for p in programs):
                work = work_of(figure, count)
                if work not in able[peer] or (peer.startswith("floor") and count == 1 and figure != "P9"):
                    continue  # a floor spins on the second CPU
                run.show_progress(f"round {number + 1}: {figure} {peer} on {count} CPUs")
                os.sched_setaffinity(0, cpus[:count])
                case = Case(figure, peer, "", peer, work, arguments_of(figure, count, arguments.quick))
                found[figure][peer].setdefault(count, []).append(run.run_once(programs[peer], case, arguments))
    finally:
        os.sched_setaffinity(0, cpus)
    run.show_progress("")
    return found


def point(figure, cpus, runs):
    in_time = [each for each in good(runs) if "not_within_ns" not in each]
    if not in_time:
        return None
    values = [value_of(figure, each) for each in in_time]
    noisy = sum(each["noisy"] for each in in_time)
    text = spread_text(values) + (f" {noisy} noisy" if noisy else "")
    return {"cpus": cpus, "median": statistics.median(values), "least": min(values), "most": max(values), "text": text}


def main():
    arguments = parse_arguments()
    most = arguments.most or len(os.sched_getaffinity(0))
    build = run.find_build(arguments.build)
    programs, _ = run.read_subjects(build, set())
    programs = {peer: programs[peer] for peer in PEERS if peer in programs}
    figures = [figure for figure in TITLES if not arguments.only or figure in arguments.only.split(",")]
    found = measure(programs, run.what_they_can(programs), arguments, counts_up_to(most), figures)
    facts = run.environment(build, arguments.priority, arguments.unprivileged)
    curves = {figure: {peer: [p for count, runs in by_count.items() if (p := point(figure, count, runs))]
                       for peer, by_count in by_peer.items() if by_count} for figure, by_peer in found.items()}
    results = {"environment": facts, "counts": counts_up_to(most), "titles": TITLES, "units": UNITS, "figures": curves,
               "machine": f"{facts['cpu']}; Linux {facts['kernel']}; revision {facts['revision']}; {facts['time']}; "
                          f"{1 if arguments.quick else arguments.rounds} rounds; priority {facts['priority']}"}
    for figure in figures:
        lines = [["peer", *(f"{count} CPUs" for count in results["counts"])]]
        for peer, points in curves[figure].items():
            texts = {each["cpus"]: each["text"] for each in points}
            lines.append([peer, *(texts.get(count, "-") for count in results["counts"])])
        print(f"{TITLES[figure]}, {UNITS[figure]}", *report.aligned(lines), "", sep="\n")
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n")
    failures = [each["error"] for by_peer in found.values() for by_count in by_peer.values()
                for runs in by_count.values() for each in runs if each["error"]]
    for failure in failures:
        print("failed:", failure, file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
