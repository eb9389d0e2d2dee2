// SPDX-License-Identifier: Apache-2.0
//
// The armed items of the process: timer wheels with a lock each, and one thread that sleeps until the earliest is due
// and then gives it to its queue. Protocol page: docs/design/timers.md.
//
//   enters   an item that its enqueuer claimed with a wheel's number in its word
//   leaves   the same item, pending and given to its queue; or pending and its remover's
//   locks    the wheel's; no other is taken under it
//
// There is a wheel for each CPU, up to 16 (of more CPUs, some share), so that threads on different CPUs arm without
// disturbing each other; and one for deferrable items, which nobody sleeps for. They belong to the process and not to a
// runtime: the item's word alone says where it is, also when its queue is about to go.
#pragma once

#include "engine/queue_state.hpp"
#include "engine/timer_advance.hpp"
#include "engine/timer_wheel.hpp"
#include "engine/work_word.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

class timers {
public:
    constexpr timers() noexcept = default;

    static timers& instance() noexcept;  // inline: each arming asks for it

    /// Starts the thread, once, as the runtime of the first armed item's queue wants it. False: the system refused;
    /// nothing would ever expire.
    [[nodiscard]] bool ready(const cmwq_queue& wq) noexcept {
        // sync timers.1: acquire; pairs with timers.2; sees how many wheels there are
        return started_.load(memory_order_acquire) || start(wq);
    }
    /// The wheel for an item that this thread arms.
    unsigned wheel_for(work_base& item) const noexcept {
        if (access::timer(item).deferrable) return deferrable_wheel;
        const auto here = static_cast<unsigned>(platform::current_cpu());
        return here < nr_wheels_ ? here : here % nr_wheels_;  // a division only on large machines
    }

    /// Arms an item claimed with that wheel in its word, for the time in its timer part. Any thread.
    /// Lifetime: the item may have run and be gone when this returns.
    void insert(work_base& item, cmwq_queue& wq, unsigned wheel) noexcept;
    /// Takes an armed item out: true; then the pending instance is the caller's, and taken (work_word.hpp): the caller
    /// lets it go by transition_to_cancelled, transition_to_moved or transition_from_taken. False: it is not armed, or
    /// its time has come: the caller looks at the word again.
    [[nodiscard]] bool remove(work_base& item) noexcept;

    /// A queue goes: from here on nothing of it is armed, and nothing of it is on its way from a wheel to its pools.
    /// Its armed items will not run: their owners are released, or given to whoever receives the queue's items at its
    /// end.
    void drop_armed_items(cmwq_queue& wq) noexcept;

    /// The machine is awake anyway: deferrable items that are due may expire now. A load and a branch if there are
    /// none.
    void machine_is_awake() noexcept {
        if (wheels_[deferrable_wheel].earliest.load(memory_order_relaxed) != never) [[unlikely]]
            expire_deferrable();
    }

    /// The thread is to look in a watchdog's place (stand_in.hpp). False: there is no thread.
    bool stand_in() noexcept;

    /// Ends and joins the thread; nothing is armed. Called when the last runtime goes.
    void end() noexcept;
    /// In the child of a fork: no thread, and nothing armed.
    void renew_after_fork() noexcept;

private:
    static constexpr unsigned most_wheels = 16, deferrable_wheel = most_wheels;
    static_assert(deferrable_wheel <= work_word::max_wheel);
    /// In place of the time of the next look: the thread is awake, and nobody has to wake it. Earlier than everything.
    static constexpr instant awake = 1;

    struct alignas(cache_line) locked_wheel {
        mutex lock;
        timer_wheel items;                // under lock
        atomic<instant> earliest{never};  // A(timers): written under lock; not later than that of `items`
    };

    bool start(const cmwq_queue& wq) noexcept;
    static void thread_main(void* self) noexcept;
    void watch() noexcept;
    void sleep_until(instant due) noexcept;
    void stand_in_if_due() noexcept;
    instant next_look() const noexcept;
    void wake_for(instant due) noexcept;
    void expire_deferrable() noexcept;
    void expire(instant now) noexcept;
    instant collect(locked_wheel& wheel, instant now) noexcept;
    instant expire_first(locked_wheel& wheel) noexcept;
    void drop_items_of(cmwq_queue& wq, locked_wheel& wheel) noexcept;
    void wait_until_not_in_hand(queue_id id) noexcept;

    mutex start_lock_;
    atomic<bool> started_{false};        // A(timers)
    atomic<bool> ending_{false};         // A(timers)
    unsigned nr_wheels_ = 0;             // I: once started
    platform::thread thread_{};          // under start_lock_
    platform::parker parker_;            // the thread's
    atomic<instant> alarm_{never};       // A(timers): when the thread looks next; never: when it is woken
    atomic<queue_id> queue_in_hand_{0};  // A(timers): of the item between wheel and pool
    timer_advance advance_;              // the thread's
    instant next_stand_in_ = 0;          // the thread's
    locked_wheel wheels_[most_wheels + 1];
};

extern constinit timers the_timers;

inline timers& timers::instance() noexcept {
    return the_timers;
}

/// As timers::remove.
[[nodiscard]] inline bool timers_remove(work_base& item) noexcept {
    return timers::instance().remove(item);
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
