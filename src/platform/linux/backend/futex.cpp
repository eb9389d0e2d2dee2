// SPDX-License-Identifier: Apache-2.0
#include "backend/futex.hpp"

#include <ctime>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace cmwq {
inline namespace v1 {
namespace platform {

[[gnu::hot]] void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t expected,
                             const std::chrono::nanoseconds* deadline) noexcept {
    timespec when{};
    if (deadline != nullptr) {
        when.tv_sec = static_cast<time_t>(deadline->count() / 1'000'000'000);
        when.tv_nsec = static_cast<long>(deadline->count() % 1'000'000'000);
    }
    // WAIT_BITSET takes an absolute time on the monotonic clock; plain WAIT takes a relative one.
    syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, expected, deadline != nullptr ? &when : nullptr, nullptr,
            FUTEX_BITSET_MATCH_ANY);
}

[[gnu::hot]] void futex_wake_one(std::atomic<std::uint32_t>& word) noexcept {
    syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
