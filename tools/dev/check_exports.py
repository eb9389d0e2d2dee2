#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares what the shared library exports with abi/exports-v1.txt, sorted and demangled.

A line that disappears breaks programs; a line that appears is a promise. Both are decided by a person, who then runs
    tools/dev/check_exports.py LIBRARY --update"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

LIST = pathlib.Path(__file__).resolve().parents[2] / "abi" / "exports-v1.txt"
HEADER = "# What libcmwq.so exports. Written by tools/dev/check_exports.py --update.\n"


def exported(library):
    """(cmwq's symbols, symbols that are nobody's business), both sorted. Inline code of the standard library is neither."""
    table = subprocess.run(["nm", "-D", "--defined-only", "--demangle", str(library)], check=True, capture_output=True,
                           text=True).stdout
    ours, foreign = set(), set()
    for line in table.splitlines():
        kind, name = line[17:18], line[19:].split("@@")[0].strip()
        if name.startswith("cmwq_") or ("cmwq::" in name.split("(")[0] and not name.startswith("std::")):
            ours.add(name)
        elif kind not in "VWuw" and name:
            foreign.add(name)
    return sorted(ours), sorted(foreign)


def read_list(path):
    return [line for line in path.read_text().splitlines() if line and not line.startswith("#")] if path.is_file() else []


def compare(library, listed_in):
    ours, foreign = exported(library)
    listed = read_list(listed_in)
    findings = [f"no longer exported: {name}" for name in listed if name not in set(ours)]
    findings += [f"exported, but not in {listed_in.name}: {name}" for name in ours if name not in set(listed)]
    findings += [f"exported, but not of this library: {name}" for name in foreign]
    if not ours:
        findings.append(f"{library} exports nothing of cmwq")
    if listed != sorted(listed):
        findings.append(f"{listed_in.name} is not sorted")
    return findings, len(ours)


def self_test():
    source = ('namespace cmwq { inline namespace v1 { __attribute__((visibility("default"))) int kept() { return 1; }'
              ' int hidden() { return 2; } } }'
              ' extern "C" __attribute__((visibility("default"))) int stray() { return 3; }')
    with tempfile.TemporaryDirectory() as folder:
        here = pathlib.Path(folder)
        (here / "a.cpp").write_text(source)
        subprocess.run(["c++", "-shared", "-fPIC", "-fvisibility=hidden", "-o", here / "a.so", here / "a.cpp"], check=True)
        (here / "full.txt").write_text("cmwq::v1::kept()\n")
        (here / "less.txt").write_text("")
        (here / "more.txt").write_text("cmwq::v1::gone()\ncmwq::v1::kept()\n")
        cases = [("full.txt", "not of this library: stray", "exported, but not in"),
                 ("less.txt", "not in less.txt: cmwq::v1::kept()", "hidden"),
                 ("more.txt", "no longer exported: cmwq::v1::gone()", "not in more.txt")]
        failed = 0
        for name, wanted, unwanted in cases:
            found = "\n".join(compare(here / "a.so", here / name)[0])
            if wanted not in found or unwanted in found:
                failed += 1
                print(f"self-test failed with {name}:\n{found}")
    print(f"self-test: {len(cases) - failed} of {len(cases)} cases as expected")
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", nargs="?", type=pathlib.Path, help="the shared library")
    parser.add_argument("--update", action="store_true", help="write the list instead of comparing with it")
    parser.add_argument("--self-test", action="store_true", help="show that the check can fail")
    options = parser.parse_args()
    if options.self_test:
        return self_test()
    if options.library is None:
        parser.error("which shared library?")
    if options.update:
        LIST.write_text(HEADER + "".join(name + "\n" for name in exported(options.library)[0]))
        return 0
    findings, looked_at = compare(options.library, LIST)
    for text in findings:
        print(text)
    print(f"{looked_at} exports checked, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
