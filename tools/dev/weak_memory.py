#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Weakens each ordered operation of the engine in turn and looks for a scenario that then fails.

  weak_memory.py --explore BINARY [--only ID] [--schedules N] [--jobs N]   makes tests/weak/sites.txt anew; long
  weak_memory.py --replay BINARY [--most N]   some recorded kills once more: each must fail again
  weak_memory.py                              does the table fit the sources? In a second
  weak_memory.py --self-test

BINARY is weak_tests (tests/weak). A line of the table: note, file, operation, own order>weaker order, verdict.
  killed TEST SCHEDULES SENTENCE  the test failed after so many schedules
  stays REASON                    no test fails, and the order stays for that reason; written by hand, kept from table to
                                  table
  survived SCHEDULES              no test fails in so many schedules each, and nobody has said why: a finding
  unreached                       no test comes by: likewise"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from check_notes import (ACCESS, ORDERED, OWES_NO_NOTE, argument_text, is_declaration, notes_in, notes_near,
                         statement_start)
from cpp_text import files_below, line_of, split_code

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLE = "tests/weak/sites.txt"
LOAD = {"seq_cst": ["acquire"], "acquire": ["relaxed"]}
STORE = {"seq_cst": ["release"], "release": ["relaxed"]}
MODIFY = {"seq_cst": ["acq_rel"], "acq_rel": ["acquire", "release"], "acquire": ["relaxed"], "release": ["relaxed"]}
FENCE = {"fence": ["none"]}


class Site:
    """One operation, and one weaker order for it."""

    def __init__(self, note, path, operation, first, last, own, weaker):
        self.note, self.path, self.operation = note, path, operation
        self.first, self.last, self.own, self.weaker = first, last, own, weaker

    @property
    def key(self):
        return f"{self.note} {pathlib.PurePosixPath(self.path).name} {self.operation} {self.own}>{self.weaker}"

    def weakening(self):
        order = "relaxed" if self.weaker == "none" else self.weaker
        failure = ":failure" if self.operation.endswith("/failure") else ""
        return f"{self.path}:{self.first}-{self.last}:{order}{failure}"


def weaker_orders(operation):
    if operation.startswith("fence_"):
        return FENCE
    return {"load": LOAD, "store": STORE}.get(operation, LOAD if operation.endswith("/failure") else MODIFY)


def without_calls(arguments):
    """Without what stands in further parentheses: the orders of loads inside are not those of this operation."""
    depth, own = 0, []
    for character in arguments:
        depth -= character == ")"
        if depth <= 1:
            own.append(character)
        depth += character == "("
    return "".join(own)


def operations(code):
    """(offset, end, operation, order) of each ordered operation."""
    for match in ACCESS.finditer(code):
        arguments = argument_text(code, match.end() - 1)
        found = re.findall(r"\bmemory_order(?:_|::)(\w+)", without_calls(arguments))
        end = match.end() - 1 + len(arguments)
        if found:
            yield match.start(), end, match.group(1), found[0]
        if len(found) > 1:
            yield match.start(), end, match.group(1) + "/failure", found[1]
    for match in ORDERED.finditer(code):
        name = match.group(2)
        if name and name not in (OWES_NO_NOTE, "fence_compiler") and not is_declaration(code, match):
            yield match.start(), match.end(), name, "fence"


def sites_of(root, path):
    code, comments = split_code(path.read_text())
    notes = notes_in(path, comments)
    for offset, end, operation, own in operations(code):
        first, last = line_of(code, statement_start(code, offset)), line_of(code, end)
        near = notes_near(notes, first, last) or notes_near(notes, line_of(code, offset), last)
        ident = near[-1].ident if near else "-"
        # Of several notes above one statement, each speaks for the operation that follows it.
        own_line = line_of(code, offset)
        before = [n for n in near if n.line <= own_line]
        if before:
            ident = before[-1].ident
        relative = path.relative_to(root).as_posix()
        # Of std::atomic in a public header the instrumentation knows no line (tests/weak/plain_accesses.cpp).
        lines = (1, 1) if relative.startswith("include/") else (own_line, last)
        for weaker in weaker_orders(operation).get(own, []):
            yield Site(ident, relative, operation, *lines, own, weaker)


