// SPDX-License-Identifier: Apache-2.0
//
// How the engine asks for a thread; the same words for both backends.
#pragma once

#include <cstddef>

namespace cmwq {
inline namespace v1 {
namespace platform {

/// How the scheduler treats a thread. Neither needs a privilege to enter; leaving `idle` again does.
enum class thread_policy {
    normal,
    batch,  ///< runs like any other, in shorter turns that come sooner; does not preempt when it wakes on its own CPU
    idle,   ///< runs when nothing else wants the CPU, and for some tenth of a percent of the time besides
};

struct thread_options {
    const char* name = "";  ///< at most 15 characters are shown by Linux; copied before start() returns
    int cpu = -1;           ///< index into topology::cpus to pin to, or -1: any CPU the process may use
    int nice = 0;           ///< wished niceness; kept at the process's own where the system refuses
    thread_policy policy = thread_policy::normal;  ///< kept at normal where the system refuses
    bool exact_timers = false;  ///< its timed waits end on time, rather than when it suits the system
    std::size_t stack_size = 256 * 1024;
};

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
