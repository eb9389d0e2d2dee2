// SPDX-License-Identifier: Apache-2.0
#include "backend/task_state.hpp"

#include <cstdio>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <unistd.h>

namespace cmwq {
inline namespace v1 {
namespace platform {

namespace {

task_state from_letter(char letter) noexcept {
    switch (letter) {
        case 'R': return task_state::running;
        case 'S':
        case 'D': return task_state::blocked;
        default: return task_state::unknown;
    }
}

}  // namespace

task_state task_state_of(int thread_id) noexcept {
    char path[64];
    std::snprintf(path, sizeof path, "/proc/self/task/%d/stat", thread_id);
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return task_state::unknown;
    char text[256];
    const ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    if (length <= 0) return task_state::unknown;
    text[length] = '\0';
    // The name in field 2 may hold anything, parentheses included: the state follows the last one.
    const char* end_of_name = std::strrchr(text, ')');
    if (end_of_name == nullptr || end_of_name[1] == '\0') return task_state::unknown;
    return from_letter(end_of_name[2]);
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
