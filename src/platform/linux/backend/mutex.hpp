// SPDX-License-Identifier: Apache-2.0
//
// Linux backend: a 4-byte futex mutex with a constexpr constructor, so that queues can be constant-initialised.
// Three states after Drepper, "Futexes Are Tricky" (2011), mutex 2: free, held, held with sleepers.
#pragma once

#include "backend/atomic.hpp"
#include "platform/thread_safety.hpp"

#include <cstdint>

namespace cmwq {
inline namespace v1 {
namespace platform {

class CMWQ_CAPABILITY("mutex") mutex {
public:
    constexpr mutex() noexcept = default;
    mutex(const mutex&) = delete;
    mutex& operator=(const mutex&) = delete;

    void lock() noexcept CMWQ_ACQUIRE() {
        std::uint32_t expected = free_state;
        // sync mutex.1: acquire; pairs with mutex.2; sees what the former holder wrote
        if (!word_.compare_exchange_strong(expected, held, std::memory_order_acquire, std::memory_order_relaxed)) {
            lock_slow();
        }
    }

    [[nodiscard]] bool try_lock() noexcept CMWQ_TRY_ACQUIRE(true) {
        std::uint32_t expected = free_state;
        // sync mutex.4: acquire; pairs with mutex.2; as mutex.1
        return word_.compare_exchange_strong(expected, held, std::memory_order_acquire, std::memory_order_relaxed);
    }

    void unlock() noexcept CMWQ_RELEASE() {
        // sync mutex.2: release; pairs with mutex.1, mutex.3, mutex.4; publishes the critical section
        if (word_.exchange(free_state, std::memory_order_release) == contended) wake();
    }

private:
    static constexpr std::uint32_t free_state = 0, held = 1, contended = 2;

    void lock_slow() noexcept CMWQ_NO_THREAD_SAFETY_ANALYSIS;  // it is what lock promises
    void wake() noexcept;

    std::atomic<std::uint32_t> word_{free_state};
};

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
