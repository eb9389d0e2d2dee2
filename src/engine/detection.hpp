// SPDX-License-Identifier: Apache-2.0
//
// Which way of noticing blocked workers is used. The best one is assumed at once; trials beside the work, in threads
// that nobody waits for, find out whether it deserves that.
#pragma once

#include "engine/engine_access.hpp"

#include <chrono>
#include <cstdint>

namespace cmwq {
inline namespace v1 {
namespace engine {

/// From the best to the least. A tier that counts switches exactly by a kernel program (BPF) has its place before
/// `canary`.
enum class detection_tier : std::uint8_t { unknown, canary, batch_canary, watchdog, off };

/// What the runtime's option, which the environment's CMWQ_BLOCK_DETECT has gone into, asks for; `unknown`: whatever is
/// best.
detection_tier forced_tier(const runtime_state& runtime) noexcept;

/// The best tier that no trial of this process has ruled out. Any thread; one load.
detection_tier best_tier() noexcept;

/// Makes the trial that is due, if one is, on the CPU with that index: of the lowest priority first, then of the batch
/// policy. One that proved nothing is made again after a tenth of a second, a second, and so on to minutes; a verdict
/// is final. Context: any watchdog, while work waits. Returns at once.
void look_after_trials(int cpu, std::chrono::nanoseconds now) noexcept;

/// In the child of a fork.
void renew_trials_after_fork() noexcept;

/// Can this process read the state of its threads at present? By asking for the caller's own.
bool can_read_states() noexcept;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
