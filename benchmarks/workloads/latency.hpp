// SPDX-License-Identifier: Apache-2.0
//
// P6 and P7: one item at a time into an idle pool.
#pragma once

#include "../harness/event.hpp"
#include "drain.hpp"

namespace bench {

/// P6. Notes when it started.
struct ping {
    static constexpr bool ordered = false;
    static inline std::atomic<std::int64_t> started{0};

    template <class Subject>
    static void run(Subject&, typename Subject::task& task) noexcept {
        started.store(now_ns(), std::memory_order_relaxed);
        count_item(task.payload);
    }
};

/// P7. Wakes the thread that submitted it.
struct round_trip {
    static constexpr bool ordered = false;
    static inline event done;

    template <class Subject>
    static void run(Subject&, typename Subject::task& task) noexcept {
        count_item(task.payload);
        done.signal();
    }
};

/// What one submission took: until the call returned, and until what the workload is about happened.
struct samples {
    std::vector<std::int64_t> call;
    std::vector<std::int64_t> whole;
};

inline result summarize(const region& measured, samples& taken) {
    result found = measured.finish(static_cast<double>(taken.whole.size()));
    found.ns = percentile(taken.whole, 0.50);
    found.p99_ns = percentile(taken.whole, 0.99);
    found.call_ns = percentile(taken.call, 0.50);
    return found;
}

/// P6: the pool has been idle for a millisecond, the submitter sleeps for one afterwards.
template <class Peer>
result measure_ping(const settings& sizes) {
    auto& subject = *new typename Peer::template subject<ping>(sizes);
    bool complete = warm_up<false>(subject, sizes.warm_up_items);
    samples taken;
    const region measured;
    as_producer(subject, [&] {
        for (std::size_t sent = 1; sent <= sizes.pings && complete; ++sent) {
            const std::int64_t before = now_ns();
            subject.submit(sent);
            taken.call.push_back(now_ns() - before);
            sleep_ns(1'000'000);
            complete = wait_for_items(sizes.warm_up_items + sent);
            taken.whole.push_back(ping::started.load(std::memory_order_relaxed) - before);
            reap(subject);
        }
    });
    result found = summarize(measured, taken);
    found.complete = complete && taken.whole.size() == sizes.pings;
    return found;
}

/// P7: submit, sleep until the item has woken us, submit the next.
template <class Peer>
result measure_round_trip(const settings& sizes) {
    auto& subject = *new typename Peer::template subject<round_trip>(sizes);
    bool complete = warm_up<false>(subject, sizes.warm_up_items);
    samples taken;
    taken.whole.reserve(sizes.round_trips);
    taken.call.reserve(sizes.round_trips);
    auto awaited = static_cast<std::uint32_t>(sizes.warm_up_items);
    const region measured;
    as_producer(subject, [&] {
        for (std::size_t sent = 1; sent <= sizes.round_trips && complete; ++sent) {
            const std::int64_t before = now_ns();
            subject.submit(sent);
            taken.call.push_back(now_ns() - before);
            round_trip::done.wait_until(++awaited);
            taken.whole.push_back(now_ns() - before);
            reap(subject);
        }
    });
    result found = summarize(measured, taken);
    found.complete = complete && round_trip::done.count() == awaited;
    return found;
}

}  // namespace bench
