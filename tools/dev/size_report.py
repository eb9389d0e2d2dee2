#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The sizes that keep the code readable: functions, files, headers, #if lines, tests against code, the README's example.

A target is printed; only a hard limit fails. EXCEPTIONS lists what may be larger, each with its reason."""

import re
import statistics

from cpp_text import code_only, files_below, finding, line_of, main, split_code

FUNCTION_LIMIT = 80
FILE_LIMIT = 600
HEADER_LIMIT = 300
HEADERS_LIMIT = 2840
IF_LIMIT = 3
TEST_SHARE_LIMIT = 0.8
EXAMPLE_LIMIT = 40

# "path" or "path:function": the reason why it may be over its limit.
EXCEPTIONS = {}

BODY = re.compile(r"([\w:~]+|operator\s*\S+?)\s*\(")
KEYWORDS = {"if", "for", "while", "switch", "catch", "return", "sizeof", "alignas", "decltype", "noexcept", "requires"}


def closing_brace(code, opening):
    depth = 0
    for i in range(opening, len(code)):
        depth += {"{": 1, "}": -1}.get(code[i], 0)
        if depth == 0:
            return i
    return len(code) - 1


def functions(code):
    """(name, first line, lines) of each function body that does not lie in another one."""
    i = 0
    while True:
        opening = code.find("{", i)
        if opening < 0:
            return
        start = max(code.rfind(c, 0, opening) for c in ";{}") + 1
        head = re.sub(r"^\s*#[^\n]*", "", code[start:opening], flags=re.M)
        head = re.sub(r"^\s*(?:public|private|protected)\s*:", "", head)
        head = re.sub(r"\bCMWQ_\w+\s*(?:\([^)]*\))?", "", head)
        match = next((m for m in BODY.finditer(head) if m.group(1) not in KEYWORDS), None)
        is_scope = re.match(r"\s*(?:template\s*<.*?>\s*)?(?:inline\s+)?(?:namespace|class|struct|union|enum)\b", head, re.S)
        if match and not is_scope:
            close = closing_brace(code, opening)
            yield match.group(1), line_of(code, start + match.start()), code.count("\n", start + match.start(), close) + 1
            i = close + 1
        else:
            i = opening + 1


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else 0


def lines_of(path):
    return path.read_text().count("\n")


def code_lines(paths):
    return sum(1 for p in paths for line in code_only(p.read_text()).split("\n") if line.strip())


def report(measure, figures, target):
    print(f"{measure:<44} {figures:<24} target {target}")


def check_functions(root, findings):
    engine = files_below(root, "src/engine")
    sizes = []
    for path in engine:
        for name, line, lines in functions(code_only(path.read_text())):
            sizes.append(lines)
            if lines > FUNCTION_LIMIT and f"{path.relative_to(root).as_posix()}:{name}" not in EXCEPTIONS:
                findings.append(finding(root, path, line, f"{name} has {lines} lines; the limit is {FUNCTION_LIMIT}"))
    if sizes:
        report("engine functions, lines: median / p90 / max",
               f"{statistics.median(sizes):g} / {percentile(sizes, 0.9)} / {max(sizes)}", "8 / 30 / 60")


def check_files(root, findings):
    sources = files_below(root, "include", "src", "tools")
    sizes = [lines_of(p) for p in sources]
    for path, lines in zip(sources, sizes):
        if lines > FILE_LIMIT and path.relative_to(root).as_posix() not in EXCEPTIONS:
            findings.append(finding(root, path, 1, f"{lines} lines; the limit is {FILE_LIMIT}"))
    if sizes:
        report("files, lines: median / p90", f"{statistics.median(sizes):g} / {percentile(sizes, 0.9)}", "180 / 400")
    return len(sources)


def prose_share(text):
    code, comments = split_code(text)
    prose = sum(1 for line in comments.split("\n") if line.strip())
    rest = sum(1 for line in code.split("\n") if line.strip())
    return prose / max(1, prose + rest)


def check_headers(root, findings):
    headers = [p for p in files_below(root, "include") if "detail" not in p.parts]
    sizes = [lines_of(p) for p in headers]
    for path, lines in zip(headers, sizes):
        if lines > HEADER_LIMIT and path.relative_to(root).as_posix() not in EXCEPTIONS:
            findings.append(finding(root, path, 1, f"{lines} lines; the limit for a public header is {HEADER_LIMIT}"))
    if sum(sizes) > HEADERS_LIMIT:
        findings.append(f"include/cmwq: {sum(sizes)} lines of public headers; the limit is {HEADERS_LIMIT}")
    if sizes:
        report("public headers, lines: largest / total", f"{max(sizes)} / {sum(sizes)}", "250 / 1800")
        report("public headers, share of comment lines", f"{prose_share(''.join(p.read_text() for p in headers)):.0%}", "45 % to 60 %")


def check_conditionals(root, findings):
    total = 0
    for path in files_below(root, "src/engine", "src/lockdep"):
        count = len(re.findall(r"^[ \t]*#[ \t]*(?:if|ifdef|ifndef|elif)\b", code_only(path.read_text()), re.M))
        total += count
        if count > IF_LIMIT:
            findings.append(finding(root, path, 1, f"{count} lines with #if; the limit is {IF_LIMIT}"))
    report("#if lines in engine and lockdep", str(total), "0")


def check_tests(root, findings):
    code = code_lines(files_below(root, "include", "src", "tools"))
    tests = code_lines(files_below(root, "tests"))
    if not code:
        return
    share = tests / code
    report("tests : code, lines of code", f"{share:.2f}", "1 to 1.7")
    if share < TEST_SHARE_LIMIT:
        findings.append(f"tests: {tests} lines for {code} lines of code; the limit is {TEST_SHARE_LIMIT}")


def check_readme(root, findings):
    readme = root / "README.md"
    if not readme.is_file():
        return
    block = re.search(r"^```cpp\n(.*?)^```", readme.read_text(), re.M | re.S)
    if not block:
        findings.append("README.md:1: no example in a ```cpp block")
        return
    lines = block.group(1).count("\n")
    report("README's first example, lines", str(lines), "40")
    if lines > EXAMPLE_LIMIT:
        findings.append(f"README.md:1: the first example has {lines} lines; the limit is {EXAMPLE_LIMIT}")


def check(root):
    findings = []
    check_functions(root, findings)
    looked_at = check_files(root, findings)
    check_headers(root, findings)
    check_conditionals(root, findings)
    check_tests(root, findings)
    check_readme(root, findings)
    return findings, looked_at


def body(lines):
    return "{\n" + "    x();\n" * lines + "}\n"


TESTS = {"tests/unit/a.cpp": "int t;\n" * 2000}
CASES = [
    ("small code passes", {"src/engine/a.cpp": "namespace n {\nint f(int a) noexcept " + body(70) + "}\n", **TESTS}, None),
    ("a function that is too long", {"src/engine/a.cpp": "namespace n {\nint long_one(int a) noexcept " + body(90) + "}\n", **TESTS},
     "long_one has 92 lines"),
    ("a method that is too long",
     {"src/engine/a.hpp": "struct s {\n    template <class T> void long_one(T t) const " + body(90) + "};\n", **TESTS}, "long_one"),
    ("a class is no function", {"src/engine/a.hpp": "class CMWQ_CAPABILITY(1) c {\n" + "    int x;\n" * 90 + "};\n", **TESTS}, None),
    ("a file that is too long", {"src/engine/a.cpp": "int a;\n" * 601, **TESTS}, "601 lines; the limit is 600"),
    ("a header that is too long", {"include/cmwq/a.hpp": "// a\n" * 301, "src/a.cpp": "int a;\n", **TESTS}, "public header"),
    ("headers that are too long together", {f"include/cmwq/a{i}.hpp": "// a\n" * 290 for i in range(10)}, "lines of public headers"),
    ("too many conditions", {"src/engine/a.cpp": "#if A\n#endif\n" * 4, **TESTS}, "4 lines with #if"),
    ("too few tests", {"src/engine/a.cpp": "int a;\n" * 100, "tests/unit/a.cpp": "int a;\n" * 70}, "tests: 70 lines for 100"),
    ("an example that is too long", {"README.md": "```cpp\n" + "x\n" * 41 + "```\n", "src/a.cpp": "int a;\n", **TESTS}, "41 lines"),
    ("a README without example", {"README.md": "hello\n", "src/a.cpp": "int a;\n", **TESTS}, "no example"),
]

if __name__ == "__main__":
    main(__doc__, check, CASES)
