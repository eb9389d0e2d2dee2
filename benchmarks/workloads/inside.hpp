// SPDX-License-Identifier: Apache-2.0
//
// P4 and P5: work that workers make for themselves. One item comes from outside, the rest from items that run.
#pragma once

#include "drain.hpp"

namespace bench {

/// P4. An item of level n submits two of level n - 1; level 1 is a leaf. `levels` give 2^levels - 1 items.
struct tree {
    static constexpr bool ordered = false;

    template <class Subject>
    static void run(Subject& subject, typename Subject::task& task) {
        const std::uintptr_t level = task.payload;
        if (level > 1) {
            subject.submit(level - 1);
            subject.submit(level - 1);
        }
        count_item(1);
    }
};

/// P5 "self". One item that enqueues itself from its own function until its payload has come down to 1.
/// A peer without caller-owned items submits the rest of the journey as a new one.
struct self_hops {
    static constexpr bool ordered = false;

    template <class Subject>
    static void run(Subject& subject, typename Subject::task& task) {
        count_item(1);
        if (--task.payload > 0) {
            subject.resubmit(task);
        }
    }
};

/// Some peers have a cheaper call for an item that goes on where this one ends.
template <class Subject>
void submit_continuation(Subject& subject, std::uintptr_t payload) {
    if constexpr (requires { subject.submit_continuation(payload); }) {
        subject.submit_continuation(payload);
    } else {
        subject.submit(payload);
    }
}

/// P5 "chain". Each hop is a fresh item, in a slot of its own.
struct chain {
    static constexpr bool ordered = false;

    template <class Subject>
    static void run(Subject& subject, typename Subject::task& task) {
        const std::uintptr_t left = task.payload - 1;
        count_item(1);
        if (left > 0) {
            submit_continuation(subject, left);
        }
    }
};

/// Submits one item with `payload`, from which `items` items follow.
template <class Work, class Peer>
result measure_inside(const settings& sizes, std::uintptr_t payload, std::size_t items) {
    using subject_type = typename Peer::template subject<Work>;
    auto& subject = *new subject_type(sizes);
    const auto run_from = [&](std::uintptr_t root) {
        as_producer(subject, [&] {
            subject.submit(root);
            help(subject);
        });
    };
    run_from(1);
    if (!wait_for_items(1)) {
        return {};
    }
    const auto once = [&] {
        sleep_ns(5'000'000);
        const run_count before = count_all();
        const peer_region<Peer> peer;
        const region measured;
        run_from(payload);
        const bool in_time = wait_for_items(before.items + items);
        result found = measured.finish(static_cast<double>(items));
        found.complete = in_time && count_all().items - before.items == items;
        peer.finish(found);
        return found;
    };
    result least = once();
    for (unsigned turn = 1; turn < sizes.least_of && least.complete; ++turn) {
        const result next = once();
        if (next.ns < least.ns || !next.complete) {
            least = next;
        }
    }
    return least;
}

}  // namespace bench
