// SPDX-License-Identifier: Apache-2.0
//
// Model backend: reports of the engine would be repeated in thousands of schedules. They are kept for who asks.
#pragma once

#include <string>

namespace cmwq {
inline namespace v1 {
namespace platform {

/// What was said since it was last cleared, up to some length.
inline std::string said;

inline void say(const char* line) noexcept {
    constexpr std::size_t most = 4096;
    if (said.size() < most) (said += line) += '\n';
}

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
