// SPDX-License-Identifier: Apache-2.0
//
// Linux backend: what a fork means for the process's one thread that the child has.
#pragma once

namespace cmwq {
inline namespace v1 {
namespace platform {

/// Has `prepare` called before each fork(), on the thread that forks; after it `in_parent` or `in_child`, on that
/// thread too.
void at_fork(void (*prepare)(), void (*in_parent)(), void (*in_child)()) noexcept;

/// In the child, first thing: what the platform keeps about the process is found out anew.
void renew_after_fork() noexcept;

/// Ends the calling thread without returning to whoever called it. The process ends with its last thread, with status
/// 0.
[[noreturn]] void end_this_thread() noexcept;

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
