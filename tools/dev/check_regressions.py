#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each row of the tables of docs/verification/regressions.md names a test in its last cell, and each test that it names is
in tests/."""

import re

from cpp_text import finding, main

PAGE = "docs/verification/regressions.md"
TEST = re.compile(r"^(?:TYPED_)?TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", re.M)
HEAD_ENDS = "Test"


def tests_in(root):
    return {".".join(name) for path in sorted((root / "tests").rglob("*.cpp")) for name in TEST.findall(path.read_text())}


def rows(text):
    """(line number, last cell) of the tables whose last column is called so."""
    in_table = False
    for number, line in enumerate(text.splitlines(), 1):
        last = line.strip().removesuffix("|").split(" | ")[-1].strip()
        if not line.startswith("|"):
            in_table = False
        elif last == HEAD_ENDS:
            in_table = True
        elif in_table and not set(line) <= set("|-"):
            yield number, last


def check(root):
    page = root / PAGE
    there, findings, looked_at = tests_in(root), [], 0
    for number, cell in rows(page.read_text() if page.exists() else ""):
        looked_at += 1
        named = re.findall(r"`(\w+\.\w+)`", cell)
        sentences = [f"there is no test {name}" for name in named if name not in there]
        if not named:
            sentences.append("a fault without a test")
        findings += [finding(root, page, number, sentence) for sentence in sentences]
    return findings, looked_at


def tree_with(row):
    return {"tests/unit/a_test.cpp": "TEST(a, does_it) {}\nTEST_F(b,\n       does_it) {}\n",
            PAGE: "| What it did | Test |\n|---|---|\n" + row + "\n"}


CASES = [
    ("a test that is there passes", tree_with("| wrong | `a.does_it` |"), None),
    ("two tests, with a star", tree_with("| wrong | `a.does_it` *, `b.does_it` |"), None),
    ("a list below the table is no row", tree_with("| wrong | `a.does_it` |\n\n- `c.d` | x"), None),
    ("a test that is gone", tree_with("| wrong | `a.did_it` |"), ":3: there is no test a.did_it"),
    ("the second test is gone", tree_with("| wrong | `a.does_it`, `a.did_it` |"), "no test a.did_it"),
    ("a fault without a test", tree_with("| wrong | – |"), "without a test"),
]

if __name__ == "__main__":
    main(__doc__, check, CASES)
