#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every relative link in the tree's Markdown files leads to a file of the tree, and every #anchor to a heading."""

import re

from cpp_text import finding, line_of, main

LINK = re.compile(r"\]\(([^)\s]+)\)")


def pages(root):
    found = [p for p in root.glob("*.md")]
    for folder in ("docs", "src", "tools", "tests", "benchmarks", "examples", "include"):
        found += (root / folder).rglob("*.md")
    return sorted(found)


def anchors(text):
    """The anchors of a page's headings, as Markdown viewers make them."""
    headings = re.findall(r"^#+[ \t]+(.+?)[ \t]*$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def without_code(text):
    return re.sub(r"^```.*?^```|`[^`\n]*`", lambda m: re.sub(r"[^\n]", " ", m.group(0)), text, flags=re.M | re.S)


def check(root):
    findings = []
    paths = pages(root)
    for path in paths:
        text = without_code(path.read_text())
        for match in LINK.finditer(text):
            target, _, anchor = match.group(1).partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            goal = (path.parent / target).resolve() if target else path
            if not goal.exists():
                findings.append(finding(root, path, line_of(text, match.start()), f"{target} is not there"))
            elif anchor and goal.suffix == ".md" and anchor not in anchors(goal.read_text()):
                findings.append(finding(root, path, line_of(text, match.start()), f"{match.group(1)}: no such heading"))
    return findings, len(paths)


CASES = [
    ("good links pass", {"README.md": "[a](docs/a.md#the-end) [b](https://example.org/x) [c](docs) `[d](gone)`\n",
                         "docs/a.md": "## The end\n[up](../README.md)\n"}, None),
    ("a file that is not there", {"README.md": "text\n[a](docs/gone.md)\n"}, "README.md:2: docs/gone.md is not there"),
    ("a heading that is not there", {"README.md": "[a](#gone)\n"}, "no such heading"),
    ("a page in a folder", {"docs/a.md": "[a](b.md)\n"}, "docs/a.md:1"),
]

if __name__ == "__main__":
    main(__doc__, check, CASES)
