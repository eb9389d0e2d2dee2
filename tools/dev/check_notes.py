#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every ordered atomic access of the library says what it is ordered against, and its partner says the same.

The form, within three lines above the access (or on its line):
    // sync word.3: release-store; pairs with word.5, word.9; publishes func and payload
- the id is unique in the tree; each id after "pairs with" exists and names this one back;
- a partner outside our code is written out ("pairs with the kernel's futex check"), an access may pair with itself;
- the note names the orders that the access uses; one with seq_cst names the race it closes;
- an access without a spelled-out order is an error; a relaxed one needs no note."""

import re

from cpp_text import files_below, finding, line_of, main, split_code

REACH = 3
ID = r"[a-z][a-z0-9_-]*\.\d+"
NOTE = re.compile(rf"\bsync\s+({ID})\s*:(.*?)(?=\bsync\s+{ID}\s*:|\Z)", re.S)
ORDERED = re.compile(r"\bmemory_order(?:_|::)(acquire|release|acq_rel|seq_cst|consume)\b"
                     r"|\b(fence_\w+)\s*\(")
ACCESS = re.compile(r"(?:\.|->)\s*(load|store|exchange|compare_exchange_(?:weak|strong)|fetch_(?:add|sub|or|and|xor))\s*\(")
SAID = {
    "acquire": r"acquire|acq_rel",
    "consume": r"consume",
    "release": r"release|acq_rel",
    "acq_rel": r"acq_rel|acquire.release|release.acquire",
    "seq_cst": r"seq_cst",
    "fence": r"fence|seq_cst",
}

# The backends' wrappers define the operations and the fences: the orders in them are their callers' arguments. In the model
# an order is data that describes the simulated access; only one thread of it runs at a time.
EXEMPT = ("src/platform/linux/backend/atomic.", "src/platform/model/")
# Part of the read-modify-write before it, whose note speaks for both.
OWES_NO_NOTE = "fence_after_rmw"
# What an order may be called where an access is written.
SPELLED_OUT = re.compile(r"\bmemory_order|\brelaxed\b|\border\b")


class Note:
    def __init__(self, path, line, last, ident, text):
        self.path, self.line, self.last, self.ident = path, line, last, ident
        self.text = " ".join(text.split())
        pairs = re.search(r"pairs with ([^;]*)", self.text)
        self.pairs = pairs.group(1) if pairs else ""
        self.partners = set(re.findall(rf"\b{ID}\b", self.pairs))
        self.used = False


def comment_blocks(comments):
    """(first line, last line, text without slashes) of each run of // lines; a comment behind code stands alone."""
    block, start = [], 0
    lines = comments.split("\n")
    for number, line in enumerate(lines + [""], 1):
        stripped = line.strip()
        if stripped.startswith("//"):
            if not block:
                start = number
            block.append(stripped.lstrip("/"))
        elif block:
            yield start, number - 1, block
            block = []


def notes_in(path, comments):
    notes = []
    for start, last, block in comment_blocks(comments):
        text = "\n".join(block)
        for match in NOTE.finditer(text):
            notes.append(Note(path, start + text.count("\n", 0, match.start()), last, match.group(1), match.group(2)))
    return notes


def statement_start(code, offset):
    """Where the statement around `offset` begins: behind the previous ; { or } that is not inside parentheses."""
    depth = 0
    for i in range(offset - 1, -1, -1):
        if code[i] in ")]":
            depth += 1
        elif code[i] in "([":
            depth -= 1
        elif code[i] in ";{}" and depth <= 0:
            break
    else:
        i = -1
    return offset - len(code[i + 1:offset].lstrip())


def argument_text(code, opening):
    depth = 0
    for i in range(opening, len(code)):
        depth += {"(": 1, ")": -1}.get(code[i], 0)
        if depth == 0:
            return code[opening:i + 1]
    return code[opening:]


def notes_near(notes, first, last):
    """The notes whose comment ends within reach above lines first..last, or stands among them."""
    return [n for n in notes if first - REACH <= n.last and n.line <= last]


def is_declaration(code, match):
    """An order or a fence that is named where it is declared, not used."""
    before = code[code.rfind("\n", 0, match.start()) + 1:match.start()]
    return bool(re.search(r"\b(?:void|inline)\s+$|\busing\s+(?:\w+::)+$|\bmemory_order\s+\w+\s*=\s*(?:\w+::)*$", before))


def check_file(root, path, notes, findings):
    code, _ = split_code(path.read_text())
    sites = 0
    for match in ORDERED.finditer(code):
        if is_declaration(code, match) or match.group(2) == OWES_NO_NOTE:
            continue
        sites += 1
        order = match.group(1) or match.group(2)
        last = line_of(code, match.start())
        first = line_of(code, statement_start(code, match.start()))
        near = notes_near(notes, first, last) if last - first <= 8 else notes_near(notes, last, last)
        near = near or notes_near(notes, last, last)
        if not near:
            findings.append(finding(root, path, last, f"{order} without a sync note within {REACH} lines above"))
            continue
        for note in near:
            note.used = True
        if not any(re.search(SAID[match.group(1) or "fence"], n.text) for n in near):
            ids = ", ".join(n.ident for n in near)
            findings.append(finding(root, path, last, f"{order} here, but note {ids} does not say so"))
    for match in ACCESS.finditer(code):
        if not SPELLED_OUT.search(argument_text(code, match.end() - 1)):
            findings.append(finding(root, path, line_of(code, match.start()),
                                    f"{match.group(1)} without a spelled-out order"))
    return sites


