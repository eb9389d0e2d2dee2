// SPDX-License-Identifier: Apache-2.0
//
// What to say about a pool that has work and has begun none for long: which items its workers are in, for how long, and
// where in the kernel each of them stands.
#pragma once

#include "engine/queue_state.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

/// Prints a line for the pool and one for each of its workers that is in an item. Context: the watchdog.
void report_stall(worker_pool& pool, std::chrono::nanoseconds stalled_for, std::chrono::nanoseconds now) noexcept;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
