// SPDX-License-Identifier: Apache-2.0
//
// Where items may run that may not run everywhere. An item of such a queue carries a place, the CPU that it was
// enqueued to (item_list.hpp), and its seat has a placement, the rule for what that place allows. A token that carries
// items of a seat with a rule has a place too, so that thieves leave it alone; and whoever runs it looks at the rule
// again for each item, so a rule that changes holds from the next item on. Items of a per-CPU queue without a limit,
// which have no seat, run on the CPU of their place if they have one. Protocol page: docs/design/placement.md.
#pragma once

#include "engine/item_list.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

/// Constant, because a token may look at it at any time.
struct placement {
    /// May an item of that place run on that CPU? Without a place it may anywhere.
    bool allows(place wanted, int cpu) const noexcept { return wanted == no_place || wanted == place_on(cpu); }
    /// Where a token starts that is sent for an item of that place, by a thread on CPU `here`.
    place start_for(place wanted, int) const noexcept { return wanted; }
};

/// The one for the seats of per-CPU queues.
extern constinit const placement exact_placement;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
