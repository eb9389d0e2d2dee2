// SPDX-License-Identifier: Apache-2.0
//
// One kind of load: what it does again and again on a thread of its own, until the lap is over.
#pragma once

#include "soak/world.hpp"

#include <memory>
#include <vector>

namespace soak {

class load {
public:
    explicit load(world& in) : w{in} {}
    virtual ~load() = default;
    load(const load&) = delete;
    load& operator=(const load&) = delete;

    /// At the beginning of a lap, before any load's first step.
    virtual void begin() {}
    /// Some small part of the work; returns soon.
    virtual void step(random_numbers& random) = 0;
    /// At the end of a lap, when no load steps any more: takes back what would not end by itself.
    virtual void end() {}

protected:
    world& w;
};

// Each in the file of its name.
std::unique_ptr<load> make_bulk_load(world& w);
std::unique_ptr<load> make_order_load(world& w);
std::unique_ptr<load> make_owner_load(world& w);
std::unique_ptr<load> make_bound_load(world& w);
std::unique_ptr<load> make_family_load(world& w);
std::unique_ptr<load> make_timer_load(world& w);
std::unique_ptr<load> make_periodic_load(world& w);
std::unique_ptr<load> make_shared_item_load(world& w);
std::unique_ptr<load> make_change_load(world& w);
std::unique_ptr<load> make_queue_load(world& w);
std::unique_ptr<load> make_fork_load(world& w);

}  // namespace soak
