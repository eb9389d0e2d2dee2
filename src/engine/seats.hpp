// SPDX-License-Identifier: Apache-2.0
//
// The seats of a queue: which queues have some, how many, and where the closed ones wait to be used again.
#pragma once

#include "engine/queue_state.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

/// Is there anything that could keep its items from the pools: an order, CPUs that they may not run on, a limit that
/// its pools could reach (a scope has no more workers than the runtime allows), a freeze, or queues that share its
/// limit?
[[nodiscard]] bool needs_seats(const cmwq_queue& wq) noexcept;

/// How many of its items may be active at the seat with that index now (none while it is frozen or being emptied), and
/// how many it may be: no more than any queue that it is nested in allows. Under setup_lock.
[[nodiscard]] seat_places places_of(const cmwq_queue& wq, int seat) noexcept;

/// Where its items may run; null: anywhere. Under setup_lock.
[[nodiscard]] const placement* placement_of(const cmwq_queue& wq) noexcept;

enum class seats_start { with_places, without_places };

/// One seat per CPU for queues whose limit counts per CPU, one per node for those whose limit is divided, one in all
/// for the others. False: no memory, nothing has changed. Under setup_lock.
[[nodiscard]] bool open_seats(cmwq_queue& wq, seats_start how) noexcept;

/// Waits until nothing is out, and sees to it that it stays so. The queue is drained; not under setup_lock.
void empty_seats(cmwq_queue& wq) noexcept;

/// Waits until nothing is out, and closes them. The queue is drained; not under setup_lock.
void close_seats(cmwq_queue& wq) noexcept;

/// The memory of closed seats is kept for another queue: an enqueuer whose item has run already may still look at its
/// seat. Under setup_lock.
void keep_closed_seats(cmwq_queue& wq) noexcept;

/// In the child of a fork: an array of seats as if closed, whatever was in it.
void renew_seats(pool_workqueue* seats) noexcept;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
