// SPDX-License-Identifier: Apache-2.0
//
// Growth: what an item costs as there are more of them in flight, and as they are dealt out over more queues.
//
// A subject that has ordered queues has make_queues(count), which makes them, and submit_to(queue, payload).
#pragma once

#include "inside.hpp"

#include <bit>

namespace bench {

template <class Peer>
constexpr bool has_queues = requires(typename Peer::template subject<drain>& subject) {
    subject.submit_to(std::size_t{}, std::uintptr_t{});
};

/// So many items are in flight from beginning to end: each enqueues itself until all together have run often enough.
template <class Peer>
result measure_in_flight(const settings& sizes) {
    const std::size_t flying = sizes.in_flight;
    const std::size_t hops = std::max(sizes.items, 2 * flying) / flying;
    settings with_room = sizes;
    with_room.ring_slots = std::max(sizes.ring_slots, std::bit_ceil(2 * flying));
    auto& subject = *new typename Peer::template subject<self_hops>(with_room);
    const auto run_all = [&](std::size_t count, std::uintptr_t times) {
        as_producer(subject, [&] {
            for (std::size_t index = 0; index < count; ++index) {
                subject.submit(times);
            }
            help(subject);
        });
    };
    run_all(std::min(flying, sizes.warm_up_items), 2);
    if (!wait_for_items(2 * std::min(flying, sizes.warm_up_items))) {
        return {};
    }
    sleep_ns(5'000'000);
    const run_count before = count_all();
    const std::size_t items = flying * hops;
    const region measured;
    run_all(flying, hops);
    const bool in_time = wait_for_items(before.items + items);
    result found = measured.finish(static_cast<double>(items));
    found.complete = in_time && count_all().items - before.items == items;
    return found;
}

/// One producer deals its items out over the queues, one after the other: the next item finds another queue's memory.
template <class Peer>
result measure_queues(const settings& sizes) {
    auto& subject = *new typename Peer::template subject<drain>(sizes);
    const double heap = heap_bytes();
    const std::int64_t before_making = now_ns();
    subject.make_queues(sizes.queues);
    const double made_ns = static_cast<double>(now_ns() - before_making);
    const double grown = heap_bytes() - heap;
    const auto deal_out = [&](std::uintptr_t first, std::size_t items) {
        for (std::uintptr_t payload = first; payload != first + items; ++payload) {
            subject.submit_to(payload % sizes.queues, payload);
        }
    };
    const std::size_t warm_up_items = std::max(sizes.warm_up_items, 2 * sizes.queues);
    deal_out(0, warm_up_items);
    if (!wait_for_items(warm_up_items)) {
        return {};
    }
    sleep_ns(5'000'000);
    const run_count before = count_all();
    const region measured;
    deal_out(warm_up_items, sizes.items);
    const auto submitted = static_cast<double>(now_ns() - measured.start());
    const bool in_time = wait_for_items(before.items + sizes.items);
    result found = measured.finish(static_cast<double>(sizes.items));
    found.call_ns = submitted / static_cast<double>(sizes.items);
    found.complete = in_time && ran_once_each(before, warm_up_items, sizes.items);
    found.add("make_ns_per_queue", made_ns / static_cast<double>(sizes.queues));
    found.add("heap_bytes_per_queue", grown / static_cast<double>(sizes.queues));
    return found;
}

}  // namespace bench
