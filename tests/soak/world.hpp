// SPDX-License-Identifier: Apache-2.0
//
// What all loads act on: a runtime with queues of every kind. Limits and attributes of some change all the time.
#pragma once

#include "soak/books.hpp"

#include <cmwq/cmwq.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <random>

namespace soak {

using random_numbers = std::minstd_rand;
using std::chrono::microseconds;
using std::chrono::milliseconds;

inline constexpr const char* thread_prefix = "soak/";

struct world {
    cmwq::runtime own{{.on_exception = [](const cmwq::escaped_exception&) noexcept { ++counts.caught; },
                       .idle_worker_timeout = milliseconds{50},
                       .thread_name_prefix = thread_prefix}};

    std::array<cmwq::owned_queue, 12> queues{
        own.make_queue(cmwq::percpu{.name = "percpu"}),
        own.make_queue(cmwq::unbound{.name = "unbound"}),
        own.make_queue(cmwq::percpu{.name = "highpri", .highpri = true}),
        own.make_queue(cmwq::percpu{.name = "background", .background = true}),
        own.make_queue(cmwq::percpu{.name = "intensive", .cpu_intensive = true}),
        own.make_queue(cmwq::percpu{.name = "saved", .mem_reclaim = true}),
        own.make_queue(cmwq::ordered{.name = "ordered"}),
        own.make_queue(cmwq::ordered{.name = "ordered, freezable", .freezable = true}),
        own.make_queue(cmwq::power_efficient{.name = "efficient"}),
        own.make_queue(cmwq::percpu{.name = "limited per CPU", .max_active = 2}),
        own.make_queue(cmwq::unbound{.name = "limited", .max_active = 3, .per_node = true}),
        own.make_queue(cmwq::unbound{.name = "freezable", .max_active = 4, .freezable = true}),
    };
    static constexpr std::size_t first_limited = 9;   // from here on limits change
    static constexpr std::size_t first_unbound = 10;  // from here on attributes change too

    // full: refuse, wait, run in the caller
    std::array<cmwq::owned_queue, 3> bounded{
        own.make_queue(cmwq::percpu{.name = "refuses", .bound = {.max_pending = 64}}),
        own.make_queue(cmwq::unbound{
            .name = "waits",
            .bound = {.max_pending = 64, .when_full = cmwq::full_queue::wait, .timeout = milliseconds{1}}}),
        own.make_queue(cmwq::unbound{.name = "runs in the caller",
                                     .bound = {.max_pending = 64, .when_full = cmwq::full_queue::run_in_caller}}),
    };

    // Three levels: the parent comes first, so it is destroyed last.
    static constexpr int family_limit = 4;
    cmwq::owned_queue parent = own.make_queue(cmwq::unbound{.name = "parent", .max_active = family_limit});
    cmwq::owned_queue child = own.make_queue(cmwq::unbound{.name = "child", .max_active = 2, .parent = &*parent});
    cmwq::owned_queue in_order = own.make_queue(cmwq::ordered{.name = "child in order", .parent = &*parent});
    cmwq::owned_queue grandchild = own.make_queue(cmwq::unbound{.name = "grandchild", .parent = &*child});

    std::atomic<bool> stop{false};

    cmwq::queue& any(random_numbers& random) { return *queues[random() % queues.size()]; }

    template <class Action>
    void with_all_queues(Action act) {
        for (auto& wq : queues) act(*wq);
        for (auto& wq : bounded) act(*wq);
        for (auto* wq : {&parent, &child, &in_order, &grandchild}) act(**wq);
    }

    /// Producers wait then, so that a slow machine does not run out of memory.
    bool is_full() const { return counts.accepted() > counts.settled() + 20'000; }
};

}  // namespace soak
