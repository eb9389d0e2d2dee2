// SPDX-License-Identifier: Apache-2.0
#include "backend/crash_notice.hpp"

#include <cstdio>
#include <cstring>
#include <unistd.h>

namespace cmwq {
inline namespace v1 {
namespace model {
namespace detail {

namespace {

// Read in the signal handler: complete whenever a run is in progress, because set_replay is called between runs.
char replay_line[512];
// A fiber that has run out of stack leaves no room for a handler.
alignas(16) char handler_stack[64 * 1024];

void print_and_die(int signal) {
    [[maybe_unused]] const auto written = write(STDERR_FILENO, replay_line, std::strlen(replay_line));
    std::signal(signal, SIG_DFL);
    raise(signal);
}

}  // namespace

crash_notice::crash_notice() {
    replay_line[0] = '\0';
    stack_t stack{};
    stack.ss_sp = handler_stack;
    stack.ss_size = sizeof handler_stack;
    sigaltstack(nullptr, &stack_before_);
    if ((stack_before_.ss_flags & SS_DISABLE) != 0) sigaltstack(&stack, nullptr);
    struct sigaction action {};
    action.sa_handler = print_and_die;
    action.sa_flags = SA_ONSTACK;
    for (int i = 0; i < nr_signals; ++i) {
        sigaction(signals[i], nullptr, &before_[i]);
        const bool is_free = before_[i].sa_handler == SIG_DFL && (before_[i].sa_flags & SA_SIGINFO) == 0;
        if (is_free) sigaction(signals[i], &action, nullptr);
    }
}

crash_notice::~crash_notice() {
    for (int i = 0; i < nr_signals; ++i) sigaction(signals[i], &before_[i], nullptr);
    if ((stack_before_.ss_flags & SS_DISABLE) != 0) sigaltstack(&stack_before_, nullptr);
}

void crash_notice::set_replay(const char* variable, const char* command) {
    std::snprintf(replay_line, sizeof replay_line, "cmwq model: died in a run; replay: %s %s\n", variable, command);
}

}  // namespace detail
}  // namespace model
}  // namespace v1
}  // namespace cmwq
