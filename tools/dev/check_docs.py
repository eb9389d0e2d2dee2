#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every public name in include/cmwq/ has a `///` docstring: types, functions, constants, members that users may touch,
enumerators and macros. namespace detail and include/cmwq/detail/ are not public.

A name is documented when one of its declarations is: overloads share a docstring, declarations that follow each other
without a blank line share the one above the first, a specialisation speaks through its primary template, a constructor
through its class. The reader below is no compiler; it follows braces and access labels, which the headers keep simple."""

import re

from cpp_text import files_below, finding, line_of, main, split_code

TYPE = re.compile(r"\b(class|struct|union|enum(?:\s+(?:class|struct))?|concept)\s+((?:CMWQ_\w+\s+|\[\[.*?\]\]\s*|alignas\([^)]*\)\s*)*)(\w+)")
LEADING = re.compile(r"^(?:\s*(?:template\s*<(?:[^<>]|<(?:[^<>]|<[^<>]*>)*>)*>|\[\[.*?\]\]|requires\s*\([^)]*\)|requires\s+[\w:<>, ]+?(?=\s+\w)))*\s*", re.S)
SKIPPED = re.compile(r"^(?:friend\b|static_assert\b|using\s+namespace\b|using\s+[\w:<>, ]+;|public\b|extern\s+template\b|~|CMWQ_\w+\s*\()")


class Scope:
    def __init__(self, kind, name, public):
        self.kind, self.name, self.public = kind, name, public


def opens(declaration):
    """What the brace behind `declaration` opens: (kind, name)."""
    text = LEADING.sub("", declaration)
    match = re.match(r"(?:inline\s+)?namespace\b\s*([\w:]*)", text)
    if match:
        return "namespace", match.group(1)
    if re.match(r'extern\s*$', text.strip()):
        return "namespace", ""
    match = TYPE.match(re.sub(r"^(?:typedef|inline|constexpr)\s+", "", text))
    if match and "(" not in text[match.end():].split(":")[0] and "=" not in text[match.end():].split(":")[0]:
        return ("enum" if match.group(1).startswith("enum") else "type"), match.group(3)
    return "body", ""


def declared_name(declaration):
    """The name that a declaration of a function, variable, alias or type introduces; None where there is none of its own."""
    text = LEADING.sub("", declaration).strip()
    if not text or SKIPPED.match(text) or re.search(r"=\s*(?:delete|default)\s*$", text):
        return None
    match = re.match(r"using\s+(\w+)\s*(?:\[\[.*?\]\]\s*)?=", text)
    if match:
        return match.group(1)
    if re.match(r"using\b", text):
        return None
    match = TYPE.match(text)
    if match and re.match(r"\s*(?:$|:(?!:)|final\b|=)", text[match.end():]):
        return match.group(3)
    if match and re.match(r"\s*<", text[match.end():]) and "(" not in text:
        return None  # a specialisation: its primary template carries the docstring
    operator = re.search(r"\boperator\s*(\(\)|\[\]|[^\s\w(]+|[\w:&*< >]+?)\s*\(", text)
    if operator:
        return "operator" + operator.group(1).strip()
    if re.match(r"(?:explicit\b.*)?\w+\s*\([^)]*\)\s*->", text):
        return None  # a deduction guide
    head = re.split(r"[={\[]|(?<!:):(?!:)", text)[0]
    call = re.search(r"([\w:~]+)\s*\(", re.sub(r"\b(?:noexcept|alignas|decltype|explicit|requires)\s*\([^()]*\)|__attribute__\s*\(\([^)]*\)+\)", "", head))
    name = call.group(1) if call else (re.findall(r"[\w:]+", head) or [""])[-1]
    return None if "::" in name or not re.match(r"[A-Za-z]", name) else name


class Reader:
    """Walks one header and records (qualified name, line, documented?) for each public declaration."""

    def __init__(self, text):
        self.code, self.comments = split_code(text)
        self.code = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: re.sub(r"[^\n]", " ", m.group(0)), self.code, flags=re.M)
        self.comment_lines = self.comments.split("\n")
        self.code_lines = self.code.split("\n")
        self.found = []
        self.scopes = []

    def documented(self, first, last):
        """A `///` block ends right above line `first`, or `///<` stands on one of the declaration's lines."""
        if any("///<" in line for line in self.comment_lines[first - 1:last]):
            return True
        above = first - 1
        while self.shares_with_above(above):
            above -= 1
        return above >= 1 and self.comment_lines[above - 1].strip().startswith("///") and not self.code_lines[above - 1].strip()

    def shares_with_above(self, above):
        """Line `above` is the end of a one-line declaration in the same group."""
        return (above >= 1 and not self.scopes_open_at(above) and
                re.match(r"\s+\S.*[;}]\s*$|\s+template\b", self.code_lines[above - 1]) and
                not re.match(r"\s*(?:\}|public|private|protected)", self.code_lines[above - 1]))

    def scopes_open_at(self, line):
        return self.code_lines[line - 1].rstrip().endswith("{")

    def is_public(self):
        return all(s.public and s.kind in ("namespace", "type", "enum") for s in self.scopes)

    def qualified(self, name):
        return "::".join([s.name for s in self.scopes if s.name and s.name != "v1"] + [name])

    def record(self, start, end, name):
        if name and self.is_public():
            first = line_of(self.code, start)
            self.found.append((self.qualified(name), first, self.documented(first, line_of(self.code, end))))

    def enumerators(self, start, end):
        offset = start
        for part in self.code[start:end].split(","):
            match = re.search(r"[A-Za-z]\w*", part)
            if match:
                here = offset + match.start()
                self.record(here, here, match.group(0))
            offset += len(part) + 1

    def skip_braces(self, opening):
        depth = 0
        for i in range(opening, len(self.code)):
            depth += {"{": 1, "}": -1}.get(self.code[i], 0)
            if depth == 0:
                return i
        return len(self.code)

    def skip_parentheses(self, opening):
        depth = 0
        for i in range(opening, len(self.code)):
            depth += {"(": 1, ")": -1}.get(self.code[i], 0)
            if depth == 0:
                return i
        return len(self.code)

    def end_access_label(self, start, colon):
        label = self.code[start:colon].strip()
        if label in ("public", "private", "protected") and self.scopes:
            self.scopes[-1].public = label == "public"
            return True
        return False

    def open_brace(self, start, i):
        """Handles a brace at `i` behind the declaration that began at `start`; the index to go on from."""
        declaration = self.code[start:i]
        kind, name = opens(declaration)
        if kind == "namespace":
            self.scopes.append(Scope("namespace", name, name != "detail" and "detail" not in name.split("::")))
            return i
        if kind == "type":
            self.record(start, i, declared_name(declaration))
            head = LEADING.sub("", declaration)
            special = re.search(rf"\b{name}\s*<", head)
            self.scopes.append(Scope("body" if special else "type", name, not re.match(r"class\b", head)))
            return i
        close = self.skip_braces(i)
        if kind == "enum":
            self.record(start, i, name)
            self.scopes.append(Scope("enum", name, True))
            self.enumerators(i + 1, close)
            self.scopes.pop()
        else:
            self.record(start, i, declared_name(declaration))
        return close

    def read(self):
        i = start = 0
        fresh = True
        while i < len(self.code):
            c = self.code[i]
            if fresh and not c.isspace():
                start, fresh = i, False
            if c == "(":
                i = self.skip_parentheses(i)
            elif c == ":" and self.code[i + 1:i + 2] != ":" and self.end_access_label(start, i):
                fresh = True
            elif c == ";":
                self.record(start, i, declared_name(self.code[start:i]))
                fresh = True
            elif c == "{":
                before = len(self.scopes)
                closed = self.open_brace(start, i)
                # Braces of an initialiser: the declaration, or a constructor's list, goes on behind them.
                goes_on = closed != i and re.match(r"\s*[;,]", self.code[closed + 1:closed + 40])
                fresh = len(self.scopes) > before or not goes_on
                i = closed
            elif c == "}":
                if self.scopes:
                    self.scopes.pop()
                fresh = True
            i += 1
        return self.found


