// SPDX-License-Identifier: Apache-2.0
//
// When to try again after a thread could not be created: after 10 ms, then 100 ms, then each second, as the kernel's
// manager does; at once after a success. Without it every enqueue would ask a system that has no threads left.
#pragma once

#include "engine/locking.hpp"

#include <cstdint>

namespace cmwq {
inline namespace v1 {
namespace engine {

class creation_backoff {
public:
    constexpr creation_backoff() noexcept = default;

    /// May another attempt be made now? A load unless the last one failed.
    bool may_try() const noexcept {
        return failures_.load(memory_order_relaxed) == 0 ||
               platform::now().count() >= retry_at_.load(memory_order_relaxed);
    }
    bool failing() const noexcept { return failures_.load(memory_order_relaxed) != 0; }

    /// True for the first failure in a row: the one to tell somebody about.
    bool failed() noexcept {
        const unsigned before = failures_.fetch_add(1, memory_order_relaxed);
        retry_at_.store(platform::now().count() + delay_after(before + 1).count(), memory_order_relaxed);
        return before == 0;
    }
    void succeeded() noexcept {
        if (failing()) failures_.store(0, memory_order_relaxed);
    }

    static constexpr std::chrono::nanoseconds delay_after(unsigned failures) noexcept {
        using std::chrono::milliseconds;
        return failures == 1 ? milliseconds{10} : failures == 2 ? milliseconds{100} : milliseconds{1000};
    }

private:
    atomic<unsigned> failures_{0};      // T: in a row
    atomic<std::int64_t> retry_at_{0};  // T: nanoseconds of the monotonic clock
};

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
