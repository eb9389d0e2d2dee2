#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/reference/configuration.md says of each environment variable what the engine's table says, and names every option
of runtime_options."""

import re

from cpp_text import code_only, finding, main

TABLE = "src/engine/environment.cpp"
OPTIONS = "include/cmwq/runtime.hpp"
PAGE = "docs/reference/configuration.md"

LINE = re.compile(r"^ *line<&options::(\w+),[^(]*\(\s*\"(\w+)\",\s*\"(\w+)\",\s*\"([^\"]*)\",\s*\"([^\"]*)\"\)", re.M)
ROW = re.compile(r"^\| `(CMWQ_\w+)` \| `(\w+)` \| ([^|]*?) \| ([^|]*?) \|", re.M)


def members(header):
    """The names of runtime_options' data members."""
    body = re.search(r"struct runtime_options \{(.*?)^\};", code_only(header), re.S | re.M)
    return re.findall(r"^    [\w:<>*]+ (\w+) = ", body.group(1), re.M) if body else []


def check(root):
    table, page = root / TABLE, root / PAGE
    if not table.exists() or not page.exists():
        return [finding(root, page, 1, "the table in the sources, or the page about it, is not there")], 0
    told = {m.group(1): m.groups()[1:] for m in ROW.finditer(page.read_text())}
    findings = []
    lines = LINE.findall(table.read_text())
    for member, variable, option, takes, default in lines:
        if member != option:
            findings.append(finding(root, table, 1, f"{variable}: the line is about {member} and says {option}"))
        if variable not in told:
            findings.append(finding(root, page, 1, f"{variable} is not on the page"))
        elif told[variable] != (option, takes, default):
            findings.append(finding(root, page, 1, f"{variable}: the page has {told[variable]}, "
                                                   f"the sources have {(option, takes, default)}"))
    for variable in told.keys() - {variable for _, variable, *_ in lines}:
        findings.append(finding(root, page, 1, f"{variable} is on the page and not in the sources"))
    for member in members((root / OPTIONS).read_text()):
        if f"`{member}`" not in page.read_text():
            findings.append(finding(root, page, 1, f"runtime_options::{member} is not on the page"))
    return findings, len(lines)


SOURCE = 'constexpr tunable table[] = {\n    line<&options::a, any>("CMWQ_A", "a", "1 to 2", "1"),\n};\n'
HEADER = "struct runtime_options {\n    int a = 1;\n};\n"

CASES = [
    ("the same on both sides passes", {TABLE: SOURCE, OPTIONS: HEADER, PAGE: "| `CMWQ_A` | `a` | 1 to 2 | 1 | x |\n"}, None),
    ("another default", {TABLE: SOURCE, OPTIONS: HEADER, PAGE: "| `CMWQ_A` | `a` | 1 to 2 | 2 | x |\n"}, "CMWQ_A: the page has"),
    ("a variable that is missing", {TABLE: SOURCE, OPTIONS: HEADER, PAGE: "`a`\n"}, "CMWQ_A is not on the page"),
    ("a variable that is gone", {TABLE: SOURCE, OPTIONS: HEADER,
                                 PAGE: "| `CMWQ_A` | `a` | 1 to 2 | 1 | x |\n| `CMWQ_B` | `b` | 1 | 1 | x |\n"},
     "CMWQ_B is on the page and not in the sources"),
    ("an option that is missing", {TABLE: SOURCE, OPTIONS: "struct runtime_options {\n    int a = 1;\n    int c = 1;\n};\n",
                                   PAGE: "| `CMWQ_A` | `a` | 1 to 2 | 1 | x |\n"}, "runtime_options::c is not on the page"),
]

if __name__ == "__main__":
    main(__doc__, check, CASES)
