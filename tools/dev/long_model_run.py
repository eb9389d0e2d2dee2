#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Explores the scenarios of model_tests for long: lap after lap, each with other seeds, until so many schedules have run or
the time is over. It can be stopped and continued (SIGSTOP, SIGCONT), and ended by SIGINT: what was done is in the log, and a
run with the same log goes on where the last one ended.

    tools/dev/long_model_run.py build/ci/tests/model_tests                    10^8 schedules
    tools/dev/long_model_run.py BINARY --total 1000000 --log FILE             fewer; each lap's line also goes to FILE
    tools/dev/long_model_run.py BINARY --log FILE --jobs 2                    two laps side by side
    tools/dev/long_model_run.py BINARY --filter 'cancel.*' --hours 1

The program is copied first: the build folder may change meanwhile. Exit status 0: no scenario failed."""

import argparse
import concurrent.futures
import datetime
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

STATISTICS = re.compile(r"^\[  model   \] (\d+) schedules, (\d+) distinct, (\d+) steps", re.M)
LAP = re.compile(r"seed (\d+): .* in all (\d+) schedules, (\d+) steps, (\d+) CPU seconds, (\d+) failures")
REPLAY = re.compile(r"replay: (?!.*CMWQ_MODEL_SWITCHES).*")  # that of a shrunk schedule is made anew by the seed
OWN_TESTS = ("-model_backend*:invariant_can_fail.*:exhaustive.*:replay.*:weakening.*:litmus.*:race_check.*:"
             "fence_after_rmw.*")


class done:
    """What one lap did, or several."""

    def __init__(self, schedules=0, distinct=0, steps=0, seconds=0.0, failures=0):
        self.schedules, self.distinct, self.steps = schedules, distinct, steps
        self.seconds, self.failures = seconds, failures

    def add(self, other):
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


def lap(binary, tests, seed, schedules):
    """One pass over all scenarios. Returns what it did, and how its failures are replayed."""
    environment = dict(os.environ, CMWQ_MODEL_SCHEDULES=str(schedules), CMWQ_MODEL_BASE_SEED=str(seed))
    with subprocess.Popen([binary, "--gtest_brief=1", f"--gtest_filter={tests}"], env=environment, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as running:
        said = running.stdout.read()
        _, status, used = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
    counts = [tuple(map(int, found)) for found in STATISTICS.findall(said)]
    failures = sorted(set(REPLAY.findall(said)))
    if running.returncode != 0 and not failures:
        failures = [f"exit status {running.returncode}: " + said[-2000:]]
    sums = [sum(column) for column in zip(*counts)] or [0, 0, 0]
    return done(*sums, used.ru_utime + used.ru_stime, len(failures)), failures


class record:
    def __init__(self, path):
        self.file = open(path, "a") if path else None

    def say(self, text):
        stamp = datetime.datetime.now().strftime("%Y-%m-%d %H:%M:%S")
        for to in (sys.stdout, self.file):
            if to is not None:
                print(stamp, text, file=to, flush=True)


def so_far(path):
    """What the log says of earlier runs: the sum, and the last seed that was used."""
    laps = LAP.findall(path.read_text()) if path is not None and path.exists() else []
    if not laps:
        return done(), None
    _, schedules, steps, seconds, failures = map(int, laps[-1])
    return done(schedules, 0, steps, float(seconds), failures), max(int(found[0]) for found in laps)


def revision():
    found = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=pathlib.Path(__file__).parent, text=True,
                           capture_output=True, check=False)
    return found.stdout.strip() or "unknown"


def tell(log, seed, one, total, failures):
    log.say(f"seed {seed}: {one.schedules} schedules, {one.distinct} distinct, "
            f"{one.schedules / max(one.seconds, 0.01):.0f} per CPU second; "
            f"in all {total.schedules} schedules, {total.steps} steps, {total.seconds:.0f} CPU seconds, {total.failures} failures")
    for failure in failures:
        log.say(f"FAILED, base seed {seed}: {failure}")


def explore(how, binary, log):
    begun = time.monotonic()
    total, last_seed = so_far(how.log)
    seed = how.seed if last_seed is None else last_seed + 1
    log.say(f"begins: revision {revision()}, {how.schedules} schedules of each exploration in a lap, invariants in one run of "
            f"{os.environ.get('CMWQ_MODEL_INVARIANTS', '1')}, filter {how.filter}")
    with concurrent.futures.ThreadPoolExecutor(how.jobs) as pool:
        while total.schedules < how.total and time.monotonic() - begun < how.hours * 3600:
            seeds = range(seed, seed + how.jobs)
            seed += how.jobs
            for nth, (one, failures) in zip(seeds, pool.map(lambda s: lap(binary, how.filter, s, how.schedules), seeds)):
                if one.schedules == 0 and not failures:
                    log.say("nothing ran: does the filter match a scenario?")
                    return 1
                total.add(one)
                tell(log, nth, one, total, failures)
    return 1 if total.failures else 0


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("binary", type=pathlib.Path)
    arguments.add_argument("--total", type=float, default=1e8, help="schedules in all")
    arguments.add_argument("--schedules", type=int, default=2000, help="of each scenario in a lap")
    arguments.add_argument("--seed", type=int, default=2, help="of the first lap; 1 is that of the test command")
    arguments.add_argument("--jobs", type=int, default=1, help="laps side by side")
    arguments.add_argument("--hours", type=float, default=1e9)
    arguments.add_argument("--filter", default=OWN_TESTS, help="as --gtest_filter")
    arguments.add_argument("--log", type=pathlib.Path)
    how = arguments.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        binary = shutil.copy(how.binary, scratch)
        try:
            return explore(how, binary, record(how.log))
        except KeyboardInterrupt:
            return 130


if __name__ == "__main__":
    sys.exit(main())
