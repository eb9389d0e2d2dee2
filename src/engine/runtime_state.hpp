// SPDX-License-Identifier: Apache-2.0
//
// Everything that a runtime owns.
#pragma once

#include "engine/queue_state.hpp"
#include "engine/stats.hpp"
#include "engine/watchdog.hpp"

#include <cmwq/runtime.hpp>

namespace cmwq {
inline namespace v1 {
namespace engine {

/// The seven queues that every runtime has, with the kernel's names.
struct system_queue_set {
    constexpr explicit system_queue_set(runtime_state* owner) noexcept {
        freezable.freezable = true;
        freezable_power_efficient.freezable = true;
        for (cmwq_queue* wq :
             {&system, &highpri, &longer, &unbound, &freezable, &power_efficient, &freezable_power_efficient}) {
            wq->runtime = owner;
        }
    }

    cmwq_queue system{"events", scope_kind::percpu};
    cmwq_queue highpri{"events_highpri", scope_kind::percpu_highpri};
    cmwq_queue longer{"events_long", scope_kind::percpu};
    cmwq_queue unbound{"events_unbound", scope_kind::unbound};
    cmwq_queue freezable{"events_freezable", scope_kind::percpu};
    cmwq_queue power_efficient{"events_power_efficient", scope_kind::percpu};
    cmwq_queue freezable_power_efficient{"events_freezable_pwr_efficient", scope_kind::percpu};
};

template <class Visit>
void for_each_system_queue(system_queue_set& set, Visit visit) {
    for (cmwq_queue* wq : {&set.system, &set.highpri, &set.longer, &set.unbound, &set.freezable, &set.power_efficient,
                           &set.freezable_power_efficient}) {
        visit(*wq);
    }
}

}  // namespace engine

struct runtime::impl {
    constexpr explicit impl(engine::system_queue_set* system_queues) noexcept : queues{system_queues} {}

    runtime_options options;              // I once settled, but for unbound_cpus: U
    engine::atomic<bool> settled{false};  // A(setup): the options are final
    char name_prefix[7] = {};             // I once settled
    engine::mutex setup_lock;
    engine::atomic<engine::pool_scope*> scopes[engine::nr_scope_kinds] = {};  // A(setup)
    cmwq_queue* all_queues = nullptr;                                         // U
    engine::placement* placements = nullptr;                                  // U
    engine::pool_workqueue* closed_seats = nullptr;                           // U
    engine::system_queue_set* queues;                                         // I
    engine::atomic<bool> highpri_refused{false};                              // T: written under setup_lock
    bool frozen = false;                                                      // U
    impl* next_runtime = nullptr;                                             // under fork.cpp's runtimes_lock
    bool counted = false;                                                     // U: known to the registry
    engine::watchdog dog{*this};
    engine::atomic<unsigned> nr_senders{0};  // A(collision): workers of other runtimes that send an item here on
    engine::statistics counters;
};

namespace engine {

/// Under setup_lock.
template <class Visit>
void for_each_queue(runtime_state& runtime, Visit visit) {
    for (cmwq_queue* wq = runtime.all_queues; wq != nullptr; wq = wq->next_in_runtime) visit(*wq);
    for_each_system_queue(*runtime.queues, visit);
}

/// Makes the runtime's options final, once: `given` or the defaults, and what the environment says. False: they were
/// already. Any thread; before anything that reads them.
bool settle(runtime_state& runtime, const runtime_options* given = nullptr, const call_site& where = {}) noexcept;
/// The scope, made if need be. Null: no memory.
[[nodiscard]] pool_scope* scope_of(runtime_state& runtime, scope_kind kind) noexcept;
/// Joins all workers and frees the pools. Its queues are retired.
void end_runtime(runtime_state& runtime) noexcept;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
