#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the benchmarks and prints one table per workload: cmwq, the peers installed here, and the floors.

One process per run; rounds go over all peers in turn, so that a slow minute of the machine hits all of them. README.md
explains the workloads and how to read the tables.
"""

import argparse
import json
import os
import pathlib
import platform
import resource
import signal
import statistics
import subprocess
import sys
import time

import blocking
import operations

FIGURES = blocking.FIGURES | operations.FIGURES
TABLES = blocking.TABLES | operations.TABLES
OWN_PROGRAMS = ["timelines", "timer_bench", "cancel_bench", "flush_bench"]  # cmwq alone, with queues of their own
WORKLOADS = {
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
NOISY = 0.10  # share of the machine that other processes may take before a run is marked …
NOBODY = 65534
NOISY_SECONDS = 0.03  # … if it is more than the ticks in which the kernel counts it


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=None,
                        help="build directory (default: the newest under build/)")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each workload and peer (default 5)")
    parser.add_argument("--quick", action="store_true", help="smoke test: small, once, judges no time")
    parser.add_argument("--full", action="store_true", help="P15: idle for 60 s; P10, P11: wait 20 s for a late peer")
    parser.add_argument("--only", default="", help="workloads, comma separated; P5 means all of P5")
    parser.add_argument("--peers", default="", help="peers, comma separated (default: all that were built)")
    parser.add_argument("--json", type=pathlib.Path, help="write every run and the environment to this file")
    parser.add_argument("--priority", type=int, nargs="?", const=-20, default=0, metavar="N",
                        help="as root: each run in a session of its own with autogroup priority N (default -20, the highest)")
    parser.add_argument("--unprivileged", action="store_true", help="as root: the programs run as the user nobody")
    return parser.parse_args()


# ---- what is there ---------------------------------------------------------------------------------------------------

def find_build(given):
    root = pathlib.Path(__file__).resolve().parent.parent
    candidates = [given] if given else sorted(root.glob("build/*"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in candidates:
        for folder in (path / "benchmarks", path):
            if (folder / "subjects.txt").exists():
                return folder
    sys.exit("no built benchmarks found; build the project, or name its build directory with --build")


def read_subjects(folder, wanted):
    """Programs by peer in the order of the table, and the peers that CMake did not find."""
    programs, absent = {}, []
    for line in (folder / "subjects.txt").read_text().splitlines():
        if line.startswith("absent "):
            absent.append(line.removeprefix("absent "))
        elif line and (not wanted or line in wanted):
            programs[line] = folder / f"bench_{line}"
    if not wanted or "cmwq" in wanted:
        programs |= {name: folder / name for name in OWN_PROGRAMS}
    unknown = wanted - programs.keys()
    if unknown:
        sys.exit(f"no such peer here: {', '.join(sorted(unknown))}")
    missing = [str(path) for path in programs.values() if not path.exists()]
    if missing:
        sys.exit(f"not built: {', '.join(missing)}")
    return programs, absent


def choose_workloads(only):
    names = [name for name in only.split(",") if name]
    chosen = [work for work in WORKLOADS if not names or any(work == n or work.startswith(n + "-") for n in names)]
    if not chosen and not blocking.choose(only, FIGURES):
        sys.exit(f"no such workload: {only}; there are {', '.join([*WORKLOADS, *FIGURES])}")
    return chosen


def environment(build, priority, unprivileged):
    def command(*words):
        done = subprocess.run(words, capture_output=True, text=True, cwd=pathlib.Path(__file__).parent, check=False)
        return done.stdout.strip()

    model = [line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    return {
        "cpu": model[0] if model else platform.processor(),
        "cpus": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "revision": command("git", "describe", "--always", "--dirty", "--abbrev=12"),
        "load_at_start": os.getloadavg()[0],
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "user": NOBODY if unprivileged else os.getuid(),
        "priority": f"autogroup {priority}" if priority else "normal",
        "build": build.parent.name,
    }


# ---- one run ---------------------------------------------------------------------------------------------------------

def machine_busy_seconds():
    """CPU time that anybody has used: user, nice, system, irq, softirq and steal of all CPUs."""
    fields = [int(field) for field in open("/proc/stat").readline().split()[1:]]
    return (sum(fields[0:3]) + sum(fields[5:8])) / os.sysconf("SC_CLK_TCK")


def own_busy_seconds():
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def prepare(priority, unprivileged):
    """In the new process, first what takes privilege."""
    if priority:
        with open("/proc/self/autogroup", "w") as group:
            group.write(str(priority))
    if unprivileged:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


# One computing process on each CPU, in the session of the program, hence in its scheduling group, or each in its own.
HOGS = """
for cpu in $CPUS; do $OUTSIDE taskset -c $cpu timeout 100 sh -c 'while :; do :; done' & hogs="$hogs $!"; done
sleep 0.3; "$@"; status=$?
kill $hogs; wait; exit $status
"""


def beside_hogs(command, hogs):
    """The command and its environment."""
    cpus = " ".join(map(str, sorted(os.sched_getaffinity(0))))
    return ["sh", "-c", HOGS, "sh", *command], {"CPUS": cpus, "OUTSIDE": "setsid" if hogs == "outside" else ""}


def execute(command, environment, priority, unprivileged):
    """What the program printed, and what went wrong. It gets a session, hence a scheduling group, of its own."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env={**os.environ, **environment}, start_new_session=True,
                               preexec_fn=lambda: prepare(priority, unprivileged))
    try:
        output, complaints = process.communicate(timeout=120)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return {}, "not done after 120 s"
    error = f"exit status {process.returncode} {complaints.strip()}" if process.returncode else ""
    return json.loads(output) if output else {}, error


