// SPDX-License-Identifier: Apache-2.0
//
// P1, P2, P3 and P8: producers outside the pool submit a million empty items, then wait until all have run.
#pragma once

#include "../harness/completion.hpp"
#include "../harness/result.hpp"
#include "../harness/settings.hpp"

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

namespace bench {

/// An item that does nothing but be counted.
struct drain {
    static constexpr bool ordered = false;

    template <class Subject>
    static void run(Subject&, typename Subject::task& task) noexcept {
        count_item(task.payload);
    }
};

/// The same, for a queue that promises one at a time and in order: checks that it keeps the promise.
struct ordered_drain {
    static constexpr bool ordered = true;
    static inline std::uintptr_t expected = 0;
    static inline bool in_order = true;

    template <class Subject>
    static void run(Subject&, typename Subject::task& task) noexcept {
        in_order = in_order && task.payload == expected;
        ++expected;
        count_item(task.payload);
    }
};

/// Some peers take part in the work while they wait, or must be inside an arena to submit; they have `enter` and
/// `help`.
template <class Subject, class Body>
void as_producer(Subject& subject, Body body) {
    if constexpr (requires { subject.enter(body); }) {
        subject.enter(body);
    } else {
        body();
    }
}

template <class Subject>
void help(Subject& subject) {
    if constexpr (requires { subject.help(); }) {
        subject.help();
    }
}

/// Some peers keep finished items until they are collected; never inside a measured region.
template <class Subject>
void reap(Subject& subject) {
    if constexpr (requires { subject.reap(); }) {
        subject.reap();
    }
}

/// Submits payloads first … last - 1.
template <bool Closures, class Subject>
void submit_range(Subject& subject, std::uintptr_t first, std::uintptr_t last) {
    for (std::uintptr_t payload = first; payload != last; ++payload) {
        if constexpr (Closures) {
            subject.spawn(payload);
        } else {
            subject.submit(payload);
        }
    }
}

/// Runs some items so that threads and memory exist, and lets the workers go to sleep again.
template <bool Closures, class Subject>
bool warm_up(Subject& subject, std::size_t items) {
    as_producer(subject, [&] {
        submit_range<Closures>(subject, 0, items);
        help(subject);
    });
    const bool complete = wait_for_items(items);
    reap(subject);
    sleep_ns(5'000'000);
    return complete;
}

/// Producer threads that all wait for one start signal, so that making them is not measured.
template <bool Closures, class Subject>
class producers {
public:
    producers(Subject& subject, unsigned count, std::uintptr_t first, std::size_t items) : ready_{count}, go_{1} {
        const std::size_t share = items / count;
        for (unsigned index = 0; index < count; ++index) {
            const std::uintptr_t from = first + index * share;
            const std::uintptr_t to = index + 1 == count ? first + items : from + share;
            threads_.emplace_back([this, &subject, from, to] { produce(subject, from, to); });
        }
        ready_.wait();
    }

    void start() noexcept { go_.count_down(); }

    void join() {
        for (std::thread& each : threads_) {
            each.join();
        }
    }

private:
    void produce(Subject& subject, std::uintptr_t from, std::uintptr_t to) {
        ready_.count_down();
        go_.wait();
        as_producer(subject, [&] { submit_range<Closures>(subject, from, to); });
    }

    std::latch ready_;
    std::latch go_;
    std::vector<std::thread> threads_;
};

/// Every payload has been counted once: number and sum of what ran since `before` agree with 0 … items - 1 from
/// `first`.
inline bool ran_once_each(const run_count& before, std::uintptr_t first, std::size_t items) noexcept {
    const run_count after = count_all();
    const std::uint64_t sum = (2 * std::uint64_t{first} + items - 1) * items / 2;
    return after.items - before.items == items && after.payloads - before.payloads == sum;
}

template <class Work, bool Closures, class Peer>
result measure_drain(const settings& sizes) {
    using subject_type = typename Peer::template subject<Work>;
    auto& subject = *new subject_type(sizes);  // never destroyed: tearing a pool down is nobody's figure
    if (!warm_up<Closures>(subject, sizes.warm_up_items)) {
        return {};
    }
    const std::uintptr_t first = sizes.warm_up_items;
    const run_count before = count_all();
    const peer_region<Peer> peer;
    const region measured;
    std::int64_t submitted = 0;
    as_producer(subject, [&] {
        submit_range<Closures>(subject, first, first + sizes.items);
        submitted = now_ns();
        help(subject);
    });
    const bool in_time = wait_for_items(before.items + sizes.items);
    result found = measured.finish(static_cast<double>(sizes.items));
    found.call_ns = static_cast<double>(submitted - measured.start()) / static_cast<double>(sizes.items);
    found.complete = in_time && ran_once_each(before, first, sizes.items) && ordered_drain::in_order;
    peer.finish(found);
    return found;
}

template <class Peer>
result measure_drain_from(const settings& sizes, unsigned producer_count) {
    using subject_type = typename Peer::template subject<drain>;
    auto& subject = *new subject_type(sizes);
    if (!warm_up<false>(subject, sizes.warm_up_items)) {
        return {};
    }
    const std::uintptr_t first = sizes.warm_up_items;
    const run_count before = count_all();
    producers<false, subject_type> threads{subject, producer_count, first, sizes.items};
    const region measured;
    threads.start();
    const bool in_time = wait_for_items(before.items + sizes.items);
    result found = measured.finish(static_cast<double>(sizes.items));
    threads.join();
    found.complete = in_time && ran_once_each(before, first, sizes.items);
    return found;
}

}  // namespace bench
