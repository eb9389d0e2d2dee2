// SPDX-License-Identifier: Apache-2.0
//
// Which way of noticing blocked workers a runtime uses.
#pragma once

#include "engine/engine_access.hpp"

#include <cstdint>

namespace cmwq {
inline namespace v1 {
namespace engine {

/// From the best to the least. A tier that counts switches exactly by a kernel program (BPF) has its place before `canary`.
enum class detection_tier : std::uint8_t { unknown, canary, batch_canary, watchdog, off };

/// The runtime's option, else the environment's CMWQ_BLOCK_DETECT, else what works when tried on that CPU (once per process).
/// May take some tens of milliseconds: the watchdog's thread asks.
detection_tier choose_detection_tier(const runtime_state& runtime, int cpu) noexcept;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
