# SPDX-License-Identifier: Apache-2.0
"""What every check in this folder shares: the tree, C++ source with its comments and strings blanked, and a main() whose
--self-test proves that the check can fail."""

import argparse
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SUFFIXES = {".hpp", ".cpp", ".h"}


def files_below(root, *folders):
    """The C++ files below the given folders of `root`, sorted, without build trees."""
    found = []
    for folder in folders:
        base = root / folder
        if base.is_dir():
            found += [p for p in base.rglob("*") if p.suffix in SUFFIXES and p.is_file()]
    return sorted(found)


def blank(text):
    """Spaces in place of the characters, newlines kept, so that offsets and line numbers stay true."""
    return "".join("\n" if c == "\n" else " " for c in text)


def end_of_literal(text, start):
    """The index behind the string or character literal that opens at `start`."""
    quote = text[start]
    i = start + 1
    while i < len(text) and text[i] != quote and text[i] != "\n":
        i += 2 if text[i] == "\\" else 1
    return min(i + 1, len(text))


def end_of_raw_string(text, start):
    """The index behind the raw string literal whose opening quote stands at `start`."""
    opening = text.index("(", start)
    closing = text.find(")" + text[start + 1:opening] + '"', opening)
    return len(text) if closing < 0 else closing + (opening - start) + 1


def split_code(text):
    """(code, comments): the same text twice, once with comments and literals blanked, once with all but comments blanked."""
    code, comments = [], []

    def put(piece, is_code, is_comment):
        code.append(piece if is_code else blank(piece))
        comments.append(piece if is_comment else blank(piece))

    i = 0
    while i < len(text):
        if text.startswith("//", i):
            end = text.find("\n", i)
            end = len(text) if end < 0 else end
            put(text[i:end], False, True)
        elif text.startswith("/*", i):
            end = text.find("*/", i)
            end = len(text) if end < 0 else end + 2
            put(text[i:end], False, True)
        elif text.startswith('R"', i) and (i == 0 or not (text[i - 1].isalnum() or text[i - 1] == "_")):
            end = end_of_raw_string(text, i + 1)
            put(text[i:end], False, False)
        elif text[i] == '"' or (text[i] == "'" and not (i and text[i - 1].isalnum())):
            end = end_of_literal(text, i)
            put(text[i:end], False, False)
        else:
            end = i + 1
            put(text[i:end], True, False)
        i = end
    return "".join(code), "".join(comments)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def code_only(text):
    return split_code(text)[0]


def finding(root, path, line, message):
    return f"{path.relative_to(root).as_posix()}:{line}: {message}"


def write_tree(folder, files):
    """Writes {relative path: text} below `folder`."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def run_self_test(check, cases):
    """Each case: (what it shows, {path: text}, expected part of a finding or None for a clean tree)."""
    failed = 0
    for title, files, expected in cases:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            write_tree(root, files)
            findings, _ = check(root)
        good = not findings if expected is None else any(expected in f for f in findings)
        if not good:
            failed += 1
            print(f"self-test failed: {title}\n  expected: {expected}\n  found: {findings}")
    print(f"self-test: {len(cases) - failed} of {len(cases)} cases as expected")
    return 1 if failed or not cases else 0


def main(description, check, cases):
    """check(root) returns (findings, how many things it looked at). Nothing looked at is a failure, too."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--self-test", action="store_true", help="show on small made-up trees that the check can fail")
    parser.add_argument("--root", type=pathlib.Path, default=ROOT, help="the tree to check (default: this one)")
    options = parser.parse_args()
    if options.self_test:
        sys.exit(run_self_test(check, cases))
    findings, looked_at = check(options.root.resolve())
    for text in findings:
        print(text)
    print(f"{looked_at} checked, {len(findings)} findings")
    if not looked_at:
        print("nothing was checked: the check looks in the wrong place")
    sys.exit(1 if findings or not looked_at else 0)
