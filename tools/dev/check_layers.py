#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who may include whom: include <- platform <- engine <- inspect (A <- B: B may include A).

The engine reaches lock checking through one header, src/lockdep/hooks.hpp. Nobody includes integrations, tools, tests,
examples or benchmarks. Examples and tools are written against the public headers alone."""

import re

from cpp_text import files_below, finding, line_of, main, split_code

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"\n]+)"|<([^>\n]+)>)', re.M)

MAY_INCLUDE = {
    "include": {"include"},
    "platform": {"include", "platform"},
    "lockdep": {"include", "platform", "lockdep"},
    "engine": {"include", "platform", "engine", "lockdep"},
    "inspect": {"include", "platform", "engine", "inspect"},
}
LOCKDEP_DOOR = "src/lockdep/hooks.hpp"


def layer_of(name):
    parts = name.split("/")
    return parts[1] if parts[0] == "src" else parts[0]


def resolve(root, path, quoted):
    """The file of this tree that `#include "quoted"` means in `path`; None: not in this tree."""
    backend = "model" if "model" in path.relative_to(root).parts else "linux"
    for base in (path.parent, root / "src", root / "src/platform" / backend, root / "include"):
        target = (base / quoted).resolve()
        if target.is_file() and target.is_relative_to(root):
            return target.relative_to(root).as_posix()
    return None


def fault(root, path, quoted, angled):
    """What is wrong with one include, or None."""
    name = path.relative_to(root).as_posix()
    layer = layer_of(name)
    if angled is not None:
        if angled.startswith("cmwq/detail/") and layer in ("examples", "tools"):
            return f"<{angled}> is not for users"
        return None
    target = resolve(root, path, quoted)
    if target is None:
        return f'"{quoted}" is not in this tree; the standard library and the system take <>'
    if layer not in MAY_INCLUDE:
        return None if layer_of(target) == layer else f"{layer} may not include {target}"
    if layer_of(target) not in MAY_INCLUDE[layer]:
        return f"{layer} may not include {target}"
    if layer == "engine" and layer_of(target) == "lockdep" and target != LOCKDEP_DOOR:
        return f"the engine reaches lock checking through {LOCKDEP_DOOR} only"
    if layer != "platform" and re.search(r"\b(?:linux|model)/", quoted):
        return f'"{quoted}" names a backend; the include path chooses it'
    if layer == "platform":
        ours, theirs = (set(n.split("/")) & {"linux", "model"} for n in (name, target))
        if ours and theirs and ours != theirs:
            return f"one backend includes the other: {target}"
    return None


def check(root):
    findings = []
    paths = files_below(root, "include", "src", "examples", "tools")
    for path in paths:
        text = path.read_text()
        code = split_code(text)[0]
        for match in INCLUDE.finditer(text):
            if not code[match.start():match.end()].strip():
                continue  # an include inside a comment
            message = fault(root, path, match.group(1), match.group(2))
            if message:
                findings.append(finding(root, path, line_of(text, match.start(0)), message))
    return findings, len(paths)


CASES = [
    ("a clean tree passes", {
        "include/cmwq/a.hpp": "#include <vector>\n",
        "src/platform/port.hpp": '#include "backend/clock.hpp"\n',
        "src/platform/linux/backend/clock.hpp": "",
        "src/engine/a.cpp": '#include "engine/a.hpp"\n#include "platform/port.hpp"\n#include <cmwq/a.hpp>\n',
        "src/engine/a.hpp": "",
        "src/inspect/b.cpp": '#include "engine/a.hpp"\n'}, None),
    ("platform includes engine",
     {"src/platform/port.hpp": '#include "engine/a.hpp"\n', "src/engine/a.hpp": ""}, "platform may not include src/engine"),
    ("engine includes inspect",
     {"src/engine/a.cpp": '#include "inspect/a.hpp"\n', "src/inspect/a.hpp": ""}, "engine may not include src/inspect"),
    ("a public header reaches inside",
     {"include/cmwq/a.hpp": '#include "../../src/engine/a.hpp"\n', "src/engine/a.hpp": ""}, "include may not include"),
    ("engine includes a test", {"src/engine/a.cpp": '#include "../../tests/a.hpp"\n', "tests/a.hpp": ""}, "may not include"),
    ("engine names a backend",
     {"src/engine/a.cpp": '#include "platform/linux/backend/a.hpp"\n', "src/platform/linux/backend/a.hpp": ""}, "names a backend"),
    ("one backend includes the other",
     {"src/platform/model/backend/a.hpp": '#include "../../linux/backend/b.hpp"\n', "src/platform/linux/backend/b.hpp": ""},
     "one backend includes the other"),
    ("engine passes by the lock checker's door",
     {"src/engine/a.cpp": '#include "lockdep/graph.hpp"\n', "src/lockdep/graph.hpp": ""}, "hooks.hpp only"),
    ("a name that is nowhere", {"src/engine/a.cpp": '#include "engine/gone.hpp"\n'}, "is not in this tree"),
    ("an example uses detail", {"examples/a.cpp": "#include <cmwq/detail/access.hpp>\n"}, "not for users"),
]

if __name__ == "__main__":
    main(__doc__, check, CASES)
