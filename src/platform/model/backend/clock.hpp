// SPDX-License-Identifier: Apache-2.0
//
// Model backend: virtual time. It passes when no thread can run, and a little with each step.
#pragma once

#include <chrono>
#include <cstdint>

namespace cmwq {
inline namespace v1 {
namespace platform {

/// Virtual nanoseconds since the run began. Outside of a run: zero.
std::chrono::nanoseconds now() noexcept;

/// The same.
inline std::uint64_t ticks() noexcept {
    return static_cast<std::uint64_t>(now().count());
}
inline constexpr std::uint64_t ticks_per_microsecond = 1000;

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
