// SPDX-License-Identifier: Apache-2.0
//
// Model backend: there is no fork.
#pragma once

namespace cmwq {
inline namespace v1 {
namespace platform {

inline void at_fork(void (*)(), void (*)(), void (*)()) noexcept {}
inline void renew_after_fork() noexcept {}
[[noreturn]] inline void end_this_thread() noexcept {
    __builtin_trap();
}

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
