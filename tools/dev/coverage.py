#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which lines and branches of src/engine no test has run. Reads what a build with CMWQ_COVERAGE has counted, of the engine on
the model and of the engine on Linux together (scripts/coverage.sh builds, runs and calls this).

    tools/dev/coverage.py BUILD [--least-lines PERCENT] [--least-branches PERCENT] [--show-branches] [--part]
    tools/dev/coverage.py --self-test

A branch that only an exception takes is none: nobody wrote it. Lines and branches of coverage_exclusions.txt do not count;
one that is listed there and was run after all is a mistake in that list, unless it is there as one of chance.
Exit status 0: at least so much of both was run, and the list is right."""

import argparse
import collections
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIST = "tools/dev/coverage_exclusions.txt"


class source:
    def __init__(self, path):
        self.path = path
        self.text = (ROOT / path).read_text().splitlines()
        self.runs = collections.Counter()
        self.branches = {}  # line -> how often each of its branches was taken

    def add(self, line):
        number = line["line_number"]
        self.runs[number] += line["count"]
        taken = [branch["count"] for branch in line["branches"] if not branch["throw"]]
        former = self.branches.get(number, [])
        # The same line in several sources or instantiations: a branch is taken if it is taken in one of them.
        longest = max(len(taken), len(former))
        padded = [counts + [0] * (longest - len(counts)) for counts in (taken, former)]
        self.branches[number] = [a + b for a, b in zip(*padded)]

    def line(self, number):
        return self.text[number - 1].strip()

    def unrun_lines(self):
        return [number for number, count in sorted(self.runs.items()) if count == 0]

    def written_branches(self):
        """Not those at a closing brace, which come from destructors."""
        return {number: taken for number, taken in self.branches.items()
                if len(taken) > 1 and self.line(number).strip("};) ")}


def read_counters(build):
    """gcov's own report of every object, summed up for each file of the engine."""
    data = sorted(str(path) for path in build.rglob("*.gcda"))
    if not data:
        sys.exit(f"coverage: {build} has counted nothing")
    sources = {}
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["gcov", "--json-format", "--branch-probabilities", "--hash-filenames", *data], cwd=folder, check=True,
                       stdout=subprocess.DEVNULL)
        for report in pathlib.Path(folder).glob("*.gcov.json.gz"):
            with gzip.open(report) as file:
                add_report(sources, json.load(file))
    return [sources[path] for path in sorted(sources)]


def add_report(sources, report):
    for file in report["files"]:
        path = pathlib.Path(report["current_working_directory"], file["file"]).resolve()
        if ROOT / "src/engine" not in path.parents:
            continue
        name = str(path.relative_to(ROOT))
        if name not in sources:
            sources[name] = source(name)
        for line in file["lines"]:
            sources[name].add(line)


def read_exclusions():
    """FILE: KIND: TEXT OF THE LINE, with the reason in the comment before it; KIND is line, branch or chance."""
    listed = set()
    for text in (ROOT / LIST).read_text().splitlines():
        if text.strip() and not text.startswith("#"):
            file, kind, line = text.split(": ", 2)
            listed.add((file, kind, line.strip()))
    return listed


class account:
    """What counts, what was run, and what is missing."""

    def __init__(self, sources, listed):
        self.sources, self.listed, self.used = sources, listed, set()
        self.rows = [self.row(each) for each in sources]

    def excluded(self, each, kind, number):
        found = self.listed & {(each.path, listed_as, each.line(number)) for listed_as in (kind, "chance")}
        self.used |= found
        return bool(found)

    def row(self, each):
        missing_lines = [n for n in each.unrun_lines() if not self.excluded(each, "line", n)]
        nr_lines = sum(1 for n in each.runs if each.runs[n] or n in missing_lines)
        branches = run_branches = 0
        missing_branches = []
        for number, taken in sorted(each.written_branches().items()):
            if each.runs[number] == 0 or (0 in taken and self.excluded(each, "branch", number)):
                continue  # of a line that was not run, the line is what is missing
            branches += len(taken)
            run_branches += sum(1 for count in taken if count)
            if 0 in taken:
                missing_branches.append(number)
        return each, nr_lines, missing_lines, branches, run_branches, missing_branches

    def unused(self):
        there = {(each.path, each.line(n)) for each in self.sources for n in each.runs}
        return sorted(entry for entry in self.listed - self.used
                      if entry[1] != "chance" or (entry[0], entry[2]) not in there)

    def lines(self):
        return sum(row[1] for row in self.rows), sum(row[1] - len(row[2]) for row in self.rows)

    def branches(self):
        return sum(row[3] for row in self.rows), sum(row[4] for row in self.rows)


