// SPDX-License-Identifier: Apache-2.0
//
// P14 and P15: what a pool takes that is not time. Threads for a million empty items, memory per queued item, and what
// it does while there is nothing to do.
#pragma once

#include "drain.hpp"
#include "mix.hpp"

namespace bench {

/// An item that does nothing, or one that keeps a worker until it is let go. It spins: a pool may replace a worker that
/// sleeps and run what is meant to stay queued.
struct queued {
    static constexpr bool ordered = false;
    static constexpr std::uintptr_t gate = ~std::uintptr_t{0} / 2;
    static inline std::atomic<bool> open{false};
    static inline std::atomic<unsigned> gates_entered{0};

    template <class Subject>
    static void run(Subject&, typename Subject::task& task) noexcept {
        if (task.payload == gate) {
            gates_entered.fetch_add(1, std::memory_order_relaxed);
            while (!open.load(std::memory_order_relaxed)) {
                relax();
            }
            return;
        }
        count_item(task.payload);
    }
};

/// Keeps all workers busy, queues items, and adds what the heap and the resident set have grown by, per queued item.
template <class Subject>
void measure_memory(Subject& subject, const settings& sizes, result& found) {
    for (unsigned index = 0; index < sizes.workers; ++index) {
        subject.submit(queued::gate);
    }
    const std::int64_t deadline = now_ns() + 200'000'000;
    while (queued::gates_entered.load(std::memory_order_relaxed) < sizes.workers && now_ns() < deadline) {
        sleep_ns(50'000);
    }
    const std::uint64_t ran = count_all().items;
    const double heap = heap_bytes();
    const double resident = resident_bytes();
    const std::size_t items = sizes.queued_items;
    submit_range<false>(subject, 0, items);
    const double heap_growth = heap_bytes() - heap;
    const double growth = resident_bytes() - resident;
    const auto still_queued = static_cast<double>(items - (count_all().items - ran));
    found.add("queued_share", still_queued / static_cast<double>(items));
    found.add("heap_bytes_per_item", heap_growth / std::max(still_queued, 1.0));
    found.add("resident_bytes_per_item", growth / std::max(still_queued, 1.0));
    queued::open.store(true);
}

/// P14. The most threads of the process while `sizes.items` empty items run, then the memory.
template <class Peer>
result measure_footprint(const settings& sizes) {
    auto& subject = *new typename Peer::template subject<queued>(sizes);
    thread_watch threads;
    const peer_region<Peer> peer;
    const region measured;
    submit_range<false>(subject, 0, sizes.items / 2);
    threads.look();
    submit_range<false>(subject, sizes.items / 2, sizes.items);
    const std::int64_t deadline = now_ns() + completion_timeout_ns;
    while (count_all().items < sizes.items && now_ns() < deadline) {
        threads.look();
        sleep_ns(150'000);
    }
    result found = measured.finish(static_cast<double>(sizes.items));
    threads.look();
    found.threads = threads.most();
    found.complete = ran_once_each({}, 0, sizes.items);
    peer.finish(found);
    reap(subject);
    measure_memory(subject, sizes, found);
    return found;
}

/// P15. What all threads but this one do in `sizes.idle_ns` after some work, part of which blocked.
template <class Peer>
result measure_idle(const settings& sizes) {
    auto& subject = *new typename Peer::template subject<mix>(sizes);
    submit_mix(subject, 0, sizes.warm_up_mix + 1);
    thread_watch{}.until(mix::last_ended, 1);
    reap(subject);
    sleep_ns(static_cast<long>(sizes.settle_ns));
    const auto others_switches = [] { return context_switches() - context_switches(RUSAGE_THREAD); };
    const auto others_cpu = [] { return process_cpu_ns() - thread_cpu_ns(); };
    const long switches = others_switches();
    const std::int64_t cpu = others_cpu();
    const region measured;
    sleep_ns(sizes.idle_ns);
    result found = measured.finish(1);
    found.switches = static_cast<double>(others_switches() - switches);
    found.cpu_ns = static_cast<double>(others_cpu() - cpu);
    found.complete = true;
    return found;
}

}  // namespace bench
