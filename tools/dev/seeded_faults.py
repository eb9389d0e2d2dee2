#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Are the tests able to fail? Each entry of seeded_fault_list.py breaks the engine in one place; the tests named with it must
then fail. Nothing in the tree is changed: the broken source is compiled beside it, with the commands of a build that is
there, and linked before that build's own objects.

    tools/dev/seeded_faults.py                  all of them; the build needs its targets model_tests and unit_tests
    tools/dev/seeded_faults.py --only NAME...   these
    tools/dev/seeded_faults.py --sample         four of them: ten CPU seconds
    tools/dev/seeded_faults.py --check-list     does each entry still fit the sources? (no build)

Exit status 0: every fault was found, but for those that are listed with a reason why they cannot be."""

import argparse
import concurrent.futures
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import threading
import time

from seeded_fault_list import FAULTS

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLE = ["closer_is_not_told", "limit_raised_by_one_less", "cancel_leaves_the_flush_of_the_queue_waiting",
          "timer_thread_sleeps_without_a_second_look"]
LEAST_FOUND = 0.95


def pattern(text):
    """Finds the text whatever its spaces and line breaks are: the formatter may move them."""
    return re.compile(r"\s*".join(re.escape(token) for token in re.findall(r"\w+|[^\w\s]", text)))


def fits(fault):
    file = ROOT / fault.file
    return file.exists() and all(unit.exists() for unit in units_of(fault)) and len(pattern(fault.old).findall(file.read_text())) == 1


def check_list():
    stale = [f for f in FAULTS if not fits(f)]
    for fault in stale:
        print(f"{fault.file}: the text of {fault.name} does not occur exactly once")
    names = [f.name for f in FAULTS]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        print("twice in the list:", ", ".join(twice))
    print(f"{len(FAULTS)} faults, {len(stale)} of them stale")
    return 1 if stale or twice else 0


class build_tree:
    """A build that is there: how each source of a program is compiled, and how the program is linked."""

    def __init__(self, folder, scratch):
        self.folder, self.scratch = folder, scratch
        self.known, self.lock = {}, threading.Lock()

    def commands(self, program):
        return self.look_up(program)[:2]

    def headers(self, program):
        return self.look_up(program)[2]

    def look_up(self, program):
        with self.lock:
            if program not in self.known:
                self.known[program] = self.read(program)
            return self.known[program]

    def read(self, program):
        text = subprocess.run(["ninja", "-t", "commands", f"tests/{program}"], cwd=self.folder, text=True, check=True,
                              capture_output=True).stdout
        compile_commands, link = {}, None
        for line in text.splitlines():
            words = shlex.split(line)
            if "-c" in words:
                compile_commands[pathlib.Path(words[words.index("-c") + 1])] = words
            elif f"tests/{program}" in words:
                link = words[words.index("&&") + 1:]
                link = link[:link.index("&&")] if "&&" in link else link
        place = self.scratch / program
        place.mkdir()
        return compile_commands, link, precompile(compile_commands[ROOT / "src/engine/submit.cpp"], place)


def without(words, option, nr_arguments=1):
    if option not in words:
        return words
    at = words.index(option)
    return words[:at] + words[at + 1 + nr_arguments:]


def units_of(fault):
    if fault.file.endswith(".cpp"):
        return [ROOT / fault.file]
    return [ROOT / (f"{unit}.cpp" if "/" in unit else f"src/engine/{unit}.cpp") for unit in fault.units]


def cheap(words):
    """The compiler and its options, without what a throw-away object does not need, and without a precompiled header: that
    one would be read instead of a broken one."""
    for option, arguments in (("-o", 1), ("-c", 1), ("-MD", 0), ("-MF", 1), ("-MT", 1), ("-Werror", 0), ("-g", 0), ("-include", 1),
                              ("-Winvalid-pch", 0)):
        words = without(words, option, arguments)
    at = next(i for i, word in enumerate(words) if word.endswith("++") or "++-" in word)
    return [words[at]], words[at + 1:] + ["-O1", "-w"]


def precompile(words, folder):
    """The headers that nearly every source of the engine reads: they cost more than the sources themselves."""
    compiler, options = cheap(words)
    header = folder / "engine.hpp"
    header.write_text('#include "engine/runtime_state.hpp"\n')
    subprocess.run([*compiler, *options, "-x", "c++-header", "-o", f"{header}.gch", str(header)], cwd=ARGUMENTS.build, check=True)
    return ["-include", str(header)]


def compile_unit(words, source, fault, scratch, headers, log):
    """The changed file lies in `scratch`, whose folders are searched before those of the tree."""
    compiler, options = cheap(words)
    output = scratch / f"{source.stem}.o"
    own = [f"-I{scratch / 'src'}", f"-I{scratch / 'include'}"]
    if fault.file.endswith(".cpp"):
        own, source = headers, scratch / fault.file
    done = subprocess.run([*compiler, *own, *options, "-o", str(output), "-c", str(source)], stdout=log,
                          stderr=subprocess.STDOUT, cwd=ARGUMENTS.build)
    return output if done.returncode == 0 else None


def link_program(words, objects, program):
    """The broken objects first: they take the place of the library's members and of everybody's inline functions, those in
    the tests' own objects too."""
    sources = {path.stem for path in objects}
    kept = [word for word in words if not (word.endswith(".cpp.o") and pathlib.Path(word).name[:-6] in sources)]
    first, at = next(i for i, word in enumerate(kept) if word.endswith(".o")), kept.index("-o")
    command = kept[:first] + ["-Wl,-S"] + [str(path) for path in objects] + kept[first:at + 1] + [str(program)] + kept[at + 2:]
    return command


