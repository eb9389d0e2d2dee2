#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every test that docs/kernel-map.md names in a column "Shown by" exists: behind "both:" in tests/rows, behind "model:" in
tests/model, else elsewhere in tests. A row that says same, better or beyond is shown on the machine and on the model: by a
test in tests/rows, or by one of each; what only the compiler can show, by its own tests."""

import re

from cpp_text import finding, main

PAGE = "docs/kernel-map.md"
TEST = re.compile(r"^(?:TYPED_)?TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", re.M)
BY_THE_COMPILER = re.compile(r"`(compile_fail/|has_work_test\.)")
IMPLEMENTED = re.compile(r"same|better|beyond")
PLACES = {"": "tests", "model": "tests/model", "both": "tests/rows"}


def place_of(path):
    """What stands before the tests of that file in a cell."""
    return {"model": "model", "rows": "both"}.get(path.parts[1], "")


def tests_by_place(root):
    found = {place: set() for place in PLACES}
    for path in sorted((root / "tests").rglob("*.cpp")):
        tests = found[place_of(path.relative_to(root))]
        tests |= {f"{suite}.{name}" for suite, name in TEST.findall(path.read_text())}
    found[""] |= {f"compile_fail/{path.name}" for path in (root / "tests/compile_fail").glob("*.cpp")}
    return found


def cells_of(line):
    return [cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split(" | ")]


def rows(text):
    """(line number, cells, how many cells the head has) of the tables that have the column."""
    head = None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("|"):
            head = None
        elif cells_of(line)[-1] == "Shown by":
            head = len(cells_of(line))
        elif head is not None and not set(line) <= set("|-"):
            yield number, cells_of(line), head


def named_tests(cell):
    """{"": […], "model": […], "both": […]} of "`a.b`; model: `c.d`; both: `e.f`"."""
    named = {}
    for part in re.split(r";\s*(?=(?:model|both):)", cell):
        place, colon, tests = part.partition(":")
        if not colon or place not in PLACES:
            place, tests = "", part
        named[place] = re.findall(r"`([^`]+)`", tests)
    return named


def is_shown(named, cell):
    return named.get("both") or (named.get("") and named.get("model")) or BY_THE_COMPILER.search(cell)


def check_row(cells, there):
    """The findings of one row as sentences."""
    *_, status, cell = cells
    named = named_tests(cell)
    for place, tests in named.items():
        yield from (f"there is no test {name} in {PLACES[place]}" for name in tests if name not in there[place])
    if IMPLEMENTED.match(status) and not is_shown(named, cell):
        yield f'says "{status.split()[0].rstrip(":;")}" and is not shown on both the machine and the model'


def check(root):
    page = root / PAGE
    findings, looked_at = [], 0
    there = tests_by_place(root)
    for number, cells, head in rows(page.read_text() if page.exists() else ""):
        looked_at += 1
        sentences = check_row(cells, there) if len(cells) == head else ["has not as many cells as its head"]
        findings += [finding(root, page, number, sentence) for sentence in sentences]
    return findings, looked_at


HEAD = "| Kernel | cmwq | Status | Shown by |\n|---|---|---|---|\n"
TREE = {
    "tests/contract/a_test.cpp": "TEST(a, does_it) {}\n",
    "tests/model/b_test.cpp": "TEST_F(b, does_it) {}\n",
    "tests/rows/c_test.cpp": "TEST(c, does_it) {}\n",
    "tests/compile_fail/d.cpp": "",
}


def tree_with(row, head=HEAD):
    return TREE | {PAGE: head + row + "\n"}


CASES = [
    ("tests that are there pass", tree_with("| x | y | same | `a.does_it`; model: `b.does_it` |"), None),
    ("a test on both passes", tree_with("| x | y | better: so | both: `c.does_it` |"), None),
    ("all three pass", tree_with("| x | y | beyond | `a.does_it`; model: `b.does_it`; both: `c.does_it` |"), None),
    ("what only the compiler can show passes", tree_with("| x | y | better | `compile_fail/d.cpp` |"), None),
    ("what will not come needs none", tree_with("| x | – | absent: no | – |"), None),
    ("a table of other columns", tree_with("| x | y | z | same | both: `c.does_it` |",
                                      "| x | y | z | Status | Shown by |\n|---|---|---|---|---|\n"), None),
    ("a test that is gone", tree_with("| x | y | same | `a.did_it`; both: `c.does_it` |"), ":3: there is no test a.did_it"),
    ("a model test that is none", tree_with("| x | y | same | model: `a.does_it` |"), "no test a.does_it in tests/model"),
    ("a test on both that is on one", tree_with("| x | y | same | both: `a.does_it` |"), "no test a.does_it in tests/rows"),
    ("a claim without a test", tree_with("| x | y | better | – |"), "is not shown on both"),
    ("shown on the machine only", tree_with("| x | y | same | `a.does_it` |"), "is not shown on both"),
    ("shown on the model only", tree_with("| x | y | same | model: `b.does_it` |"), "is not shown on both"),
    ("a row that lacks a cell", tree_with("| x | y | same |"), "not as many cells"),
]

if __name__ == "__main__":
    main(__doc__, check, CASES)
