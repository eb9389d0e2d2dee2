// SPDX-License-Identifier: Apache-2.0
//
// Part of every test program of the preset `coverage`. What a process has counted it writes at exit: one that ends in
// another way, as children of a test do, would take it along. The linker sends calls of _exit and quick_exit here
// (tests/CMakeLists.txt).
#include <csignal>

extern "C" {

void __gcov_dump();

[[noreturn]] void __real_quick_exit(int status);
[[noreturn]] void __real__exit(int status);

[[noreturn]] void __wrap_quick_exit(int status) {
    __gcov_dump();
    __real_quick_exit(status);
}

[[noreturn]] void __wrap__exit(int status) {
    __gcov_dump();
    __real__exit(status);
}

}  // extern "C"

namespace {

/// Of abort, also by std::terminate. It ends the program when this returns.
[[gnu::constructor]] void count_at_abort() {
    std::signal(SIGABRT, [](int) { __gcov_dump(); });
}

}  // namespace
