#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Nothing outside src/platform/ touches threads, futexes, clocks, affinity or raw atomics.

The model backend can only explore what passes through src/platform/port.hpp; one direct call elsewhere and a schedule
is no longer reproducible. The few exceptions below are public headers whose inline code needs an atomic of its own."""

import re

from cpp_text import code_only, files_below, finding, line_of, main

HEADERS = (r"atomic|thread|mutex|shared_mutex|condition_variable|semaphore|latch|barrier|stop_token|future|ctime|csignal"
           r"|execution|pthread\.h|threads\.h|semaphore\.h|sched\.h|unistd\.h|signal\.h|time\.h|fcntl\.h|poll\.h|dirent\.h"
           r"|hwloc\.h|immintrin\.h|sys/[^>]*|linux/[^>]*|asm/[^>]*")

FORBIDDEN = [
    ("header", re.compile(rf"^[ \t]*#[ \t]*include[ \t]*<(?:{HEADERS})>", re.M)),
    ("raw atomic", re.compile(r"\bstd::atomic\w*|\b__(?:atomic|sync)_\w+")),
    ("thread or lock", re.compile(
        r"\bstd::(?:jthread|thread|this_thread|(?:\w+_)?mutex|(?:unique|scoped|shared)_lock|lock_guard|condition_variable\w*"
        r"|counting_semaphore|binary_semaphore|latch|barrier|call_once|once_flag|future|promise|async)\b"
        r"|\bpthread_\w+|\bthread_local\b")),
    ("clock", re.compile(r"\b(?:clock_gettime|nanosleep|clock_nanosleep|usleep|gettimeofday|timer_create|timerfd_\w+)\b"
                         r"|\bstd::chrono::\w+_clock\b|\b(?:steady|system|high_resolution)_clock\b|\bstd::time\b")),
    ("system call", re.compile(r"(?<![\w.>])(?:::)?(?:syscall|futex|getcpu|gettid|sched_\w+|membarrier|prctl|getpid|mmap"
                               r"|munmap|sysconf)\s*\(")),
    ("instruction", re.compile(r"\basm\b|\b__asm__\b|\b_mm_\w+|\b__builtin_ia32_\w+")),
]

# path: {kind: why it may}. An entry that is no longer used is a finding.
ALLOWED = {
    "include/cmwq/arc.hpp": {
        "header": "the reference count is part of inline public code",
        "raw atomic": "the reference count: it orders destruction of the user's object, and nothing of the engine",
    },
    "include/cmwq/delay.hpp": {
        "clock": "names the clock whose time points are the engine's own; it is not read here",
    },
    "include/cmwq/fixed_rate.hpp": {
        "clock": "times for delay, in the user's function; the engine does not read it",
    },
    "include/cmwq/work_base.hpp": {
        "header": "work_class::name is part of inline public code",
        "raw atomic": "work_class::name: written once by the first named construction; the engine only reads it for texts",
    },
}


def check(root):
    findings = []
    used = set()
    paths = [p for p in files_below(root, "include", "src") if "platform" not in p.relative_to(root).parts]
    for path in paths:
        name = path.relative_to(root).as_posix()
        code = code_only(path.read_text())
        for kind, pattern in FORBIDDEN:
            for match in pattern.finditer(code):
                if kind in ALLOWED.get(name, {}):
                    used.add((name, kind))
                    continue
                word = match.group(0).strip()
                findings.append(finding(root, path, line_of(code, match.start()),
                                        f"{kind} outside src/platform: {word}"))
    for name, kinds in ALLOWED.items():
        for kind in kinds:
            if (root / name).is_file() and (name, kind) not in used:
                findings.append(f"{name}: allowed to use a {kind}, but does not; remove the exception")
    return findings, len(paths)


CASES = [
    ("a clean file passes", {"src/engine/a.cpp": '#include "platform/port.hpp"\nplatform::atomic<int> a;\n'}, None),
    ("comments and strings do not count", {"src/engine/a.cpp": '// std::mutex\nauto s = "pthread_create";\n'}, None),
    ("the platform may", {"src/platform/linux/backend/a.cpp": "#include <atomic>\n", "src/engine/b.cpp": "int b;\n"}, None),
    ("a raw atomic", {"src/engine/a.cpp": "std::atomic<int> a;\n"}, "src/engine/a.cpp:1: raw atomic"),
    ("an atomic builtin", {"src/engine/a.cpp": "int x = __atomic_load_n(&y, 0);\n"}, "raw atomic"),
    ("a header", {"src/engine/a.cpp": "int a;\n#include <mutex>\n"}, "src/engine/a.cpp:2: header"),
    ("a system header", {"src/inspect/a.cpp": "#include <sys/syscall.h>\n"}, "header"),
    ("a lock", {"include/cmwq/a.hpp": "inline std::mutex m;\n"}, "thread or lock"),
    ("a thread variable", {"src/engine/a.cpp": "thread_local int x;\n"}, "thread or lock"),
    ("a clock", {"src/engine/a.cpp": "auto t = std::chrono::steady_clock::now();\n"}, "clock"),
    ("affinity", {"src/engine/a.cpp": "int r = sched_setaffinity(0, 0, nullptr);\n"}, "system call"),
    ("a system call", {"src/engine/a.cpp": "long r = ::syscall(202);\n"}, "system call"),
    ("a pause instruction", {"src/engine/a.cpp": "void f() { _mm_pause(); }\n"}, "instruction"),
]

if __name__ == "__main__":
    main(__doc__, check, CASES)
