// SPDX-License-Identifier: Apache-2.0
//
// Linux backend: the monotonic clock.
#pragma once

#include <chrono>
#include <cstdint>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace cmwq {
inline namespace v1 {
namespace platform {

/// CLOCK_MONOTONIC: stands still while the machine is suspended, never jumps.
std::chrono::nanoseconds now() noexcept;

/// The cheapest counter that goes on evenly, of any unit: whoever uses it compares it with now() at two moments.
#if defined(__x86_64__)
inline std::uint64_t ticks() noexcept {
    return __rdtsc();
}
#else
inline std::uint64_t ticks() noexcept {
    return static_cast<std::uint64_t>(now().count());
}
#endif

/// So many ticks are a microsecond, to within a factor of two.
#if defined(__x86_64__)
inline constexpr std::uint64_t ticks_per_microsecond = 2500;
#else
inline constexpr std::uint64_t ticks_per_microsecond = 1000;
#endif

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
