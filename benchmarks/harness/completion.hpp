// SPDX-License-Identifier: Apache-2.0
//
// How a workload knows that its items ran. Every thread counts in a line of its own, so that counting costs each peer
// the same two plain instructions; the waiter adds the lines up every 0.15 ms, so that waiting costs the pool nothing.
#pragma once

#include "clock.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>

namespace bench {

/// What one thread has run: how many items, and the sum of their payloads, which shows that each ran once.
/// Two cache lines, because adjacent lines are fetched in pairs.
struct alignas(128) thread_count {
    std::atomic<std::uint64_t> items{0};
    std::atomic<std::uint64_t> payloads{0};
};

inline std::array<thread_count, 1024> thread_counts;
inline std::atomic<std::size_t> threads_counting{0};
inline constinit thread_local thread_count* this_thread_count = nullptr;

[[gnu::noinline]] inline void claim_thread_count() noexcept {
    const std::size_t index = threads_counting.fetch_add(1, std::memory_order_relaxed);
    if (index >= thread_counts.size()) {
        std::abort();
    }
    this_thread_count = &thread_counts[index];
}

/// Called by every item as it runs. Only this thread writes its line, so a load and a store are enough.
inline void count_item(std::uint64_t payload) noexcept {
    if (this_thread_count == nullptr) [[unlikely]] {
        claim_thread_count();
    }
    thread_count& mine = *this_thread_count;
    mine.payloads.store(mine.payloads.load(std::memory_order_relaxed) + payload, std::memory_order_relaxed);
    mine.items.store(mine.items.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

struct run_count {
    std::uint64_t items = 0;
    std::uint64_t payloads = 0;
};

inline run_count count_all() noexcept {
    run_count sum;
    const std::size_t threads = threads_counting.load(std::memory_order_relaxed);
    for (std::size_t index = 0; index < threads; ++index) {
        sum.items += thread_counts[index].items.load(std::memory_order_acquire);
        sum.payloads += thread_counts[index].payloads.load(std::memory_order_relaxed);
    }
    return sum;
}

inline constexpr std::int64_t completion_timeout_ns = 60'000'000'000;

/// Waits until `items` items have run since the process started. False: not within a minute.
inline bool wait_for_items(std::uint64_t items) noexcept {
    const std::int64_t deadline = now_ns() + completion_timeout_ns;
    while (count_all().items < items) {
        if (now_ns() > deadline) {
            return false;
        }
        sleep_ns(150'000);
    }
    return true;
}

}  // namespace bench