def all_sites(root):
    found = []
    for path in files_below(root, "include", "src/engine"):
        found += sites_of(root, path)
    return sorted(found, key=lambda site: (re.sub(r"\d+", lambda n: n.group().zfill(4), site.note), site.key))


def read_table(root):
    """key -> verdict; a key that occurs twice is one operation per occurrence, in order."""
    path = root / TABLE
    verdicts = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        if line and not line.startswith("#"):
            fields = line.split(None, 4)
            verdicts.setdefault(" ".join(fields[:4]), []).append(fields[4] if len(fields) == 5 else "")
    return verdicts


def write_table(root, rows):
    counts = count(verdict for _, verdict in rows)
    lines = ["# Each ordered operation of the engine, weakened by one step: which test fails then. Made by",
             "# tools/dev/weak_memory.py --explore; what the verdicts mean is said there.",
             "# " + ", ".join(f"{number} {word}" for word, number in counts.items()), ""]
    lines += [f"{site.key} {verdict}" for site, verdict in rows]
    (root / TABLE).write_text("\n".join(lines) + "\n")


def count(verdicts):
    counts = {"killed": 0, "stays": 0, "survived": 0, "unreached": 0}
    for verdict in verdicts:
        counts[verdict.split()[0]] += 1
    return counts


# ---- running -------------------------------------------------------------------------------------------------------

def run(binary, tests, schedules, limit, **environment):
    """(exit status or None for too long, output)"""
    command = [binary, "--gtest_fail_fast", "--gtest_filter=" + ":".join(tests)]
    env = dict(os.environ, CMWQ_MODEL_SCHEDULES=str(schedules), **environment)
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=limit, errors="replace")
        return done.returncode, done.stdout + done.stderr
    except subprocess.TimeoutExpired:
        return None, ""


def tests_by_site(binary, tests):
    """{(file suffix, line): [test…]}, cheapest test first, from one short run without any weakening."""
    with tempfile.NamedTemporaryFile(mode="r") as file:
        status, output = run(binary, tests, 20, 1800, CMWQ_WEAK_SITES=file.name)
        if status != 0:
            sys.exit("a test fails although nothing is weakened:\n" + output[-3000:])
        reached = [line.split() for line in file.read().splitlines()]
    times = {name: int(ms) for name, ms in re.findall(r"\[       OK \] (\S+) \((\d+) ms\)", output)}
    by_site = {}
    for name, *places in sorted(reached, key=lambda words: times.get(words[0], 0)):
        for place in places:
            file, line = place.rsplit(":", 1)
            by_site.setdefault((os.path.normpath(file), int(line)), []).append(name)
    return by_site


def tests_for(site, by_site):
    found = []
    for (file, line), tests in by_site.items():
        if file.endswith(site.path) and site.first <= line <= site.last:
            found += [test for test in tests if test not in found]
    return found


def sentence_of(output):
    found = re.search(r"^cmwq model: (.*)$", output, re.M)
    text = found.group(1) if found else "the process ended"
    return re.sub(r", not ordered after.*| \(address.*", "", re.sub(r" at 0x[0-9a-f]+|thread \d+ ", "", text))


def verdict_on(site, by_site, binary, schedules, limit):
    tests = tests_for(site, by_site)
    if not tests:
        return "unreached"
    for test in tests:
        status, output = run(binary, [test], schedules, limit, CMWQ_MODEL_WEAKEN=site.weakening())
        if status not in (0, None):
            after = re.search(r"after (\d+) schedules", output)
            return f"killed {test} {after.group(1) if after else '?'} {sentence_of(output)}"
    return f"survived {schedules}"


def explore(arguments):
    """The table is written at the end only."""
    known = read_table(ROOT)
    sites = all_sites(ROOT)
    chosen = [site for site in sites if not arguments.only or site.note.startswith(arguments.only)]
    by_site = tests_by_site(arguments.explore, arguments.tests.split(":"))

    def judged(site):
        verdict = verdict_on(site, by_site, arguments.explore, arguments.schedules, arguments.limit)
        print(site.key, verdict, flush=True)
        return verdict

    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        fresh = dict(zip(map(id, chosen), pool.map(judged, chosen)))
    rows = []
    for site in sites:
        former = known.get(site.key, [])
        said = former.pop(0) if former else "survived 0"
        verdict = fresh.get(id(site), said)
        rows.append((site, said if verdict.startswith(("survived", "unreached")) and said.startswith("stays") else verdict))
    write_table(ROOT, rows)
    print(count(verdict for _, verdict in rows))
    return 0