def percent(part):
    return 100 * part[1] / part[0] if part[0] else 100.0


def print_account(found, show_branches):
    for each, nr_lines, missing_lines, branches, run_branches, missing_branches in found.rows:
        print(f"{each.path:36} lines {percent((nr_lines, nr_lines - len(missing_lines))):6.1f} %   "
              f"branches {percent((branches, run_branches)):6.1f} %")
        for number in missing_lines:
            print(f"    {each.path}:{number}: not run: {each.line(number)}")
        for number in missing_branches if show_branches else []:
            print(f"    {each.path}:{number}: one way only: {each.line(number)}")


def self_test():
    """Made-up counts: each kind of gap must be seen, and each kind of entry in the list of exclusions must work."""
    each = source.__new__(source)
    each.path, each.runs, each.branches = "a.cpp", collections.Counter(), {}
    each.text = ["if (x)", "return 1;", "return 2;", "}"]
    for number, count, taken in ((1, 5, [5, 0]), (2, 5, []), (3, 0, []), (4, 5, [5, 0])):
        branches = [{"count": n, "throw": False} for n in taken] + [{"count": 0, "throw": True}]
        each.add({"line_number": number, "count": count, "branches": branches})
    line, branch = ("a.cpp", "line", "return 2;"), ("a.cpp", "branch", "if (x)")
    results = [
        ("a line that was not run", percent(account([each], set()).lines()) == 75),
        ("a branch that was not taken", account([each], set()).branches() == (2, 1)),
        ("an excluded line", percent(account([each], {line}).lines()) == 100),
        ("an excluded branch", percent(account([each], {branch}).branches()) == 100),
        ("an exclusion that is run", account([each], {("a.cpp", "line", "return 1;")}).unused() != []),
        ("an exclusion in use", account([each], {line}).unused() == []),
        ("a line of chance that was not run", percent(account([each], {("a.cpp", "chance", "return 2;")}).lines()) == 100),
        ("a branch of chance that was not taken", percent(account([each], {("a.cpp", "chance", "if (x)")}).branches()) == 100),
        ("one of chance that was run", account([each], {("a.cpp", "chance", "return 1;")}).unused() == []),
        ("one of chance that is not there", account([each], {("a.cpp", "chance", "return 3;")}).unused() != []),
    ]
    for name, right in results:
        print(f"{'ok  ' if right else 'FAIL'} {name}")
    return 0 if all(right for _, right in results) else 1


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--least-lines", type=float, default=100.0)
    parser.add_argument("--least-branches", type=float, default=95.0)
    parser.add_argument("--show-branches", action="store_true", help="also the lines whose branches were not all taken")
    parser.add_argument("--part", action="store_true", help="not all tests have run: unused exclusions are no mistake")
    arguments = parser.parse_args()
    found = account(read_counters(arguments.build.resolve()), read_exclusions())
    print_account(found, arguments.show_branches)
    for entry in [] if arguments.part else found.unused():
        print(f"{LIST}: {': '.join(entry)}: is run, or no longer there")
    lines, branches = percent(found.lines()), percent(found.branches())
    print(f"engine: {found.lines()[1]} of {found.lines()[0]} lines ({lines:.2f} %), "
          f"{found.branches()[1]} of {found.branches()[0]} branches ({branches:.2f} %), {len(found.listed)} exclusions")
    enough = lines >= arguments.least_lines and branches >= arguments.least_branches
    return 0 if enough and (arguments.part or not found.unused()) else 1


if __name__ == "__main__":
    sys.exit(main())
