// SPDX-License-Identifier: Apache-2.0
//
// Model backend: a thread is free to run at any step, so an observer may notice a block at once, late or never.
#pragma once

#include "platform/detection_trial.hpp"
#include "platform/thread_options.hpp"

namespace cmwq {
inline namespace v1 {
namespace platform {

inline bool start_trial(thread_policy, int) noexcept {
    return true;
}

/// Nothing to find out, so that all schedules of a process begin alike.
inline void forget_trial() noexcept {}
inline trial_outcome last_trial() noexcept {
    return trial_outcome::works;
}

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
