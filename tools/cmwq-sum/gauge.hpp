// SPDX-License-Identifier: Apache-2.0
//
// A level that some threads raise and others lower, with the highest value ever seen.
#pragma once

#include <atomic>
#include <cstdint>

namespace cmwq_sum {

class gauge {
public:
    void raise(std::uint64_t by) noexcept {
        const auto now = level_.fetch_add(by, std::memory_order_relaxed) + by;
        auto seen = highest_.load(std::memory_order_relaxed);
        while (seen < now && !highest_.compare_exchange_weak(seen, now, std::memory_order_relaxed)) {}
    }

    /// Returns whether this call took the level from `mark` or more to below it. Of all calls that cross the mark
    /// together exactly one says so: it is the one that has to tell whoever waits for room.
    bool lower(std::uint64_t by, std::uint64_t mark = 0) noexcept {
        const auto before = level_.fetch_sub(by, std::memory_order_relaxed);
        return before >= mark && before - by < mark;
    }

    std::uint64_t level() const noexcept { return level_.load(std::memory_order_relaxed); }
    std::uint64_t highest() const noexcept { return highest_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> level_{0};
    std::atomic<std::uint64_t> highest_{0};
};

}  // namespace cmwq_sum
