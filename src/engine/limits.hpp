// SPDX-License-Identifier: Apache-2.0
//
// Limits that change while items flow: max_active, and freezing, which is a limit of none.
//
//   enters   a queue, and how many of its items may be active from here on
//   leaves   the queue with that limit: places in surplus are given up as their items end, waiting items get the new
//            ones
//   locks    setup_lock; for a queue's first limit also all lists that its items can be in
// Protocol page: docs/design/tokens.md.
#pragma once

#include "engine/queue_state.hpp"

#include <optional>

namespace cmwq {
inline namespace v1 {
namespace engine {

/// max_active and min_active; those that are not given stay, but min_active is never the larger one.
struct active_range {
    std::optional<unsigned> most = {};
    std::optional<unsigned> least = {};
};

/// False: no memory for the seats or tokens; the old limit stays. Any thread.
[[nodiscard]] bool set_active(cmwq_queue& wq, active_range wanted) noexcept;

/// The same for what an unbound or ordered queue asks about CPUs.
[[nodiscard]] bool set_attributes(cmwq_queue& wq, const attributes& wanted) noexcept;

/// Makes the queue ready to be a parent: its items go through a seat from here on. False: no memory. Any thread.
[[nodiscard]] bool make_parent(cmwq_queue& wq) noexcept;

/// CPUs have come or gone, or the runtime gives others to its unbound queues: the rules of all its queues follow.
/// False: no memory; some of them keep their former rule. Any thread that holds no lock of the engine but tick_lock_.
[[nodiscard]] bool place_queues(runtime_state& runtime) noexcept;

/// Of a queue that is new in its runtime's list, and has no items yet: what has changed since it was made ready. Under
/// setup_lock.
void refresh_queue(cmwq_queue& wq) noexcept;

/// Nothing of the runtime's freezable queues starts any more, but what was active already.
void freeze(runtime_state& runtime) noexcept;
/// Frozen, and all of that has ended.
[[nodiscard]] bool frozen(runtime_state& runtime) noexcept;
/// What waited goes on, in order.
void thaw(runtime_state& runtime) noexcept;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
