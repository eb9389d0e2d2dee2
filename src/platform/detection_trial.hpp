// SPDX-License-Identifier: Apache-2.0
//
// Does the scheduler work as a block detector here? The words for both backends.
#pragma once

namespace cmwq {
inline namespace v1 {
namespace platform {

/// What the latest trial of a policy on this machine has shown. Only the middle three are verdicts: a machine that is
/// busy proves nothing.
enum class trial_outcome {
    none,          ///< no trial was made, or it is under way
    works,         ///< a thread of that policy ran within a millisecond after another one blocked, and read its state
    takes_cpu,     ///< it took a tenth of the CPU and more from a thread that computed: accepted, not honoured
    misreads,      ///< it ran in time, but the kernel's files call a sleeping thread running
    inconclusive,  ///< nothing of that can be said: others had the CPU, or there was no thread to be had
};

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
