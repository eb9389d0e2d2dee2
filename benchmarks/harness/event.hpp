// SPDX-License-Identifier: Apache-2.0
//
// The cheapest way for one thread to sleep until another says go: one futex word. Used by the round-trip workloads and
// by the floors, so that the waiting side is the same for every peer. std::atomic::wait spins before it sleeps.
#pragma once

#include "clock.hpp"

#include <atomic>
#include <climits>
#include <cstdint>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace bench {

/// Counts up; a waiter sleeps until the count reaches what it waits for.
class event {
public:
    void signal() noexcept {
        count_.fetch_add(1, std::memory_order_release);
        syscall(SYS_futex, word(), FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
    }

    void wait_until(std::uint32_t target) noexcept {
        std::uint32_t seen = count_.load(std::memory_order_acquire);
        while (seen < target) {
            syscall(SYS_futex, word(), FUTEX_WAIT_PRIVATE, seen, nullptr, nullptr, 0);
            seen = count_.load(std::memory_order_acquire);
        }
    }

    /// The same, for so long at most. False: the count was not reached.
    bool wait_until_or_for(std::uint32_t target, std::int64_t nanoseconds) noexcept {
        const std::int64_t deadline = now_ns() + nanoseconds;
        std::uint32_t seen = count_.load(std::memory_order_acquire);
        while (seen < target) {
            const std::int64_t left = deadline - now_ns();
            if (left <= 0) {
                return false;
            }
            const timespec timeout{left / 1'000'000'000, left % 1'000'000'000};
            syscall(SYS_futex, word(), FUTEX_WAIT_PRIVATE, seen, &timeout, nullptr, 0);
            seen = count_.load(std::memory_order_acquire);
        }
        return true;
    }

    std::uint32_t count() const noexcept { return count_.load(std::memory_order_acquire); }

private:
    std::uint32_t* word() noexcept { return reinterpret_cast<std::uint32_t*>(&count_); }

    alignas(64) std::atomic<std::uint32_t> count_{0};
};

}  // namespace bench
