// SPDX-License-Identifier: Apache-2.0
//
// Linux backend: does the scheduler work as a block detector here?
#pragma once

#include "platform/detection_trial.hpp"
#include "platform/thread_options.hpp"

namespace cmwq {
inline namespace v1 {
namespace platform {

/// Starts to try it out, on the CPU with that index: a thread of this policy, pinned and always runnable, must get next
/// to nothing while another thread of that CPU computes, must run within a millisecond after that one blocks, and must
/// then read its state as blocked. Best of five tries of some 5 ms each, half of it computing. Not an errno but a
/// functional test: emulated kernels and odd schedulers accept the policy and then ignore it.
///
/// Runs in two threads of its own, which nobody waits for: they end by themselves, or with the process. One trial at a
/// time in a process. False: one is under way, or the system refused a thread.
bool start_trial(thread_policy policy, int cpu) noexcept;

/// What came out of the last one started. Any thread; one load.
trial_outcome last_trial() noexcept;

/// In the child of a fork: a trial under way is not the child's.
void forget_trial() noexcept;

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
