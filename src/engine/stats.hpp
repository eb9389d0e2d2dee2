// SPDX-License-Identifier: Apache-2.0
//
// What a runtime counts. All relaxed and approximate, and none of them on the path of an item.
#pragma once

#include "engine/locking.hpp"

#include <chrono>
#include <cstdint>

namespace cmwq {
inline namespace v1 {
namespace engine {

/// What one way of finding blocked workers has found.
struct finds {
    atomic<std::uint64_t> count{0};         // T
    atomic<std::int64_t> lateness{0};       // T: nanoseconds, all of them together
    atomic<std::int64_t> most_lateness{0};  // T: nanoseconds

    void add(std::chrono::nanoseconds late) noexcept {
        count.fetch_add(1, memory_order_relaxed);
        lateness.fetch_add(late.count(), memory_order_relaxed);
        std::int64_t most = most_lateness.load(memory_order_relaxed);
        while (late.count() > most &&
               !most_lateness.compare_exchange_weak(most, late.count(), memory_order_relaxed, memory_order_relaxed)) {}
    }
};

/// What happens too often to be counted on one line for all CPUs: each neighbourhood has its own.
struct local_statistics {
    atomic<std::uint64_t> items_stolen{0};  // T: items moved to another pool of the scope
    atomic<std::uint64_t> wakeups{0};       // T: idle workers woken
};

struct statistics {
    atomic<std::uint64_t> workers_created{0};           // T: threads started
    atomic<std::uint64_t> workers_destroyed{0};         // T: idle workers ended and joined
    atomic<std::uint64_t> worker_creation_failures{0};  // T: threads refused by the system, or no memory for one
    atomic<std::uint64_t> items_rescued{0};             // T: items and tokens that rescuers took
    atomic<std::uint64_t> items_dropped{0};             // T: items that did not run because their queue was shut down
    atomic<std::uint64_t> highpri_by_niceness{0};       // T: highpri workers with a raised niceness
    atomic<std::uint64_t> highpri_by_preference{0};     // T: highpri workers that were refused it
    atomic<std::uint64_t> cpu_hogs{0};                  // T: items found computing for longer than 10 ms
    atomic<std::uint64_t> flushes{0};                   // T: flushes that had something to wait for
    atomic<std::uint64_t> canaries_starved{0};          // T: times that a batch canary had to look in its place
    atomic<std::uint64_t> detection_losses{0};          // T: times that a worse tier had to be used from then on
    finds blocks_found[3];                              // T: workers found blocked, by enum detector
    atomic<std::uint64_t> blocks_found_by_worker{0};    // T: the same by others that came back and took over
};

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
