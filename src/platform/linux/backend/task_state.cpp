// SPDX-License-Identifier: Apache-2.0
#include "backend/task_state.hpp"

#include <cstdio>
#include <cstring>
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

task_state from_letter(char letter) noexcept {
    switch (letter) {
    case 'R': return task_state::running;
    case 'S':
    case 'D': return task_state::blocked;
    default: return task_state::unknown;
    }
}

/// From the text of `syscall`.
task_state from_call(const char* text) noexcept {
    return std::strncmp(text, "running", 7) == 0 ? task_state::running : task_state::blocked;
}

task_state from_stat(int thread_id) noexcept {
    char text[256];
    read_task_file(thread_id, "stat", text);
    // The name in field 2 may hold anything, parentheses included: the state follows the last one.
    const char* end_of_name = std::strrchr(text, ')');
    if (end_of_name == nullptr || end_of_name[1] == '\0') return task_state::unknown;
    return from_letter(end_of_name[2]);
}

}  // namespace

task_state task_state_of(int thread_id) noexcept {
    // `syscall` says "running" for a thread that runs or waits for a CPU, and where it sleeps otherwise (page faults
    // included): half the price of `stat`, but closed to processes that may not be traced.
    char text[256];
    text[read_kept_file(thread_id, text, sizeof text - 1)] = '\0';
    if (text[0] == '\0') read_task_file(thread_id, "syscall", text);
    return text[0] != '\0' ? from_call(text) : from_stat(thread_id);
}

void describe_place(int thread_id, char (&text)[256]) noexcept {
    char channel[256], call[256], stack[256];
    read_task_file(thread_id, "wchan", channel);
    read_task_file(thread_id, "syscall", call);
    read_task_file(thread_id, "stack", stack);  // the kernel shows it to root only
    call[std::strcspn(call, " \n")] = '\0';
    stack[std::strcspn(stack, "\n")] = '\0';
    const bool runs = std::strcmp(call, "running") == 0;
    std::snprintf(text, sizeof text, "%s%s%.40s%s%.40s%s%.80s", runs ? "running" : "blocked",
                  runs || channel[0] == '\0' ? "" : " in ", runs ? "" : channel,
                  runs || call[0] == '\0' ? "" : ", system call ", runs ? "" : call,
                  runs || stack[0] == '\0' ? "" : ", stack ", runs ? "" : stack);
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
