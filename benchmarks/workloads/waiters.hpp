// SPDX-License-Identifier: Apache-2.0
//
// P11: N items wait for one that is enqueued after them. A pool whose threads all wait never gets to it.
#pragma once

#include "../harness/event.hpp"
#include "probe.hpp"

namespace bench {

struct waiting {
    static constexpr bool ordered = false;
    static constexpr bool blocks = true;

    static constexpr std::uintptr_t empty = 0;
    static constexpr std::uintptr_t waiter = 1;
    static constexpr std::uintptr_t freeing = 2;

    static inline event freed;
    static inline event last_ended;
    static inline std::atomic<std::size_t> waiters_left{0};

    template <class Subject>
    static void run(Subject&, typename Subject::task& task) noexcept {
        if (task.payload == freeing) {
            freed.signal();
        } else if (task.payload == waiter) {
            probe::blockers_begun.fetch_add(1, std::memory_order_relaxed);
            freed.wait_until(1);
            if (waiters_left.fetch_sub(1, std::memory_order_relaxed) == 1) {
                last_ended.signal();
            }
        }
        count_item(task.payload);
    }
};

/// The figure is the time from the first submission until the last waiter has gone on.
template <class Peer>
result measure_waiters(const settings& sizes) {
    auto& subject = *new typename Peer::template subject<waiting>(sizes);
    for (std::uintptr_t sent = 0; sent < sizes.warm_up_items / 10; ++sent) {
        subject.submit(waiting::empty);
    }
    if (!wait_for_items(sizes.warm_up_items / 10)) {
        return {};
    }
    reap(subject);
    sleep_ns(50'000'000);
    new spinners{sizes.spinners};
    waiting::waiters_left.store(sizes.waiters);
    const peer_region<Peer> peer;
    const region measured;
    for (std::size_t sent = 0; sent < sizes.waiters; ++sent) {
        subject.submit(waiting::waiter);
    }
    const std::int64_t sent_all = now_ns();
    const std::size_t begun = wait_for_blockers(sizes.waiters, 500'000'000);  // all wait, or the pool is stuck
    const std::int64_t freeing = now_ns();
    subject.submit(waiting::freeing);
    const bool in_time = waiting::last_ended.wait_until_or_for(1, sizes.limit_ns);
    result found = measured.finish(1);
    found.complete = true;
    found.add("after_freeing_ns", found.ns - static_cast<double>(freeing - measured.start()));
    found.add("submitting_ns", static_cast<double>(sent_all - measured.start()));
    found.add("waiters_begun", static_cast<double>(begun));
    found.threads -= sizes.spinners;
    peer.finish(found);
    if (!in_time) {
        found.add("not_within_ns", static_cast<double>(sizes.limit_ns));
    }
    return found;
}

}  // namespace bench
