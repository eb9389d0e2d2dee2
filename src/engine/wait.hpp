// SPDX-License-Identifier: Apache-2.0
//
// How the library's own functions wait for items.
#pragma once

#include "engine/runtime_state.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

/// Parks until `done` is unparked. A worker that waits here does not count as running meanwhile. Where not even the
/// watchdog's thread could be started, the waiter does the watchdog's work, so that nothing hangs for want of a thread.
/// `runtime`: whose items are waited for; null where that is not known.
void wait_for(platform::parker& done, runtime_state* runtime) noexcept;
/// As wait_for, at the longest until `end` on the platform's clock. False: the time passed.
[[nodiscard]] bool wait_until(platform::parker& done, runtime_state* runtime, std::chrono::nanoseconds end) noexcept;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
