#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Takes README.md's first ```cpp block and the ```text block that follows it: the example and its output, which the tests
compile, run and compare. Usage: readme_example.py README.md OUT.cpp OUT.txt"""

import pathlib
import re
import sys


def block(text, language, start=0):
    match = re.compile(rf"^```{language}\n(.*?)^```", re.M | re.S).search(text, start)
    if not match:
        sys.exit(f"README.md has no ```{language} block where the example should be")
    return match.group(1), match.end()


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    text = pathlib.Path(sys.argv[1]).read_text()
    code, end = block(text, "cpp")
    output, _ = block(text, "text", end)
    pathlib.Path(sys.argv[2]).write_text(code)
    pathlib.Path(sys.argv[3]).write_text(output)


if __name__ == "__main__":
    main()
