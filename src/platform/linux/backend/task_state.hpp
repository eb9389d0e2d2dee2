// SPDX-License-Identifier: Apache-2.0
//
// Linux backend: what the kernel says about one of our threads.
#pragma once

#include "backend/task_files.hpp"
#include "platform/task_state.hpp"

#include <chrono>

namespace cmwq {
inline namespace v1 {
namespace platform {

/// State of a thread of this process, read from /proc; no privilege.
task_state task_state_of(int thread_id) noexcept;

/// Where the thread stands in the kernel, as text for a report: wait channel and system call, or that it runs.
void describe_place(int thread_id, char (&text)[256]) noexcept;

/// CPU time that the thread has used so far; zero when it cannot be had.
std::chrono::nanoseconds cpu_time_of(int thread_id) noexcept;

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
