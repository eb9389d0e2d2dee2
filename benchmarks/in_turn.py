#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs one workload of several programs in turn, and prints of each figure the median and the spread.

For questions that run.py does not ask: one setting against another, or the engine of another commit against today's.
A program is NAME=PATH, with settings behind it: NAME=PATH:CMWQ_LOOKS_BEFORE_SLEEP=200.

  in_turn.py "P1" 11 ns,switches now=bench_cmwq more=bench_cmwq:CMWQ_LOOKS_BEFORE_SLEEP=200
  in_turn.py "P9 --spinners 2" 7 ns before=../before/build/ci/benchmarks/bench_cmwq after=build/ci/benchmarks/bench_cmwq
"""

import argparse
import json
import os
import statistics
import subprocess
import sys


def program(text):
    """NAME=PATH[:KEY=VALUE...] as (name, path, settings)."""
    name, equals, rest = text.partition("=")
    path, *settings = rest.split(":")
    if not equals or not path or not all("=" in each for each in settings):
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=PATH[:KEY=VALUE...]")
    return name, path, dict(each.split("=", 1) for each in settings)


def measure(path, settings, work):
    done = subprocess.run([path, "--work", *work], capture_output=True, text=True, env={**os.environ, **settings})
    if done.returncode != 0:
        sys.exit(f"in_turn: {path} --work {' '.join(work)}: exit status {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", help="the workload, with its sizes")
    parser.add_argument("rounds", type=int)
    parser.add_argument("figures", help="keys of the program's output, comma separated")
    parser.add_argument("programs", nargs="+", type=program)
    options = parser.parse_args()
    runs = {name: [] for name, _, _ in options.programs}
    for turn in range(options.rounds):
        order = options.programs if turn % 2 == 0 else options.programs[::-1]
        for name, path, settings in order:
            runs[name].append(measure(path, settings, options.work.split()))
    for figure in options.figures.split(","):
        for name, found in runs.items():
            values = [run[figure] for run in found]
            print(f"{figure:12} {name:12} {statistics.median(values):12.1f} [{min(values):.1f}-{max(values):.1f}]")


if __name__ == "__main__":
    main()
