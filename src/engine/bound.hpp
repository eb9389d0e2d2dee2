// SPDX-License-Identifier: Apache-2.0
//
// A bounded queue counts its pending items: how many there may be, who waits for room, and in which order.
// Protocol page: docs/design/bounds.md.
//
//   enters   an enqueuer before its claim, or an item that must not be refused
//   leaves   room taken for one item; given back when the item is about to run, or is cancelled
//   locks    none while there is room and nobody waits; else the bound's own
#pragma once

#include "engine/engine_access.hpp"

#include <cmwq/options.hpp>

namespace cmwq {
inline namespace v1 {
namespace engine {

struct room_waiter;

struct queue_bound {
    explicit queue_bound(const pending_bound& asked) noexcept
        : most{static_cast<unsigned>(asked.max_pending)}, when_full{asked.when_full}, timeout{asked.timeout} {}

    const unsigned most;                     // I
    const full_queue when_full;              // I
    const std::chrono::nanoseconds timeout;  // I

    alignas(cache_line) atomic<unsigned> nr_pending{0};  // A(bound): instances in the queue, or about to be
    atomic<unsigned> nr_waiting{0};                      // A(bound): written under lock
    atomic<unsigned> nr_callers{0};                      // A(bound): threads that wait, or are about to leave
    mutex lock;
    room_waiter* first = nullptr;  // under lock: who waits, in the order of coming
    room_waiter* last = nullptr;   // under lock
};

/// Room for one item, if there is some and nobody waits for it. Any thread.
[[nodiscard]] bool take_room(queue_bound& bound) noexcept;

/// Room for an item that cannot be refused any more, beyond the bound if need be.
void take_room_anyway(queue_bound& bound) noexcept;

/// An instance is pending no more: the first who waits gets its room.
void give_back_room(queue_bound& bound) noexcept;

/// A thread that waits for room. While it exists, the queue is not destroyed.
class room_caller {
public:
    room_caller(queue_bound& bound, runtime_state* runtime) noexcept;
    ~room_caller();
    room_caller(const room_caller&) = delete;
    room_caller& operator=(const room_caller&) = delete;

    /// Waits for the bound's timeout at most. True: the caller has room for one item.
    [[nodiscard]] bool wait() noexcept;

private:
    queue_bound& bound_;
    runtime_state* runtime_;
};

/// By whoever ends the queue, which is empty: those who waited have been given room and are on their way out.
void wait_for_room_callers(const queue_bound& bound) noexcept;

/// In the child of a fork: nobody waits, and nothing is pending.
void renew_bound(queue_bound& bound) noexcept;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
