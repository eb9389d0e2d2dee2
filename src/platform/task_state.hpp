// SPDX-License-Identifier: Apache-2.0
//
// What the kernel says about a thread, as far as the engine cares.
#pragma once

namespace cmwq {
inline namespace v1 {
namespace platform {

enum class task_state {
    running,  ///< on a CPU or wanting one: a preempted thread counts as running, as in the kernel's workqueue
    blocked,  ///< off the CPU by its own will: system call, lock, page fault
    unknown,  ///< cannot be read here
};

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
