#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every test that docs/kernel-map.md names in a column "Shown by" exists: behind "model:" in tests/model, else elsewhere in
tests. A row that says same or better and has that cell names one."""

import re

from cpp_text import finding, main

PAGE = "docs/kernel-map.md"
TEST = re.compile(r"^(?:TYPED_)?TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", re.M)


def tests_below(root, model):
    found = set()
    for path in sorted((root / "tests").rglob("*.cpp")):
        if ("model" in path.relative_to(root).parts) == model:
            found |= {f"{suite}.{name}" for suite, name in TEST.findall(path.read_text())}
    return found | (set() if model else {f"compile_fail/{p.name}" for p in (root / "tests/compile_fail").glob("*.cpp")})


def rows(text):
    """(line number, cells) of the tables that have the column."""
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        cells = [cell.strip() for cell in line.strip("|\n").split(" | ")] if line.startswith("|") else []
        if not cells:
            inside = False
        elif cells[-1] == "Shown by":
            inside = True
        elif inside and not set(line) <= set("|-"):
            yield number, cells


def check(root):
    page = root / PAGE
    findings, looked_at = [], 0
    on_machine, on_model = tests_below(root, False), tests_below(root, True)
    for number, cells in rows(page.read_text() if page.exists() else ""):
        looked_at += 1
        if len(cells) < 4:
            continue
        machine, _, model = cells[3].partition("model:")
        for part, there in ((machine, on_machine), (model, on_model)):
            findings += [finding(root, page, number, f"there is no test {name}")
                         for name in re.findall(r"`([^`]+)`", part) if name not in there]
        if re.match(r"same|better", cells[2]) and "`" not in cells[3]:
            findings.append(finding(root, page, number, "says same or better and names no test"))
    return findings, looked_at


HEAD = "| Kernel | cmwq | Status | Shown by |\n|---|---|---|---|\n"
TREE = {"tests/contract/a_test.cpp": "TEST(a, does_it) {}\n", "tests/model/b_test.cpp": "TEST_F(b, does_it) {}\n"}

CASES = [
    ("tests that are there pass", TREE | {PAGE: HEAD + "| x | y | same | `a.does_it`; model: `b.does_it` |\n"}, None),
    ("what will not come needs none", TREE | {PAGE: HEAD + "| x | – | absent: no | – |\n"}, None),
    ("a test that is gone", TREE | {PAGE: HEAD + "| x | y | same | `a.did_it` |\n"}, ":3: there is no test a.did_it"),
    ("a model test that is none", TREE | {PAGE: HEAD + "| x | y | same | model: `a.does_it` |\n"}, "no test a.does_it"),
    ("a claim without a test", TREE | {PAGE: HEAD + "| x | y | better | – |\n"}, "names no test"),
]

if __name__ == "__main__":
    main(__doc__, check, CASES)