def macros(text, comments):
    lines = comments.split("\n")
    for match in re.finditer(r"^#[ \t]*define[ \t]+(CMWQ_(?!\w+_H\b)\w+)", text, re.M):
        line = line_of(text, match.start())
        yield match.group(1), line, line >= 2 and lines[line - 2].strip().startswith("///")


def check(root):
    known = {}
    for path in files_below(root, "include/cmwq"):
        if "detail" in path.parts:
            continue
        text = path.read_text()
        for name, line, documented in Reader(text).read() + list(macros(text, split_code(text)[1])):
            # The class's docstring speaks for its constructors (the class's name twice) and its assignment.
            parts = name.split("::")
            if len(parts) > 1 and parts[-1] in (parts[-2], "operator="):
                continue
            entry = known.setdefault(name, [path, line, False])
            entry[2] = entry[2] or documented
    findings = [finding(root, path, line, f"{name} has no docstring (///)")
                for name, (path, line, documented) in sorted(known.items()) if not documented]
    return findings, len(known)


def header(text):
    return {"include/cmwq/a.hpp": "namespace cmwq {\ninline namespace v1 {\n" + text + "\n}\n}\n"}


CASES = [
    ("documented names pass", header(
        "/// A thing.\nclass CMWQ_EXPORT thing : public base {\npublic:\n    thing(int a) : a_{a} {}\n    ~thing();\n"
        "    thing(const thing&) = delete;\n    /// Says.\n    [[nodiscard]] bool says(int x = f({1})) const noexcept;\n"
        "private:\n    int a_{0};\n};\n/// Free.\ntemplate <class T, class U = std::vector<T>>\ninline int free_one(T&& t) { return 1; }\n"
        "/// Codes.\nenum class code : unsigned {\n    /// fine\n    good = 1,\n    bad,  ///< not fine\n};\n"
        "namespace detail {\nint hidden();\n}\n/// C.\ntemplate <class T> concept ok = requires(T t) { t.x(); };\n"
        "/// V.\ninline constexpr int value{3};\ntemplate <> struct thing2<int> { };\n"), None),
    ("a forward declaration is enough of a home", header("struct a;\n/// A.\nstruct a {};\n"), None),
    ("a group shares", header("/// T.\nstruct t {\n    /// Both ends.\n    int a = 0;\n    int b = 0;\n};\n"), None),
    ("a blank line ends a group",
     header("/// T.\nstruct t {\n    /// One end.\n    int a = 0;\n\n    int b = 0;\n};\n"), "cmwq::t::b"),
    ("the first of a group must be documented", header("/// T.\nstruct t {\n    int a = 0;\n    int b = 0;\n};\n"), "cmwq::t::b"),
    ("overloads share", header("/// F.\nvoid f(int);\nvoid f(long);\n"), None),
    ("a constructor's initialisers are no end", header(
        "namespace detail {\nclass t : b {\n    explicit t(int x) : b{x}, a_{x} {}\n    int f() { return 1; }\n};\nint g();\n}"), None),
    ("a class without", header("class thing {};\n"), "cmwq::thing has no docstring"),
    ("a function without", header("int size() noexcept;\n"), "cmwq::size has no docstring"),
    ("a method without", header("/// T.\nclass t {\npublic:\n    bool empty() const { return true; }\n};\n"), "cmwq::t::empty"),
    ("an exported function without", header("CMWQ_EXPORT bool go(int) noexcept;\n"), "cmwq::go"),
    ("a field without", header("/// T.\nstruct t {\n    int max_active = 0;\n};\n"), "cmwq::t::max_active"),
    ("an enumerator without", header("/// E.\nenum class e {\n    one,\n    /// two\n    two\n};\n"), "cmwq::e::one"),
    ("an alias without", header("using x = int;\n"), "cmwq::x"),
    ("a concept without", header("template <class T>\nconcept c = true;\n"), "cmwq::c"),
    ("a variable without", header("inline constexpr int v = 3;\n"), "cmwq::v"),
    ("an operator without", header("/// T.\nstruct t {\n    bool operator==(const t&) const;\n};\n"), "cmwq::t::operator=="),
    ("a macro without", {"include/cmwq/a.hpp": "#define CMWQ_X 1\n"}, "CMWQ_X"),
    ("an ordinary comment is not one", header("// Thing.\nclass thing {};\n"), "cmwq::thing"),
    ("a gap is not one", header("/// Thing.\n\nclass thing {};\n"), "cmwq::thing"),
    ("behind a template head", header("template <class T>\nstruct t {\n    int x() { return 1; }\n};\n"), "cmwq::t has"),
]

if __name__ == "__main__":
    main(__doc__, check, CASES)
