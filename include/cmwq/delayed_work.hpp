// SPDX-License-Identifier: Apache-2.0
//
// The work of an item that can be enqueued with a delay:
//
//     struct reconnect {
//         cmwq::delayed_work<reconnect> work;
//         CMWQ_HAS_WORK(work);
//         static void run(cmwq::arc<reconnect> self);
//     };
//
//     (void)q.enqueue_delayed(conn, 5s);      // runs in five seconds; refused if it is pending already
//     (void)q.mod_delayed(conn, 10s);         // runs in ten seconds from now, whatever was before
//     conn->work.cancel_sync();               // does not run any more
//
// While its timer is armed the item is pending, and its owner is with it, as if it waited in the queue: cancel, disable
// and their kin work alike, and an enqueue is refused. What waits for queued items (queue::flush, queue::drain,
// work::flush) does not wait for armed timers.
#pragma once

#include <cmwq/call_site.hpp>
#include <cmwq/delay.hpp>
#include <cmwq/detail/engine.hpp>
#include <cmwq/detail/timer_part.hpp>
#include <cmwq/fwd.hpp>
#include <cmwq/work.hpp>

#include <memory>

namespace cmwq {
inline namespace v1 {

/// Given to the constructor of a delayed work: its timer may be late, and wakes no idle machine. See `deferrable`.
struct deferrable_t {
    explicit constexpr deferrable_t() noexcept = default;
};

/// For what is worth doing only when the machine is awake anyway (statistics, caches to be trimmed): the item is
/// enqueued at the first occasion after its time, which is when another delayed item is due, or when a worker is woken
/// for some item, or within 10 ms while items are waiting. On an idle machine that may be never.
///
///     cmwq::delayed_work<stats> work{cmwq::deferrable};
inline constexpr deferrable_t deferrable{};

/// The work of T with this id, with a timer: 48 bytes. A member or a base of T, as work<T, Id>, of which it has
/// everything; besides, it can be given to queue::enqueue_delayed and queue::mod_delayed. Owners that are kept in the
/// item: holding<delayed_work<T, Id>, P>, and shared_delayed_work<T, Id> for std::shared_ptr<T>.
///
/// Lifetime: as work<T, Id>; the time that the timer is armed is part of "from an accepted enqueue to the start of its
/// function". A queue that is destroyed lets go of the items that are armed for it: they do not run, and their owners
/// are released.
template <class T, std::uint64_t Id>
class delayed_work : public work<T, Id> {
public:
    /// Names as with work<T, Id>.
    constexpr delayed_work() noexcept = default;
    constexpr delayed_work(name_literal name) noexcept : work<T, Id>{name} {}
    constexpr explicit delayed_work(deferrable_t) noexcept { timer_.deferrable = true; }
    constexpr delayed_work(name_literal name, deferrable_t) noexcept : work<T, Id>{name} { timer_.deferrable = true; }

    /// If its timer is armed, enqueues the item now; then waits as `flush` does. True: there was something to wait for.
    /// Context: may block; from the item's own function it is misuse (misuse_code::flush_from_own_item). The item and
    /// its queue must be kept alive meanwhile.
    bool flush_delayed(call_site where = call_site::current()) noexcept {
        return detail::flush_delayed_item(*this, where);
    }

private:
    // The engine finds it directly behind the work_base.
    static_assert(sizeof(work<T, Id>) == sizeof(work_base));
    [[maybe_unused]] detail::timer_part timer_;
};

/// The delayed work of an item that is carried by std::shared_ptr<T>: 88 bytes, no allocation and no count at enqueue.
template <class T, std::uint64_t Id = 0>
using shared_delayed_work = holding<delayed_work<T, Id>, std::shared_ptr<T>>;

/// The raw level: an item with a timer, for those who find back from the address of a work_base themselves
/// (raw_work.hpp).
class raw_delayed_work : public work_base {
public:
    constexpr explicit raw_delayed_work(const work_class& kind) noexcept : work_base{kind} {}
    constexpr raw_delayed_work(const work_class& kind, deferrable_t) noexcept : work_base{kind} {
        timer_.deferrable = true;
    }

private:
    [[maybe_unused]] detail::timer_part timer_;
};

static_assert(sizeof(raw_delayed_work) == sizeof(work_base) + sizeof(detail::timer_part),
              "cmwq: the engine looks for the timer directly behind the item");
static_assert(sizeof(raw_delayed_work) <= 64, "cmwq: a delayed item has at most 64 bytes");

/// As raw_enqueue, after `wait`; `cpu` as in queue::enqueue_delayed_on, -1: any.
inline refusal raw_enqueue_delayed(queue& wq, raw_delayed_work& item, delay wait, int cpu = -1,
                                   call_site where = call_site::current()) noexcept {
    return detail::submit_delayed(wq, item, {wait.nanoseconds(), wait.absolute(), cpu}, {}, where.file, where.function,
                                  where.line);
}

/// Sets the time of an item, whether it is idle, armed or in a queue: from then on it waits for `wq`. The value's
/// `was_pending` tells which; its `why` says whether it was refused, and then nothing has changed.
inline detail::modified raw_mod_delayed(queue& wq, raw_delayed_work& item, delay wait, int cpu = -1,
                                        call_site where = call_site::current()) noexcept {
    return detail::modify_delayed(wq, item, {wait.nanoseconds(), wait.absolute(), cpu}, {}, where.file, where.function,
                                  where.line);
}

/// As delayed_work::flush_delayed.
inline bool raw_flush_delayed(raw_delayed_work& item, call_site where = call_site::current()) noexcept {
    return detail::flush_delayed_item(item, where);
}

}  // namespace v1
}  // namespace cmwq
