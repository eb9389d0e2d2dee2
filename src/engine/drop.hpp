// SPDX-License-Identifier: Apache-2.0
//
// An accepted instance that will not run: its owner is let go.
#pragma once

#include "engine/work_word.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

/// By whoever took the pending instance out of its list or wheel, and holds no lock: releasing the owner runs users'
/// code. Lifetime: the item may be gone when this returns.
inline void drop_instance(work_base& item) noexcept {
    const work_class& kind = access::kind(item);
    if (kind.drop_claimed != nullptr) return kind.drop_claimed(&item, &transition_to_cancelled);
    transition_to_cancelled(item);
    kind.drop(&item);
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