def check_note(root, note, by_id, findings):
    def add(message):
        findings.append(finding(root, note.path, note.line, f"note {note.ident}: {message}"))

    if not note.used:
        add("there is no ordered access below it")
    if not note.partners and not re.match(r"the |itself\b", note.pairs):
        add("it names no partner ('pairs with …')")
    for partner in sorted(note.partners):
        if partner not in by_id:
            add(f"its partner {partner} does not exist")
        elif note.ident not in by_id[partner].partners:
            add(f"its partner {partner} does not name it back")
    texts = [note.text] + [by_id[partner].text for partner in note.partners if partner in by_id]
    if "seq_cst" in note.text and not any(re.search("race|store-load|both|either", text) for text in texts):
        add("seq_cst, but neither it nor a partner names the store-load race ('race', 'either … or', 'both')")


def check(root):
    findings, notes, sites = [], [], 0
    paths = [p for p in files_below(root, "include", "src") if not p.relative_to(root).as_posix().startswith(EXEMPT)]
    for path in paths:
        own = notes_in(path, split_code(path.read_text())[1])
        notes += own
        sites += check_file(root, path, own, findings)
    by_id = {}
    for note in notes:
        if note.ident in by_id:
            first = by_id[note.ident]
            findings.append(finding(root, note.path, note.line,
                                    f"note {note.ident}: used before at {first.path.name}:{first.line}"))
        by_id.setdefault(note.ident, note)
    for note in notes:
        check_note(root, note, by_id, findings)
    return findings, sites


GOOD = """// sync w.1: release-store; pairs with w.2; publishes the payload
a.store(1, std::memory_order_release);
void g() {
    // sync w.2: acquire-load; pairs with w.1
    // and one more line of text.
    int x = a.load(std::memory_order_acquire);
}
"""

CASES = [
    ("paired notes pass", {"src/engine/a.cpp": GOOD}, None),
    ("relaxed needs none", {"src/engine/a.cpp": GOOD + "int y = a.load(std::memory_order_relaxed);\n"}, None),
    ("a partner outside", {"src/engine/a.cpp":
     "// sync w.1: release-store; pairs with the kernel's check\na.store(1, std::memory_order_release);\n"}, None),
    ("two orders in one statement", {"src/engine/a.cpp":
     "// sync w.1: acq_rel-exchange; pairs with w.1\na.compare_exchange_strong(x, y,\n    std::memory_order_acq_rel,\n"
     "    std::memory_order_acquire);\n"}, None),
    ("orders brought into scope are no access",
     {"src/engine/a.cpp": GOOD, "src/engine/b.hpp": "using std::memory_order_acquire;\n"}, None),
    ("no note", {"src/engine/a.cpp": GOOD + "\n\n\n\n\n\na.store(1, std::memory_order_release);\n"}, "without a sync note"),
    ("a note too far above", {"src/engine/a.cpp":
     "// sync w.1: release; pairs with w.1\n\n\n\n\na.store(1, std::memory_order_release);\n"}, "without a sync note"),
    ("a fence without note", {"src/engine/a.cpp": "void f() {\n    platform::fence_seq_cst();\n}\n"}, "without a sync note"),
    ("no order", {"src/engine/a.cpp": GOOD + "a.store(1);\n"}, "store without a spelled-out order"),
    ("a partner that is not there", {"src/engine/a.cpp": GOOD.replace("pairs with w.1", "pairs with w.7, w.1")}, "w.7 does not exist"),
    ("a partner that does not mirror", {"src/engine/a.cpp": GOOD.replace("pairs with w.1", "pairs with the other")},
     "w.2 does not name it back"),
    ("no partner", {"src/engine/a.cpp": "// sync w.1: release-store\na.store(1, std::memory_order_release);\n"}, "names no partner"),
    ("an id twice", {"src/engine/a.cpp": GOOD, "src/engine/b.cpp": GOOD}, "used before"),
    ("a note above nothing", {"src/engine/a.cpp": GOOD + "\n\n\n// sync w.3: acquire; pairs with w.3\nint z;\n"}, "no ordered access below"),
    ("a note that says another order",
     {"src/engine/a.cpp": GOOD.replace("w.1: release-store", "w.1: acquire-load")}, "does not say so"),
    ("seq_cst without its race", {"src/engine/a.cpp":
     "// sync w.1: seq_cst-load; pairs with w.1\nint x = a.load(std::memory_order_seq_cst);\n"}, "names the store-load race"),
    ("seq_cst with the race at the partner", {"src/engine/a.cpp":
     "// sync w.1: seq_cst-load; pairs with w.2\nint x = a.load(std::memory_order_seq_cst);\n\n\n\n"
     "// sync w.2: seq_cst-store; pairs with w.1; either it sees the item or we do\na.store(1, std::memory_order_seq_cst);\n"}, None),
]

if __name__ == "__main__":
    main(__doc__, check, CASES)
