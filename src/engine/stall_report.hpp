// SPDX-License-Identifier: Apache-2.0
//
// What to say about a pool that has work and has begun none for long: which items its workers are in, for how long, and
// where in the kernel each of them stands. And about a drain that does not come to its end.
#pragma once

#include "engine/queue_state.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

/// Prints a line for the pool and one for each of its workers that is in an item. Context: the watchdog.
void report_stall(worker_pool& pool, std::chrono::nanoseconds stalled_for, std::chrono::nanoseconds now) noexcept;

/// Prints a line about a drain that has found items in so many rounds, if that is a round to speak of, unless the
/// runtime is to report no stalls. Context: whoever drains, without locks.
void report_long_drain(const cmwq_queue& wq, std::uint64_t rounds) noexcept;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