def tests_fail(program, which, schedules, log):
    """A crash and a hang are failures too. On the model all that runs computes, and a busy machine must not count: there
    the limit is one of CPU time."""
    limit = ["prlimit", f"--cpu={ARGUMENTS.patience}"] if "model" in program.name else ["timeout", "-k", "1",
                                                                                       str(ARGUMENTS.patience)]
    command = [*limit, str(program), f"--gtest_filter={which}", "--gtest_fail_fast", "--gtest_brief=1"]
    done = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, cwd=ARGUMENTS.build,
                          env={**os.environ, "CMWQ_MODEL_SCHEDULES": str(schedules)})
    if done.returncode < 0 or done.returncode > 1:
        print(f"ended with status {done.returncode}", file=log, flush=True)
    return done.returncode != 0


def nr_selected(program, which):
    listed = subprocess.run([str(program), f"--gtest_filter={which}", "--gtest_list_tests"], capture_output=True, text=True).stdout
    return sum(line.startswith("  ") for line in listed.splitlines())


def try_fault(tree, fault, schedules, log):
    """'found', 'survived', or why it could not be tried."""
    compile_commands, link = tree.commands(fault.program)
    sound_program = tree.folder / "tests" / fault.program
    if not sound_program.exists():
        return "no program"
    if nr_selected(sound_program, fault.tests) == 0:
        return "no such test"
    with tempfile.TemporaryDirectory(prefix="cmwq-fault-") as folder:
        scratch = pathlib.Path(folder)
        broken = scratch / fault.file
        broken.parent.mkdir(parents=True)
        broken.write_text(pattern(fault.old).sub(lambda _: fault.new, (ROOT / fault.file).read_text()))
        objects = [compile_unit(compile_commands[unit], unit, fault, scratch, tree.headers(fault.program), log)
                   for unit in units_of(fault)]
        if not objects or None in objects:
            return "not built"
        program = scratch / fault.program
        if subprocess.run(link_program(link, objects, program), stdout=log, stderr=subprocess.STDOUT,
                          cwd=tree.folder).returncode != 0:
            return "not linked"
        return "found" if tests_fail(program, fault.tests, schedules, log) else "survived"


def sound_tree_passes(tree, chosen, schedules, log):
    """Else a test that always fails would find everything."""
    programs = {fault.program for fault in chosen}
    return not any(tests_fail(tree.folder / "tests" / program,
                              ":".join(sorted({f.tests for f in chosen if f.program == program})), schedules, log)
                   for program in programs)


def judge(fault, result, seconds):
    expected = "survived" if fault.survives else "found"
    note = f"  ({fault.survives})" if fault.survives else ""
    mark = " " if result == expected else "!"
    print(f"{mark} {result:9} {seconds:4.0f} s  {fault.name}{note}", flush=True)
    return result


def run(chosen, schedules, log_path):
    with tempfile.TemporaryDirectory(prefix="cmwq-faults-") as scratch, open(log_path, "w") as log:
        tree = build_tree(ARGUMENTS.build.resolve(), pathlib.Path(scratch))
        if not ARGUMENTS.skip_sound and not sound_tree_passes(tree, chosen, schedules, log):
            print(f"the tree fails without a fault: see {log_path}")
            return 1

        def one(fault):
            begun = time.monotonic()
            with tempfile.TemporaryFile("w+") as own_log:
                result = try_fault(tree, fault, schedules, own_log)
                own_log.seek(0)
                with LOG_LOCK:
                    log.write(f"\n======== {fault.name}: {result}\n{own_log.read()}")
                    log.flush()
                    return judge(fault, result, time.monotonic() - begun)

        with concurrent.futures.ThreadPoolExecutor(ARGUMENTS.jobs) as pool:
            results = list(pool.map(one, chosen))
    return report(chosen, results)


def report(chosen, results):
    if not chosen:
        print("no fault has that name")
        return 2
    found = results.count("found")
    unexpected = [f.name for f, result in zip(chosen, results) if result != ("survived" if f.survives else "found")]
    print(f"{len(chosen)} faults, {found} found ({100 * found / len(chosen):.1f} %), {len(unexpected)} not as expected")
    return 1 if unexpected or found < LEAST_FOUND * len(chosen) else 0


LOG_LOCK = threading.Lock()
ARGUMENTS = None


def main():
    global ARGUMENTS
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="NAME")
    parser.add_argument("--sample", action="store_true")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/ci", help="a build of the tests (build/ci)")
    parser.add_argument("--schedules", type=int, default=4000, help="of each scenario of the model (4000)")
    parser.add_argument("--patience", type=int, default=120, help="seconds; tests that take longer have failed (120)")
    parser.add_argument("--jobs", type=int, default=1, help="faults at a time (1)")
    parser.add_argument("--skip-sound", action="store_true", help="do not run the tests without a fault first")
    parser.add_argument("--log", default="seeded_faults.log", help="what the compiler and the tests said")
    parser.add_argument("--check-list", action="store_true")
    ARGUMENTS = parser.parse_args()
    stale = check_list()
    if stale or ARGUMENTS.check_list:
        return stale
    if ARGUMENTS.sample:
        return run([f for f in FAULTS if f.name in SAMPLE], 400, ARGUMENTS.log)
    return run([f for f in FAULTS if not ARGUMENTS.only or f.name in ARGUMENTS.only], ARGUMENTS.schedules, ARGUMENTS.log)


if __name__ == "__main__":
    sys.exit(main())
