// SPDX-License-Identifier: Apache-2.0
#include "backend/parker.hpp"

#include "backend/atomic.hpp"
#include "backend/clock.hpp"
#include "backend/futex.hpp"

namespace cmwq {
inline namespace v1 {
namespace platform {

[[gnu::hot]] bool parker::take_token() noexcept {
    // sync parker.1: acquire; pairs with parker.3; sees what the waker wrote before it gave the token
    if (word_.exchange(empty, std::memory_order_acquire) == token) return true;
    std::uint32_t expected = empty;
    // sync parker.2: acquire; pairs with parker.3; a token that came in between is taken here
    if (word_.compare_exchange_strong(expected, waiting, std::memory_order_acquire, std::memory_order_acquire))
        return false;
    word_.store(empty, std::memory_order_relaxed);  // the failure was a token: only unpark writes while we do not wait
    return true;
}

[[gnu::hot]] void parker::park() noexcept {
    while (!take_token()) futex_wait(word_, waiting, nullptr);
}

[[gnu::hot]] bool parker::park_until(std::chrono::nanoseconds when) noexcept {
    while (!take_token()) {
        if (now() >= when) {
            // sync parker.4: acquire; pairs with parker.3; the token may have come with the last tick
            return word_.exchange(empty, std::memory_order_acquire) == token;
        }
        futex_wait(word_, waiting, &when);
    }
    return true;
}

bool parker::spin_until(std::chrono::nanoseconds when) noexcept {
    while (now() < when) {
        // sync parker.5: acquire; pairs with parker.3; as parker.1. Asked first, so that the waker's line is left alone
        if (word_.load(std::memory_order_relaxed) == token && word_.exchange(empty, std::memory_order_acquire) == token)
            return true;
        pause();
    }
    return false;
}

[[gnu::hot]] void parker::unpark() noexcept {
    // sync parker.3: release; pairs with parker.1, parker.2, parker.4, parker.5; publishes the reason of the wake
    if (word_.exchange(token, std::memory_order_release) == waiting) futex_wake_one(word_);
}

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
