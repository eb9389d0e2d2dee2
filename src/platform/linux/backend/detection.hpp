// SPDX-License-Identifier: Apache-2.0
//
// Linux backend: does the scheduler work as a block detector here?
#pragma once

#include "platform/thread_options.hpp"

namespace cmwq {
inline namespace v1 {
namespace platform {

/// Tries it out, on the CPU with that index: a thread of this policy, pinned and always runnable, must get next to nothing
/// while another thread of that CPU computes, must run within a millisecond after that one blocks, and must then read
/// its state as blocked. Best of five tries, some 5 ms each. Not an errno but a functional test: emulated kernels and odd
/// schedulers accept the policy and then ignore it.
bool detects_blocks(thread_policy policy, int cpu) noexcept;

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
