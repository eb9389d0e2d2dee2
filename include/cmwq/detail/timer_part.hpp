// SPDX-License-Identifier: Apache-2.0
//
// What a delayed item has besides the 32 bytes of every item.
#pragma once

#include <cmwq/work_base.hpp>

#include <cstdint>

namespace cmwq {
inline namespace v1 {
namespace detail {

/// Stands directly behind the work_base of a delayed item; the engine finds it there. Written by whoever claimed the
/// item.
struct timer_part {
    std::uint64_t due = 0;    ///< nanoseconds on the engine's clock
    std::int32_t cpu = -1;    ///< where the item is to run, or -1
    bool deferrable = false;  ///< does not wake an idle machine; set before the first use
};

static_assert(sizeof(timer_part) == 16 && alignof(timer_part) == alignof(work_base));

}  // namespace detail
}  // namespace v1
}  // namespace cmwq
