// SPDX-License-Identifier: Apache-2.0
//
// What the library's threads are called in listings: the runtime's prefix and what the thread is. Linux shows 15
// characters.
#pragma once

#include "engine/runtime_state.hpp"

#include <cstdio>

namespace cmwq {
inline namespace v1 {
namespace engine {

struct thread_name {
    char text[16];

    template <class... Parts>
    thread_name(const runtime_state& runtime, const char* format, Parts... parts) noexcept {
        const int prefix = std::snprintf(text, sizeof text, "%s", runtime.name_prefix);
        if constexpr (sizeof...(Parts) == 0) {
            std::snprintf(text + prefix, sizeof text - static_cast<std::size_t>(prefix), "%s", format);
        } else {
            std::snprintf(text + prefix, sizeof text - static_cast<std::size_t>(prefix), format, parts...);
        }
    }
};

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
