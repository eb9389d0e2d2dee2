// SPDX-License-Identifier: Apache-2.0
//
// Linux backend: the monotonic clock.
#pragma once

#include <chrono>

namespace cmwq {
inline namespace v1 {
namespace platform {

/// CLOCK_MONOTONIC: stands still while the machine is suspended, never jumps.
std::chrono::nanoseconds now() noexcept;

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
