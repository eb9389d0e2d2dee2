// SPDX-License-Identifier: Apache-2.0
//
// Model backend: a thread is free to run at any step, so an observer may notice a block at once, late or never.
#pragma once

#include "platform/thread_options.hpp"

namespace cmwq {
inline namespace v1 {
namespace platform {

inline bool detects_blocks(thread_policy, int) noexcept {
    return true;
}

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
