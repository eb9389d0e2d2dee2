// SPDX-License-Identifier: Apache-2.0
//
// Linux backend: where reports go.
#pragma once

#include <cstdio>

namespace cmwq {
inline namespace v1 {
namespace platform {

/// Writes one line, given without its line feed, to stderr.
inline void say(const char* line) noexcept {
    std::fprintf(stderr, "%s\n", line);
}

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
