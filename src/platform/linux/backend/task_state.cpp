// SPDX-License-Identifier: Apache-2.0
#include "backend/task_state.hpp"

#include "backend/kernel_text.hpp"

#include <ctime>
#include <unistd.h>

namespace cmwq {
inline namespace v1 {
namespace platform {

namespace {

/// The file's text, or an empty string.
void read_task_file(int thread_id, const char* name, char (&text)[256]) noexcept {
    text[0] = '\0';
    const int file = open_task_file(thread_id, name);
    if (file < 0) return;
    const ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    text[length > 0 ? length : 0] = '\0';
}

task_state from_stat(int thread_id) noexcept {
    char text[256];
    read_task_file(thread_id, "stat", text);
    return state_from_stat(text);
}

}  // namespace

task_state task_state_of(int thread_id) noexcept {
    // `syscall` says "running" for a thread that runs or waits for a CPU, and where it sleeps otherwise (page faults
    // included): half the price of `stat`, but closed to processes that may not be traced.
    char text[256];
    text[read_kept_file(thread_id, text, sizeof text - 1)] = '\0';
    if (text[0] == '\0') read_task_file(thread_id, "syscall", text);
    return text[0] != '\0' ? state_from_call(text) : from_stat(thread_id);
}

void describe_place(int thread_id, char (&text)[256]) noexcept {
    char channel[256], call[256], stack[256];
    read_task_file(thread_id, "wchan", channel);
    read_task_file(thread_id, "syscall", call);
    read_task_file(thread_id, "stack", stack);  // the kernel shows it to root only
    describe_place(channel, call, stack, text);
}

std::chrono::nanoseconds cpu_time_of(int thread_id) noexcept {
    // The kernel's encoding of a per-thread CPU clock (include/uapi/linux/time.h): inverted id, then type 2 (scheduler
    // time) and the per-thread bit.
    const auto clock = static_cast<clockid_t>((~static_cast<unsigned>(thread_id) << 3) | 2u | 4u);
    timespec t{};
    if (clock_gettime(clock, &t) != 0) return {};
    return std::chrono::seconds{t.tv_sec} + std::chrono::nanoseconds{t.tv_nsec};
}

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
