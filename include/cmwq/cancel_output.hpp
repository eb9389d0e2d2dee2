// SPDX-License-Identifier: Apache-2.0
//
// What the cancelling functions of an item return.
#pragma once

#include <cmwq/work_pointer.hpp>

#include <type_traits>

namespace cmwq {
inline namespace v1 {

/// Of an item that is carried by P: the owner that was given with the cancelled enqueue, null if the item was not
/// pending. For `T*` and `T&` a plain bool, true: the item was pending and will not run.
template <class P>
using cancel_output = std::conditional_t<owning_pointer<P>, P, bool>;

}  // namespace v1
}  // namespace cmwq
