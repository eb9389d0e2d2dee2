// SPDX-License-Identifier: Apache-2.0
//
// Model backend: what the scheduler knows about a thread.
#pragma once

#include "platform/task_state.hpp"

#include <chrono>

namespace cmwq {
inline namespace v1 {
namespace platform {

/// blocked: waits for a mutex, a token, a thread or in model::sleep_for. A thread that burns CPU, or could run and was
/// not chosen, is running. unknown: no such thread now.
task_state task_state_of(int thread_id) noexcept;

/// Nothing is kept.
inline void close_task_files() noexcept {}

/// Not needed: the model's own report says where each thread stands.
inline void describe_place(int, char (&text)[256]) noexcept {
    text[0] = '\0';
}

/// The virtual CPU time of a thread: what it burnt and the steps it made. Zero when there is no such thread.
std::chrono::nanoseconds cpu_time_of(int thread_id) noexcept;

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
