// SPDX-License-Identifier: Apache-2.0
//
// Model backend: the machine has power enough.
#pragma once

namespace cmwq {
inline namespace v1 {
namespace platform {

inline bool saves_power() noexcept {
    return false;
}

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
