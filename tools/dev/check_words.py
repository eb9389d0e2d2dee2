#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Words and forms that the tree does not use: names that say nothing (CONTRIBUTING.md lists them), reserved identifiers,
members marked by prefix, macros of other projects' shape, paths of one machine, and files without their licence line."""

import re

from cpp_text import SUFFIXES, code_only, finding, line_of, main

FOLDERS = ("include", "src", "tests", "tools", "examples", "benchmarks", "integrations", "docs", "cmake", "scripts", ".ci")
TOP = ("CMakeLists.txt", "CMakePresets.json", "README.md", "CONTRIBUTING.md", "CHANGELOG.md")
EMPTY_WORDS = re.compile(r"\b(?:\w+_)?(?:utils?|helpers?|misc|manager2|process_data)(?:_\w+)?\b")
DO_NAMES = re.compile(r"\b(?:do_(?!not_)|handle_)\w+\b")
MEMBER_PREFIX = re.compile(r"\bm_[a-z]\w*|\bk[A-Z]\w*")
RESERVED = re.compile(r"(?<![\w#])_[A-Za-z]\w*\b|\b\w+__\w*\b|(?<!\w)__\w+")
FOREIGN_RESERVED = re.compile(
    r"^(?:__(?:builtin|tsan|asan|sanitizer|lsan|ubsan|has|cpp|cxa|attribute|GNUC|GLIBC|linux|x86_64|aarch64|i386|clang|SANITIZE"
    r"|NR|FILE|LINE|VA|extension|restrict|COUNTER|cplusplus|rseq|NO|SIZEOF|BYTE|ORDER|OPTIMIZE|EXCEPTIONS|SEG|fs|gs)"
    r"|_(?:GNU_SOURCE|LINUX_|exit|Exit|POSIX|SC_|mm_|PC_|_))|^[A-Z0-9]+(?:_[A-Z0-9]+)*__\w*$")
MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", re.M)
MACHINE_PATH = re.compile(r"(?<![\w./$}])/(?:work|root|home|Users)/\w|(?<![\w./$}])/tmp/(?!cmwq|X)\w")
LICENCE = "SPDX-License-Identifier: Apache-2.0"
LICENSED = SUFFIXES | {".py", ".sh", ".cmake", ".in", ".txt"}


def files_of(root):
    found = [root / name for name in TOP]
    for folder in FOLDERS:
        found += [p for p in (root / folder).rglob("*") if "__pycache__" not in p.parts]
    return sorted(p for p in found if p.is_file())


def readable(path):
    try:
        return path.read_text()
    except UnicodeDecodeError:
        return None


def code_findings(root, path, text):
    code = code_only(text)
    named = [("a name that says nothing", EMPTY_WORDS), ("a verb that says nothing", DO_NAMES), ("a prefixed member", MEMBER_PREFIX)]
    for what, pattern in named:
        for match in pattern.finditer(code):
            yield finding(root, path, line_of(code, match.start()), f"{what}: {match.group(0)}")
    for match in RESERVED.finditer(code):
        if not FOREIGN_RESERVED.match(match.group(0)):
            yield finding(root, path, line_of(code, match.start()), f"a reserved identifier: {match.group(0)}")
    for match in MACRO.finditer(code):
        public = path.relative_to(root).parts[0] in ("include", "src")
        if public and not match.group(1).startswith("CMWQ_") and not match.group(1).startswith("_GNU"):
            yield finding(root, path, line_of(code, match.start()), f"a macro without the prefix CMWQ_: {match.group(1)}")


def needs_licence(path, text):
    if "expected" in path.parts or path.name == "requirements.txt" or path.suffix == ".in" and path.parent.name == "data":
        return False
    return (path.suffix in LICENSED and (path.suffix != ".txt" or path.name == "CMakeLists.txt")) or text.startswith("#!")


def check(root):
    findings = []
    paths = files_of(root)
    for path in paths:
        text = readable(path)
        if text is None:
            continue
        if EMPTY_WORDS.fullmatch(path.stem):
            findings.append(finding(root, path, 1, "a file name that says nothing"))
        if needs_licence(path, text) and LICENCE not in "\n".join(text.split("\n")[:2]):
            findings.append(finding(root, path, 1, "no licence line at the top"))
        for match in MACHINE_PATH.finditer(text):
            findings.append(finding(root, path, line_of(text, match.start()), f"a path of one machine: {match.group(0)}"))
        if path.suffix in SUFFIXES:
            findings += code_findings(root, path, text)
    return findings, len(paths)


TOP_LINE = "// " + LICENCE + "\n"
CASES = [
    ("a clean file passes", {"src/engine/a.cpp": TOP_LINE + "int size_ = 0; // a utility\n#if defined(__x86_64__)\n#endif\n"}, None),
    ("a name that says nothing", {"src/engine/a.cpp": TOP_LINE + "void list_" + "util();\n"}, "says nothing: list_"),
    ("a verb that says nothing", {"src/engine/a.cpp": TOP_LINE + "void do_" + "it();\n"}, "verb that says nothing"),
    ("a file name that says nothing", {"src/engine/hel" + "pers.cpp": TOP_LINE}, "file name that says nothing"),
    ("a member with m_", {"tests/a.cpp": TOP_LINE + "int m_" + "size;\n"}, "prefixed member"),
    ("a reserved identifier", {"src/a.cpp": TOP_LINE + "int _" + "size;\n"}, "reserved identifier"),
    ("two underscores", {"src/a.cpp": TOP_LINE + "int a_" + "_b;\n"}, "reserved identifier"),
    ("a macro without prefix", {"include/cmwq/a.hpp": TOP_LINE + "#define LIKELY(x) x\n"}, "without the prefix"),
    ("a path of one machine", {"scripts/a.sh": "# " + LICENCE + "\ncd /ho" + "me/someone\n"}, "path of one machine"),
    ("no licence", {"src/a.cpp": "int a;\n"}, "no licence line"),
]

if __name__ == "__main__":
    main(__doc__, check, CASES)
