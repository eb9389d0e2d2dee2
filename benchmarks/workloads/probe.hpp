// SPDX-License-Identifier: Apache-2.0
//
// P10: how long a new item waits when the workers of the pool are blocked: behind items that have been blocked for long
// (P10-blocked), and queued directly behind fresh ones that each block as soon as they run (P10-fresh).
#pragma once

#include "../harness/blocking.hpp"
#include "../harness/spinners.hpp"
#include "latency.hpp"

namespace bench {

struct probe {
    static constexpr bool ordered = false;
    static constexpr bool blocks = true;

    // What an item is, in its payload.
    static constexpr std::uintptr_t empty = 0;
    static constexpr std::uintptr_t measured = 1;
    static constexpr std::uintptr_t blocked_for_good = 2;
    static constexpr std::uintptr_t blocked_for_2_ms = 3;

    static inline obstacle* in_the_way = nullptr;
    static inline std::atomic<std::size_t> blockers_begun{0};
    static inline std::atomic<std::int64_t> started{0};

    template <class Subject>
    static void run(Subject&, typename Subject::task& task) {
        if (task.payload == measured) {
            started.store(now_ns(), std::memory_order_relaxed);
        } else if (task.payload == blocked_for_good) {
            blockers_begun.fetch_add(1, std::memory_order_relaxed);
            in_the_way->block();
        } else if (task.payload == blocked_for_2_ms) {
            sleep_ns(2'000'000);
        }
        count_item(task.payload);
    }
};

/// Returns when so many blockers have begun, or when none has begun for that long: a pool of fixed size is full.
inline std::size_t wait_for_blockers(std::size_t wanted, std::int64_t patience_ns) noexcept {
    std::size_t seen = 0;
    std::int64_t last_change = now_ns();
    while (seen < wanted && now_ns() - last_change < patience_ns) {
        sleep_ns(100'000);
        const std::size_t begun = probe::blockers_begun.load(std::memory_order_relaxed);
        last_change = begun != seen ? now_ns() : last_change;
        seen = begun;
    }
    return seen;
}

/// Waits at least a millisecond. False: not within the limit.
inline bool wait_for_items_within(std::uint64_t items, std::int64_t limit_ns) noexcept {
    const std::int64_t deadline = now_ns() + limit_ns;
    do {
        sleep_ns(1'000'000);
    } while (count_all().items < items && now_ns() < deadline);
    return count_all().items >= items;
}

/// One probe behind `fresh` items that block; all of them have ended when this returns. False: not within the limit.
template <class Subject>
bool send_probe(Subject& subject, std::size_t fresh, std::int64_t limit_ns, samples& taken) {
    const std::uint64_t awaited = count_all().items + fresh + 1;
    for (std::size_t index = 0; index < fresh; ++index) {
        subject.submit(probe::blocked_for_2_ms);
    }
    const std::int64_t before = now_ns();
    subject.submit(probe::measured);
    const std::int64_t called = now_ns() - before;
    if (!wait_for_items_within(awaited, limit_ns)) {
        return false;
    }
    taken.call.push_back(called);
    taken.whole.push_back(probe::started.load(std::memory_order_relaxed) - before);
    reap(subject);
    return true;
}

inline void add_extremes(result& found, const samples& taken) {
    found.add("max_ns", static_cast<double>(*std::max_element(taken.whole.begin(), taken.whole.end())));
    found.add("over_5_ms", static_cast<double>(std::count_if(taken.whole.begin(), taken.whole.end(),
                                                             [](std::int64_t each) { return each > 5'000'000; })));
}

/// The submitting thread after the blockers were sent: where the sizes say.
inline void take_position(submitter_place place, bool for_blockers) noexcept {
    if (place != submitter_place::anywhere) {
        pin_to_allowed_cpu(for_blockers || place == submitter_place::same_cpu ? 0 : 1);
    }
}

template <class Peer>
result measure_probe(const settings& sizes, bool fresh) {
    auto& subject = *new typename Peer::template subject<probe>(sizes);
    const std::uintptr_t warm_up_items = sizes.warm_up_items / 10;
    for (std::uintptr_t sent = 0; sent < warm_up_items; ++sent) {
        subject.submit(probe::empty);
    }
    if (!wait_for_items(warm_up_items)) {
        return {};
    }
    reap(subject);
    probe::in_the_way = new obstacle{sizes.kind};  // blocked threads outlive this function
    new spinners{sizes.spinners};
    take_position(sizes.place, true);
    const std::size_t blockers = fresh ? 0 : sizes.blockers;
    for (std::size_t index = 0; index < blockers; ++index) {
        subject.submit(probe::blocked_for_good);
    }
    const std::size_t begun = wait_for_blockers(blockers, 200'000'000);
    sleep_ns(20'000'000);  // the last one blocks by then
    take_position(sizes.place, false);
    samples taken;
    const peer_region<Peer> peer;
    const region measured;
    bool in_time = true;
    const std::size_t wanted = fresh ? sizes.rounds : sizes.probes;
    while (in_time && taken.whole.size() < wanted) {
        in_time = send_probe(subject, fresh ? sizes.blockers : 0, sizes.limit_ns, taken);
    }
    result found = in_time ? summarize(measured, taken) : result{};
    found.complete = true;
    found.add("blockers_begun", static_cast<double>(begun));
    if (in_time) {
        add_extremes(found, taken);
        peer.finish(found);
    } else {
        found.threads = threads_now();
        found.add("not_within_ns", static_cast<double>(sizes.limit_ns));
    }
    return found;
}

}  // namespace bench
