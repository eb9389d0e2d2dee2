// SPDX-License-Identifier: Apache-2.0
#include "engine/bound.hpp"

#include "engine/wait.hpp"

#include <new>

namespace cmwq {
inline namespace v1 {
namespace engine {

/// On the stack of the thread that waits.
struct room_waiter {
    room_waiter* next = nullptr;
    bool has_room = false;  // under the bound's lock, until it is woken
    platform::parker woken;
};

namespace {

constexpr std::chrono::nanoseconds for_ever = std::chrono::nanoseconds::max();

std::chrono::nanoseconds end_of(std::chrono::nanoseconds timeout) noexcept {
    const std::chrono::nanoseconds now = platform::now();
    return timeout < for_ever - now ? now + timeout : for_ever;
}

bool count_one_in(queue_bound& bound) noexcept {
    // sync bound.1: seq_cst load; pairs with bound.3; a waiter's last look, after it was counted (bound.2): it sees the
    // room given back, or whoever gives it back sees the waiter
    unsigned seen = bound.nr_pending.load(memory_order_seq_cst);
    while (seen < bound.most) {
        if (bound.nr_pending.compare_exchange_weak(seen, seen + 1, memory_order_relaxed, memory_order_relaxed))
            return true;
    }
    return false;
}

/// Under the lock.
void append(queue_bound& bound, room_waiter& me) noexcept {
    (bound.last != nullptr ? bound.last->next : bound.first) = &me;
    bound.last = &me;
    // sync bound.2: seq_cst read-modify-write; pairs with bound.4; the race of bound.1
    bound.nr_waiting.fetch_add(1, memory_order_seq_cst);
}

/// Under the lock.
void remove(queue_bound& bound, room_waiter& gone) noexcept {
    room_waiter* before = nullptr;
    for (room_waiter* each = bound.first; each != &gone; each = each->next) before = each;
    (before != nullptr ? before->next : bound.first) = gone.next;
    if (bound.last == &gone) bound.last = before;
    bound.nr_waiting.fetch_sub(1, memory_order_relaxed);
}

/// Under the lock: as many of those who wait as there is room for, in the order of coming. Woken at once: a waiter that
/// was woken does not look at its list place again.
void give_room_to_waiters(queue_bound& bound) noexcept {
    while (room_waiter* first = bound.first) {
        if (!count_one_in(bound)) return;
        remove(bound, *first);
        first->has_room = true;
        first->woken.unpark();
    }
}

}  // namespace

bool take_room(queue_bound& bound) noexcept {
    return bound.nr_waiting.load(memory_order_relaxed) == 0 && count_one_in(bound);
}

void take_room_anyway(queue_bound& bound) noexcept {
    bound.nr_pending.fetch_add(1, memory_order_relaxed);
}

void give_back_room(queue_bound& bound) noexcept {
    // sync bound.3: seq_cst read-modify-write; pairs with bound.1; the store half of the race with a new waiter
    bound.nr_pending.fetch_sub(1, memory_order_seq_cst);
    // sync bound.4: seq_cst load; pairs with bound.2; the load half of that race
    if (bound.nr_waiting.load(memory_order_seq_cst) == 0) [[likely]]
        return;
    locked hold{bound.lock};
    give_room_to_waiters(bound);
}

room_caller::room_caller(queue_bound& bound, runtime_state* runtime) noexcept : bound_{bound}, runtime_{runtime} {
    bound_.nr_callers.fetch_add(1, memory_order_relaxed);
}

room_caller::~room_caller() {
    // sync bound.5: release read-modify-write; pairs with bound.6; the queue is not touched after this
    bound_.nr_callers.fetch_sub(1, memory_order_release);
}

bool room_caller::wait() noexcept {
    room_waiter me;
    {
        locked hold{bound_.lock};
        append(bound_, me);
        give_room_to_waiters(bound_);
    }
    if (wait_until(me.woken, runtime_, end_of(bound_.timeout))) return true;
    locked hold{bound_.lock};
    if (!me.has_room) remove(bound_, me);
    return me.has_room;
}

void wait_for_room_callers(const queue_bound& bound) noexcept {
    // sync bound.6: acquire; pairs with bound.5
    while (bound.nr_callers.load(memory_order_acquire) != 0) platform::yield();
}

void renew_bound(queue_bound& bound) noexcept {
    const pending_bound as_asked{static_cast<int>(bound.most), bound.when_full, bound.timeout};
    new (&bound) queue_bound{as_asked};
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
