// SPDX-License-Identifier: Apache-2.0
//
// Model backend: when the process dies in a run (an assertion, a fault, an uncaught exception), say how to replay it.
#pragma once

#include <csignal>

namespace cmwq {
inline namespace v1 {
namespace model {
namespace detail {

/// While one exists, deadly signals that nobody else handles print the replay line first. At most one at a time prints.
class crash_notice {
public:
    crash_notice();
    crash_notice(const crash_notice&) = delete;
    crash_notice& operator=(const crash_notice&) = delete;
    ~crash_notice();

    /// "`variable` `command`" is what will be printed.
    void set_replay(const char* variable, const char* command);

private:
    static constexpr int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE};
    static constexpr int nr_signals = sizeof signals / sizeof *signals;

    struct sigaction before_[nr_signals];
    stack_t stack_before_;
};

}  // namespace detail
}  // namespace model
}  // namespace v1
}  // namespace cmwq
