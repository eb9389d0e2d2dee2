#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that wrong uses of cmwq are compile errors, with a message a person understands.

    run.py COMPILER INCLUDE_DIR CASES_DIR

Each CASES_DIR/*.cpp holds one mistake and the regular expression of the message in a line "// expect: REGEX". It is
compiled twice: with -DCMWQ_CONTROL, which corrects the mistake, it must compile; without, it must fail, and the first
error must be the expected one, because that is the one people read.
"""

import os
import pathlib
import re
import subprocess
import sys

FLAGS = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]


def compile_case(command, source, *more):
    english = {**os.environ, "LC_ALL": "C"}
    return subprocess.run([*command, *more, str(source)], capture_output=True, text=True, check=False, env=english)


def first_error(output):
    """The first error with the line that continues it: a compiler may wrap the sentence."""
    lines = output.splitlines()
    for number, line in enumerate(lines):
        if "error:" in line:
            return "\n".join(lines[number : number + 2])
    return ""


def check(command, source):
    """What is wrong with this case, or None."""
    expected = re.findall(r"^// expect: (.+)$", source.read_text(encoding="utf-8"), re.MULTILINE)
    if not expected:
        return "no line '// expect: REGEX'"
    control = compile_case(command, source, "-DCMWQ_CONTROL")
    if control.returncode != 0:
        return "the corrected program does not compile:\n" + control.stderr
    wrong = compile_case(command, source)
    if wrong.returncode == 0:
        return "the wrong program compiles"
    if not all(re.search(regex, first_error(wrong.stderr)) for regex in expected):
        return f"the first error is not {expected}:\n" + wrong.stderr
    return None


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    compiler, include, cases = sys.argv[1:]
    sources = sorted(pathlib.Path(cases).glob("*.cpp"))
    failed = 0
    for source in sources:
        problem = check([compiler, *FLAGS, f"-I{include}"], source)
        print(f"{'FAIL' if problem else 'ok'}  {source.stem}" + (f": {problem}" if problem else ""), flush=True)
        failed += problem is not None
    print(f"{len(sources)} cases, {failed} failed")
    return 1 if failed or not sources else 0


if __name__ == "__main__":
    sys.exit(main())
