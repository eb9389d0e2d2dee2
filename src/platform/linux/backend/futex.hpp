// SPDX-License-Identifier: Apache-2.0
//
// Linux backend, private: the two futex calls that mutex and parker are made of.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace cmwq {
inline namespace v1 {
namespace platform {

/// Sleeps while `word` is `expected`, at the longest until `deadline` (monotonic clock; null: for ever). May return
/// early.
void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t expected,
                const std::chrono::nanoseconds* deadline) noexcept;

/// Wakes one sleeper. `word` is used as an address only: its memory may be gone already.
void futex_wake_one(std::atomic<std::uint32_t>& word) noexcept;

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