def replay(arguments):
    """Not by seed: any change of the engine shifts the schedules. In ten times as many as it took, but 100 at least."""
    known = read_table(ROOT)
    rows = [(site, known[site.key].pop(0)) for site in all_sites(ROOT) if known.get(site.key)]
    killed = [(site, verdict.split()) for site, verdict in rows if verdict.startswith("killed")]
    quick = [(site, words) for site, words in killed if words[2].isdigit() and int(words[2]) <= 20]
    sample = quick[::max(1, len(quick) // arguments.most)]
    missed = []
    for site, words in sample:
        status, _ = run(arguments.replay, [words[1]], max(100, 10 * int(words[2])), 60,
                        CMWQ_MODEL_WEAKEN=site.weakening())
        if status == 0:
            missed.append(f"{site.path}:{site.first}: {site.key}: {words[1]} does not fail any more")
    for line in missed:
        print(line)
    print(f"{len(sample)} of {len(killed)} kills replayed, {len(missed)} missed")
    return 1 if missed or not sample else 0


# ---- the table -----------------------------------------------------------------------------------------------------

def check(root):
    findings = []
    sites, known = all_sites(root), read_table(root)
    wanted = [site.key for site in sites]
    for site in sites:
        if len(known.get(site.key, [])) < wanted.count(site.key):
            findings.append(f"{site.path}:{site.first}: '{site.key}' is not in {TABLE}")
    for key, verdicts in known.items():
        if len(verdicts) > wanted.count(key):
            findings.append(f"{TABLE}: '{key}' is no longer in the sources")
        for verdict in verdicts:
            if re.match(r"survived \d+$|unreached$", verdict):
                findings.append(f"{TABLE}: '{key}' {verdict}: no test fails, and nobody says why it stays")
            elif not re.match(r"killed \S+ \S+ .|stays \S+ .", verdict):
                findings.append(f"{TABLE}: '{key}': '{verdict}' is no verdict")
    return findings, sites, known


SOURCE = """// sync w.1: release-store; pairs with w.2
a.store(1, std::memory_order_release);
"""
ROW = "w.1 a.cpp store release>relaxed "
CASES = [
    ("a killed site passes", ROW + "killed payload.x 3 a sentence", None),
    ("a site that is missing", "", "is not in"),
    ("a site that stays passes", ROW + "stays for a reason", None),
    ("a site that is gone", ROW + "stays for it\nw.9 a.cpp load acquire>relaxed stays for it", "no longer in the sources"),
    ("no test fails, and no reason", ROW + "survived 100", "nobody says why"),
    ("no test comes by, and no reason", ROW + "unreached", "nobody says why"),
    ("a verdict that is none", ROW + "perhaps", "is no verdict"),
    ("a reason is needed", ROW + "stays", "is no verdict"),
]


def self_test():
    wrong = 0
    for name, rows, wanted in CASES:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "src/engine").mkdir(parents=True)
            (root / "tests/weak").mkdir(parents=True)
            (root / "src/engine/a.cpp").write_text(SOURCE)
            (root / TABLE).write_text(rows + "\n")
            findings, _, _ = check(root)
        right = not findings if wanted is None else any(wanted in finding for finding in findings)
        wrong += not right
        print(f"{'ok' if right else 'WRONG'}: {name}")
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--explore", metavar="BINARY")
    parser.add_argument("--replay", metavar="BINARY")
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("--only", default="", help="notes whose id begins so")
    parser.add_argument("--tests", default="*", help="as --gtest_filter")
    parser.add_argument("--schedules", type=int, default=100)
    parser.add_argument("--limit", type=int, default=60, help="seconds a test")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--most", type=int, default=12, help="kills to replay")
    arguments = parser.parse_args()
    if arguments.self_test:
        return self_test()
    if arguments.explore:
        return explore(arguments)
    if arguments.replay:
        return replay(arguments)
    findings, sites, known = check(ROOT)
    for finding in findings:
        print(finding)
    verdicts = count(verdict for rows in known.values() for verdict in rows) if not findings else ""
    print(f"{len(sites)} weakenings, {len(findings)} findings: {verdicts}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