def run_once(program, work, arguments, more=(), environment=None, hogs=""):
    before = time.monotonic(), machine_busy_seconds(), own_busy_seconds()
    command = [str(program), "--work", work, *(["--quick"] if arguments.quick else []), *more]
    environment = environment or {}
    if hogs:
        command, extra = beside_hogs(command, hogs)
        environment = {**environment, **extra}
    # Beside hogs both sides have the same priority.
    priority = 0 if hogs else arguments.priority
    found, error = execute(command, environment, priority, arguments.unprivileged)
    wall = time.monotonic() - before[0]
    machine, own = machine_busy_seconds() - before[1], own_busy_seconds() - before[2]
    found["foreign"] = max(0.0, machine - own) / (wall * os.cpu_count())
    found["noisy"] = found["foreign"] > NOISY and machine - own > NOISY_SECONDS
    found["error"] = error
    return found


def run_all(programs, chosen, arguments):
    """runs[work][peer] is the list of its runs, in rounds."""
    able = what_they_can(programs)
    runs = {work: {peer: [] for peer in programs if work in able[peer]} for work in chosen}
    rounds = 1 if arguments.quick else arguments.rounds
    for number in range(rounds):
        for work in chosen:
            for peer in runs[work]:
                show_progress(f"round {number + 1} of {rounds}: {work} {peer}")
                runs[work][peer].append(run_once(programs[peer], work, arguments))
    show_progress("")
    return runs


def what_they_can(programs):
    return {peer: subprocess.run([str(program), "--list"], capture_output=True, text=True, check=True).stdout.split()
            for peer, program in programs.items()}


def show_progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def cases_of(programs, arguments):
    able, chosen = what_they_can(programs), blocking.choose(arguments.only, FIGURES)
    every = [case for module in (blocking, operations) for case in module.Cases(able, arguments).build()]
    return [case for case in every if case.figure in chosen]


def run_figures(programs, arguments):
    """runs[figure][row] is the list of its runs; each says its column. Who was late once is not waited for again."""
    cases = cases_of(programs, arguments)
    runs = {figure: {} for figure in FIGURES if any(case.figure == figure for case in cases)}
    tardy = set()
    rounds = 1 if arguments.quick else arguments.rounds
    for number in range(rounds):
        for index, case in enumerate(cases):
            if number >= case.most_rounds or index in tardy:
                continue
            show_progress(f"round {number + 1} of {rounds}: {case.figure} {case.row} {case.column}")
            found = run_once(programs[case.peer], case.work, arguments, case.arguments, case.environment, case.hogs)
            found["column"] = case.column
            if "not_within_ns" in found:
                tardy.add(index)
                if case.peer == "cmwq" and arguments.quick:
                    found["error"] = "an item never started"
            runs[case.figure].setdefault(case.row, []).append(found)
    show_progress("")
    return runs


# ---- the tables ------------------------------------------------------------------------------------------------------

def good(runs):
    return [run for run in runs if not run["error"]]


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


