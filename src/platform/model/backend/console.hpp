// SPDX-License-Identifier: Apache-2.0
//
// Model backend: reports of the engine would be repeated in thousands of schedules.
#pragma once

namespace cmwq {
inline namespace v1 {
namespace platform {

inline void say(const char*) noexcept {}

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
