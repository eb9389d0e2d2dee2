// SPDX-License-Identifier: Apache-2.0
//
// Light load: an item now and then. What the pool does to the machine for it, beside the submitter: how often its
// threads wake, and how long they compute. P6 says how soon the item starts.
#pragma once

#include "latency.hpp"

namespace bench {

template <class Peer>
result measure_light(const settings& sizes) {
    auto& subject = *new typename Peer::template subject<ping>(sizes);
    if (!warm_up<false>(subject, sizes.warm_up_items)) {
        return {};
    }
    sleep_ns(20'000'000);  // until all threads sleep
    const auto others_switches = [] { return context_switches() - context_switches(RUSAGE_THREAD); };
    const auto others_cpu = [] { return process_cpu_ns() - thread_cpu_ns(); };
    const auto items = static_cast<std::size_t>(sizes.light_load_ns / sizes.gap_ns);
    samples taken;
    const long switches = others_switches();
    const std::int64_t cpu = others_cpu();
    const std::int64_t own_cpu = thread_cpu_ns();
    const region measured;
    as_producer(subject, [&] {
        for (std::size_t sent = 1; sent <= items; ++sent) {
            const std::int64_t before = now_ns();
            subject.submit(sent);
            taken.call.push_back(now_ns() - before);
            sleep_ns(static_cast<long>(sizes.gap_ns));
            const std::int64_t began = ping::started.load(std::memory_order_relaxed);
            if (began > before) {  // else it is late, and this is the one before it
                taken.whole.push_back(began - before);
            }
            reap(subject);
        }
    });
    const double own = static_cast<double>(thread_cpu_ns() - own_cpu);
    const bool complete = wait_for_items(sizes.warm_up_items + items);
    const double of_pool = static_cast<double>(others_cpu() - cpu);
    const double wakes = static_cast<double>(others_switches() - switches);
    if (taken.whole.empty()) {
        return {};
    }
    result found = summarize(measured, taken);
    found.items = static_cast<double>(items);
    found.complete = complete;
    found.cpu_ns = of_pool / static_cast<double>(items);
    found.switches = wakes;
    found.add("submitter_cpu_ns", own / static_cast<double>(items));
    return found;
}

}  // namespace bench
