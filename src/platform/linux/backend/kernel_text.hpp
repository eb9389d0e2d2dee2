// SPDX-License-Identifier: Apache-2.0
//
// Linux backend: what texts of /proc and /sys say, apart from where they are read.
#pragma once

#include "platform/task_state.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace cmwq {
inline namespace v1 {
namespace platform {

/// Calls visit(cpu) for each CPU of a list such as 0-3,8 that is below `end`. What is no list ends it.
template <class Visit>
void read_cpu_list(std::FILE* text, int end, Visit visit) noexcept {
    int first = 0;
    while (std::fscanf(text, "%d", &first) == 1) {
        int last = first;
        int between = std::fgetc(text);
        if (between == '-' && std::fscanf(text, "%d", &last) == 1) between = std::fgetc(text);
        for (int cpu = std::max(first, 0); cpu <= last && cpu < end; ++cpu) visit(cpu);
        if (between != ',') return;
    }
}

/// From the text of a thread's `syscall`: "running" for one that runs or waits for a CPU.
inline task_state state_from_call(const char* text) noexcept {
    return std::strncmp(text, "running", 7) == 0 ? task_state::running : task_state::blocked;
}

/// From the text of a thread's `stat`. The name in field 2 may hold anything, parentheses included: the state follows
/// the last one.
inline task_state state_from_stat(const char* text) noexcept {
    const char* end_of_name = std::strrchr(text, ')');
    if (end_of_name == nullptr || end_of_name[1] == '\0') return task_state::unknown;
    switch (end_of_name[2]) {
    case 'R': return task_state::running;
    case 'S':
    case 'D': return task_state::blocked;
    default: return task_state::unknown;
    }
}

/// Where a thread stands, in one line, from the texts of its `wchan`, `syscall` and `stack`.
template <std::size_t Size>
void describe_place(const char* channel, char* call, char* stack, char (&text)[Size]) noexcept {
    call[std::strcspn(call, " \n")] = '\0';
    stack[std::strcspn(stack, "\n")] = '\0';
    const bool runs = std::strcmp(call, "running") == 0;
    std::snprintf(text, sizeof text, "%s%s%.40s%s%.40s%s%.80s", runs ? "running" : "blocked",
                  runs || channel[0] == '\0' ? "" : " in ", runs ? "" : channel,
                  runs || call[0] == '\0' ? "" : ", system call ", runs ? "" : call,
                  runs || stack[0] == '\0' ? "" : ", stack ", runs ? "" : stack);
}

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
