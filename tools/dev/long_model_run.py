#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Explores the scenarios of model_tests for long: lap after lap, each with other seeds, until so many schedules have run or
the time is over. It can be stopped and continued (SIGSTOP, SIGCONT), and ended by SIGINT: what was done is in the log.

    tools/dev/long_model_run.py build/ci/tests/model_tests                    10^8 schedules
    tools/dev/long_model_run.py BINARY --total 1000000 --log FILE             fewer; each lap's line also goes to FILE
    tools/dev/long_model_run.py BINARY --filter 'cancel.*' --hours 1

The program is copied first: the build folder may change meanwhile. Exit status 0: no scenario failed."""

import argparse
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
REPLAY = re.compile(r"replay: .*")
OWN_TESTS = "-model_backend*:invariant_can_fail.*:exhaustive.*:replay.*"


def lap(binary, tests, seed, schedules):
    """One pass over all scenarios. Returns schedules, distinct ones, steps, CPU seconds, and how failures are replayed."""
    environment = dict(os.environ, CMWQ_MODEL_SCHEDULES=str(schedules), CMWQ_MODEL_BASE_SEED=str(seed))
    before = os.times()
    done = subprocess.run([binary, "--gtest_brief=1", f"--gtest_filter={tests}"], env=environment, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    after = os.times()
    counts = [tuple(map(int, found)) for found in STATISTICS.findall(done.stdout)]
    failures = sorted(set(REPLAY.findall(done.stdout)))
    if done.returncode != 0 and not failures:
        failures = [f"exit status {done.returncode}: " + done.stdout[-2000:]]
    sums = [sum(column) for column in zip(*counts)] or [0, 0, 0]
    return sums, after.children_user - before.children_user, failures


class record:
    def __init__(self, path):
        self.file = open(path, "a") if path else None

    def say(self, text):
        stamp = datetime.datetime.now().strftime("%Y-%m-%d %H:%M:%S")
        for to in (sys.stdout, self.file):
            if to is not None:
                print(stamp, text, file=to, flush=True)


def explore(how, binary, log):
    begun, cpu, total, failed = time.monotonic(), 0.0, [0, 0, 0], 0
    seed = how.seed
    while total[0] < how.total and time.monotonic() - begun < how.hours * 3600:
        sums, seconds, failures = lap(binary, how.filter, seed, how.schedules)
        if sums[0] == 0 and not failures:
            log.say("nothing ran: does the filter match a scenario?")
            return 1
        total = [a + b for a, b in zip(total, sums)]
        cpu += seconds
        failed += len(failures)
        log.say(f"seed {seed}: {sums[0]} schedules, {sums[1]} distinct, {sums[0] / max(seconds, 0.01):.0f} per CPU second; "
                f"in all {total[0]} schedules, {total[2]} steps, {cpu:.0f} CPU seconds, {failed} failures")
        for failure in failures:
            log.say(f"FAILED, base seed {seed}: {failure}")
        seed += 1
    return 1 if failed else 0


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("binary", type=pathlib.Path)
    arguments.add_argument("--total", type=float, default=1e8, help="schedules in all")
    arguments.add_argument("--schedules", type=int, default=2000, help="of each scenario in a lap")
    arguments.add_argument("--seed", type=int, default=2, help="of the first lap; 1 is that of the test command")
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
