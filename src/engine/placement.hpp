// SPDX-License-Identifier: Apache-2.0
//
// Where items may run that may not run everywhere. An item of such a queue carries a place, the CPU that it was
// enqueued to (item_list.hpp), and its seat has a placement, the rule for what that place allows. A token that carries
// items of a seat with a rule has a place too, so that thieves leave it alone; and whoever runs it looks at the rule
// again for each item, so a rule that changes holds from the next item on. Items of a per-CPU queue without a limit,
// which have no seat, run on the CPU of their place if they have one. Protocol page: docs/design/placement.md.
#pragma once

#include "engine/item_list.hpp"

#include <cmwq/attributes.hpp>

namespace cmwq {
inline namespace v1 {
namespace engine {

/// Made once for each set of attributes, constant, and kept until the runtime ends: a token may look at it at any time.
struct placement {
    enum class rule : unsigned char {
        exact,   ///< a per-CPU queue's: on the CPU of the place; without a place anywhere
        within,  ///< on the CPUs of the mask
        pod,     ///< on those CPUs of the mask that are near the place
    };

    rule kind = rule::exact;
    attributes asked;  // what it was made from; not looked at for `exact`
    cpu_mask cpus;
    /// For each CPU: the one of the mask where its items start, the nearest.
    std::uint16_t start[platform::topology::max_cpus] = {};
    /// For each CPU: which of the groups of CPUs it belongs to that the affinity scope makes.
    std::uint16_t pod_of[platform::topology::max_cpus] = {};
    placement* next = nullptr;  // U: all of a runtime

    bool allows(place wanted, int cpu) const noexcept {
        if (kind == rule::exact) return wanted == no_place || wanted == place_on(cpu);
        if (!cpus.contains(cpu)) return false;
        return kind == rule::within || wanted == no_place || pod_of[start[cpu_of(wanted)]] == pod_of[cpu];
    }
    /// Where a token starts that is sent for an item of that place, by a thread on CPU `here`.
    place start_for(place wanted, int here) const noexcept {
        if (kind == rule::exact) return wanted;
        return place_on(start[wanted != no_place ? cpu_of(wanted) : here]);
    }
};

/// The one for the seats of per-CPU queues.
extern constinit const placement exact_placement;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
