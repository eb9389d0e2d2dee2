// SPDX-License-Identifier: Apache-2.0
//
// The cheapest way for one thread to sleep until another says go: one futex word. Used by the round-trip workloads and
// by the floors, so that the waiting side is the same for every peer. std::atomic::wait spins before it sleeps.
#pragma once

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

    std::uint32_t count() const noexcept { return count_.load(std::memory_order_acquire); }

private:
    std::uint32_t* word() noexcept { return reinterpret_cast<std::uint32_t*>(&count_); }

    alignas(64) std::atomic<std::uint32_t> count_{0};
};

}  // namespace bench
