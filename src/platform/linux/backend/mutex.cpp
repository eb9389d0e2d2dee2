// SPDX-License-Identifier: Apache-2.0
#include "backend/mutex.hpp"

#include "backend/futex.hpp"

namespace cmwq {
inline namespace v1 {
namespace platform {

void mutex::lock_slow() noexcept {
    // The engine's critical sections are some tens of instructions: a holder on another CPU is gone within a short
    // spin. A holder preempted on this CPU is not, hence the bound.
    for (int spin = 0; spin < 100; ++spin) {
        if (word_.load(std::memory_order_relaxed) == free_state && try_lock()) return;
        pause();
    }
    // sync mutex.3: acquire; pairs with mutex.2; from here on the word says "contended", so the holder wakes somebody
    while (word_.exchange(contended, std::memory_order_acquire) != free_state) futex_wait(word_, contended, nullptr);
}

void mutex::wake() noexcept {
    futex_wake_one(word_);
}

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