def row(work, peer, runs, floor, own):
    usable = good(runs)
    if not usable:
        return [peer, "failed: " + runs[-1]["error"]]
    median = median_of(usable, "ns")
    scale = 1000 if work in LATENCY else 1
    noisy = sum(run["noisy"] for run in usable)
    cells = [peer, spread(usable, "ns", scale)]
    if work in LATENCY:
        cells.append(spread(usable, "p99_ns", scale))
    return cells + [
        ratio(median, floor), ratio(median, own), number_or_dash(median_of(usable, "call_ns") / scale),
        f"{median_of(usable, 'cpu_ns') / scale:.1f}", f"{median_of(usable, 'switches'):.0f}",
        f"{median_of(usable, 'threads'):.0f}", f"{100 * median_of(usable, 'foreign'):.0f}",
        f"{noisy} noisy" if noisy else "", f"{len(runs) - len(usable)} failed" if len(runs) > len(usable) else "",
    ]


def header(work):
    unit = "us" if work in LATENCY else "ns"
    times = [f"p50 {unit}", f"p99 {unit}"] if work in LATENCY else [f"{unit}/item"]
    return ["peer", *times, "x floor", "x cmwq", f"call {unit}", f"cpu {unit}", "switches", "threads", "foreign %"]


def print_table(rows):
    widths = [max(len(cells[index]) for cells in rows if index < len(cells)) for index in range(max(map(len, rows)))]
    for index, cells in enumerate(rows):
        first, rest = cells[0].ljust(widths[0]), [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:])]
        print("  ".join([first, *rest]).rstrip())
        if index == 0:
            print("-" * (sum(widths) + 2 * (len(widths) - 1)))
    print()


def in_order(by_peer):
    """The harness alone, the floors, cmwq, then the peers from fast to slow."""
    def place(peer):
        rank = 0 if peer == "inline_call" else 1 if peer.startswith("floor") else 2 if peer == "cmwq" else 3
        return rank, median_of(good(by_peer[peer]), "ns") or float("inf")
    return sorted(by_peer, key=place)


def print_tables(runs):
    for work, by_peer in runs.items():
        floor_runs = runs.get(FLOOR_OF.get(work, work), {}).get("floor", [])
        floor, own = median_of(good(floor_runs), "ns"), median_of(good(by_peer.get("cmwq", [])), "ns")
        print(f"{work}: {WORKLOADS[work]}")
        print_table([header(work)] + [row(work, peer, by_peer[peer], floor, own) for peer in in_order(by_peer)])


def print_figures(runs):
    for figure, by_row in runs.items():
        print(f"{figure}: {FIGURES[figure]}")
        print_table(blocking.table(TABLES[figure.split("-")[0]], by_row))


def describe(facts, runs, absent):
    every = [run for by_peer in runs.values() for its_runs in by_peer.values() for run in good(its_runs)]
    facts["versions"] = {run["peer"]: run["version"] for run in every if run["version"]}
    facts["compiler"] = sorted({run["compiler"] for run in every})
    facts["optimized"] = all(run["optimized"] for run in every)
    facts["absent"] = absent
    print(f"{facts['cpus']} CPUs, {facts['cpu']}; Linux {facts['kernel']}; compiler {', '.join(facts['compiler'])}; "
          f"revision {facts['revision']}; priority {facts['priority']}; "
          f"{'as root' if facts['user'] == 0 else 'as an unprivileged user'}")
    print("versions:", ", ".join(f"{peer} {version}" for peer, version in facts["versions"].items()))
    if absent:
        print("absent:", ", ".join(absent))
    if not facts["optimized"]:
        print("WARNING: not an optimized build without assertions; the times mean nothing")
    print()


def main():
    arguments = parse_arguments()
    build = find_build(arguments.build)
    programs, absent = read_subjects(build, {name for name in arguments.peers.split(",") if name})
    facts = environment(build, arguments.priority, arguments.unprivileged)
    runs = run_all(programs, choose_workloads(arguments.only), arguments)
    figures = run_figures(programs, arguments)
    describe(facts, runs | figures, absent)
    print_tables(runs)
    print_figures(figures)
    runs |= figures
    if arguments.json:
        arguments.json.write_text(json.dumps({"environment": facts, "runs": runs}, indent=1) + "\n")
    failures = [f"{work} {peer}: {run['error']}" for work, by_peer in runs.items()
                for peer, its_runs in by_peer.items() for run in its_runs if run["error"]]
    for failure in failures:
        print("failed:", failure, file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
