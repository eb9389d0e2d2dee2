// SPDX-License-Identifier: Apache-2.0
//
// P9: 2000 items that compute for 200 µs and then sleep for 2 ms. Two CPUs need 200 ms for the computing; who keeps
// them busy meanwhile has some 22 threads, and who has fewer leaves the CPUs idle.
#pragma once

#include "../harness/event.hpp"
#include "../harness/spinners.hpp"
#include "drain.hpp"

namespace bench {

/// Computes until the calling thread has used so much CPU time: unlike wall time, it does not run while others do.
inline void compute_ns(std::int64_t nanoseconds) noexcept {
    const std::int64_t end = thread_cpu_ns() + nanoseconds;
    while (thread_cpu_ns() < end) {
        for (int turn = 0; turn < 64; ++turn) {
            relax();
        }
    }
}

struct mix {
    static constexpr bool ordered = false;
    static constexpr bool blocks = true;
    static constexpr std::int64_t compute = 200'000;
    static constexpr long sleep = 2'000'000;
    static inline std::atomic<std::size_t> left{0};
    static inline event last_ended;

    template <class Subject>
    static void run(Subject&, typename Subject::task& task) noexcept {
        compute_ns(compute);
        sleep_ns(sleep);
        count_item(task.payload);
        if (left.fetch_sub(1, std::memory_order_relaxed) == 1) {
            last_ended.signal();
        }
    }
};

/// Sleeps until the items have run, and looks every 2 ms how many threads there are.
class thread_watch {
public:
    void until(event& ended, std::uint32_t count) noexcept {
        while (ended.count() < count) {
            ended.wait_until_or_for(count, 2'000'000);
            look();
        }
    }

    void look() noexcept { most_ = std::max(most_, threads_now()); }
    std::size_t most() const noexcept { return most_; }

private:
    std::size_t most_ = 0;
};

template <class Subject>
void submit_mix(Subject& subject, std::uintptr_t first, std::size_t items) {
    mix::left.store(items);
    as_producer(subject, [&] {
        submit_range<false>(subject, first, first + items);
        help(subject);
    });
}

/// Figures per item are of the pool alone: the spinners' CPU time and threads are taken off.
template <class Peer>
result measure_mix(const settings& sizes) {
    auto& subject = *new typename Peer::template subject<mix>(sizes);
    thread_watch threads;
    if (sizes.warm_up_mix > 0) {
        submit_mix(subject, 0, sizes.warm_up_mix);
        threads.until(mix::last_ended, 1);
        reap(subject);
        sleep_ns(20'000'000);
    }
    const std::uint32_t ended = mix::last_ended.count() + 1;
    const spinners busy{sizes.spinners};
    const std::uintptr_t first = sizes.warm_up_mix;
    const run_count before = count_all();
    const std::int64_t foreign = busy.cpu_ns();
    const peer_region<Peer> peer;
    const region measured;
    submit_mix(subject, first, sizes.mix_items);
    threads.until(mix::last_ended, ended);
    threads.look();
    const double items = static_cast<double>(sizes.mix_items);
    result found = measured.finish(items);
    found.cpu_ns -= static_cast<double>(busy.cpu_ns() - foreign) / items;
    found.threads = threads.most() - busy.count();
    peer.finish(found);
    found.complete = ran_once_each(before, first, sizes.mix_items);
    return found;
}

}  // namespace bench
