#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the benchmarks and prints one table per figure and what the goals came to: cmwq, the peers installed here, the floors.

One process per run; rounds go over all figures and peers in turn, so that a slow minute of the machine hits all of them.
README.md explains the workloads and how to read the tables.
"""

import argparse
import contextlib
import json
import os
import pathlib
import platform
import resource
import signal
import subprocess
import sys
import time

import report
from cases import choose, good

OWN_PROGRAMS = ["timelines", "timer_bench", "cancel_bench", "flush_bench"]  # cmwq alone, with queues of their own
VARIANTS = ["cmwq_without_probes"]  # of cmwq, for P17; built only when asked for by name
NOISY = 0.10  # share of the machine that other processes may take before a run is marked …
NOBODY = 65534
NOISY_SECONDS = 0.03  # … if it is more than the ticks in which the kernel counts it


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=None,
                        help="build directory (default: the newest under build/)")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each workload and peer (default 5)")
    parser.add_argument("--minutes", type=float, default=0,
                        help="no further round once it would not end within this time (default: none)")
    parser.add_argument("--trace", action="store_true",
                        help="as root, with perf: P17 also with the trace points attached")
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
        for name in VARIANTS:
            program = folder / f"bench_{name}"
            if program.exists():
                programs[name] = program
            else:
                absent.append(f"{name} (build target bench_{name})")
    unknown = wanted - programs.keys()
    if unknown:
        sys.exit(f"no such peer here: {', '.join(sorted(unknown))}")
    missing = [str(path) for path in programs.values() if not path.exists()]
    if missing:
        sys.exit(f"not built: {', '.join(missing)}")
    return programs, absent


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


def run_once(program, case, arguments):
    before = time.monotonic(), machine_busy_seconds(), own_busy_seconds()
    command = [str(program), "--work", case.work, *(["--quick"] if arguments.quick else []), *case.arguments]
    environment = case.environment
    if case.hogs:
        command, extra = beside_hogs(command, case.hogs)
        environment = {**environment, **extra}
    if case.traced:
        command = [*ATTACHED, *command]
    # Beside hogs both sides have the same priority.
    priority = 0 if case.hogs else arguments.priority
    found, error = execute(command, environment, priority, arguments.unprivileged and not case.traced)
    wall = time.monotonic() - before[0]
    machine, own = machine_busy_seconds() - before[1], own_busy_seconds() - before[2]
    found["foreign"] = max(0.0, machine - own) / (wall * os.cpu_count())
    found["noisy"] = found["foreign"] > NOISY and machine - own > NOISY_SECONDS
    found["wall_s"] = wall
    found["error"] = error
    return found


# Counting is the cheapest that can be attached to a trace point.
ATTACHED = ["perf", "stat", "-e", "sdt_cmwq:*", "-o", "/dev/null", "--"]
PROBES = [word for name in ("queue_work", "execute_start", "execute_end") for word in ("--add", f"sdt_cmwq:{name}")]


@contextlib.contextmanager
def trace_points_of(program, wanted):
    """Perf knows the program's trace points meanwhile."""
    if not wanted:
        yield
        return
    subprocess.run(["perf", "probe", "--del", "sdt_cmwq:*"], capture_output=True, check=False)
    subprocess.run(["perf", "buildid-cache", "--add", str(program)], capture_output=True, check=True)
    subprocess.run(["perf", "probe", "-x", str(program), *PROBES], capture_output=True, check=True)
    try:
        yield
    finally:
        subprocess.run(["perf", "probe", "--del", "sdt_cmwq:*"], capture_output=True, check=False)


def what_they_can(programs):
    """The works of each program."""
    return {peer: subprocess.run([str(program), "--list"], capture_output=True, text=True, check=True).stdout.split()
            for peer, program in programs.items()}


def show_progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def cases_of(programs, arguments):
    able, chosen = what_they_can(programs), choose(arguments.only, report.FIGURES)
    if not chosen:
        sys.exit(f"no such figure: {arguments.only}; there are {', '.join(report.FIGURES)}")
    every = [case for module in report.MODULES for case in module.Cases(able, arguments).build()]
    return [case for case in every if case.figure in chosen]


def run_all(programs, cases, arguments):
    """runs[figure][row] is the list of its runs, in rounds; each says its round and its column. Who was late once is not
    waited for again."""
    runs = {figure: {} for figure in report.FIGURES if any(case.figure == figure for case in cases)}
    tardy, begin, expected = set(), time.monotonic(), 0.0
    rounds = 1 if arguments.quick else arguments.rounds
    number = 0
    while number < rounds:
        round_begin = time.monotonic()
        if arguments.minutes and round_begin - begin + expected > arguments.minutes * 60:
            break
        for index, case in enumerate(cases):
            if number >= case.most_rounds or index in tardy:
                continue
            show_progress(f"round {number + 1} of {rounds}: {case.figure} {case.row} {case.column}")
            found = run_once(programs[case.peer], case, arguments)
            found["column"], found["round"] = case.column, number
            if "not_within_ns" in found:
                tardy.add(index)
                if case.peer == "cmwq" and arguments.quick:
                    found["error"] = "an item never started"
            runs[case.figure].setdefault(case.row, []).append(found)
        # The first round is longer: it holds what is done once, and waits for those who are late.
        expected = (time.monotonic() - round_begin) * (0.7 if number == 0 else 1.0)
        number += 1
    show_progress("")
    return runs, number, (time.monotonic() - begin) / 60


def add_what_ran(facts, runs, absent):
    every = [run for by_row in runs.values() for its_runs in by_row.values() for run in good(its_runs)]
    facts["versions"] = {run["peer"]: run["version"] for run in every if run["version"]}
    facts["compiler"] = sorted({run["compiler"] for run in every})
    facts["optimized"] = all(run["optimized"] for run in every)
    facts["absent"] = absent


def main():
    arguments = parse_arguments()
    build = find_build(arguments.build)
    programs, absent = read_subjects(build, {name for name in arguments.peers.split(",") if name})
    facts = environment(build, arguments.priority, arguments.unprivileged) | {"quick": arguments.quick}
    with trace_points_of(programs.get("cmwq"), arguments.trace):
        runs, facts["rounds"], facts["minutes"] = run_all(programs, cases_of(programs, arguments), arguments)
    add_what_ran(facts, runs, absent)
    print(report.whole_text(facts, runs), end="")
    if arguments.json:
        arguments.json.write_text(json.dumps({"environment": facts, "runs": runs}, indent=1) + "\n")
    failures = [f"{work} {peer}: {run['error']}" for work, by_peer in runs.items()
                for peer, its_runs in by_peer.items() for run in its_runs if run["error"]]
    for failure in failures:
        print("failed:", failure, file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
