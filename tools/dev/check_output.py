#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a program and compares its standard output with a file; it must also exit with 0 and write nothing to standard error.
Without the file (--any) only exit status and standard error count.
Usage: check_output.py EXPECTED|--any PROGRAM [ARGUMENT...] | --self-test"""

import difflib
import pathlib
import subprocess
import sys
import tempfile


def compare(expected, command):
    """What is wrong with the program's behaviour, as text; empty when nothing is."""
    done = subprocess.run(command, capture_output=True, text=True)
    wrong = ""
    if done.returncode != 0:
        wrong += f"exit status {done.returncode}\n"
    if done.stderr:
        wrong += "standard error:\n" + done.stderr
    if expected is not None and done.stdout != expected:
        wrong += "".join(difflib.unified_diff(expected.splitlines(True), done.stdout.splitlines(True), "expected", "printed"))
    return wrong


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / "program"
        program.write_text("#!/bin/sh\necho hello\n[ -z \"$1\" ] || echo oops >&2\nexit ${2:-0}\n")
        program.chmod(0o755)
        cases = [("hello\n", [], ""), (None, [], ""), ("hallo\n", [], "-hallo"), ("hello\n", ["x"], "standard error"),
                 (None, ["", "3"], "exit status 3"), ("", [], "+hello")]
        failed = 0
        for expected, arguments, wanted in cases:
            found = compare(expected, [str(program), *arguments])
            if bool(found) != bool(wanted) or wanted not in found:
                failed += 1
                print(f"self-test failed: {expected!r} {arguments}: {found}")
    print(f"self-test: {len(cases) - failed} of {len(cases)} cases as expected")
    return 1 if failed else 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    expected = None if sys.argv[1] == "--any" else pathlib.Path(sys.argv[1]).read_text()
    wrong = compare(expected, sys.argv[2:])
    print(wrong or "as expected")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
