// SPDX-License-Identifier: Apache-2.0
//
// Model backend: virtual time. It passes when no thread can run, and a little with each step.
#pragma once

#include <chrono>

namespace cmwq {
inline namespace v1 {
namespace platform {

/// Virtual nanoseconds since the run began. Outside of a run: zero.
std::chrono::nanoseconds now() noexcept;

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
