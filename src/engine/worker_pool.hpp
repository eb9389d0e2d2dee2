// SPDX-License-Identifier: Apache-2.0
//
// Stop 3: a pool, the workers of one CPU for one kind of queue, and the scope, the pools that may take each other's
// items: by themselves those of their neighbourhood, and those of another one when asked for help.
//
//   enters   a claimed item, from submit or from a token of a limited queue
//   leaves   the same item, popped by a worker of this pool or of one of its scope
//   locks    none for a push; the worklist's for everything else
#pragma once

#include "engine/canary.hpp"
#include "engine/creation_backoff.hpp"
#include "engine/neighbourhood.hpp"
#include "engine/online_cpus.hpp"
#include "engine/pool_policy.hpp"
#include "engine/worker.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

struct pool_scope;

struct alignas(cache_line) worker_pool {
    worklist list;

    alignas(cache_line) atomic<int> nr_running{0};  // A(idle): workers counted as running; who raises 0 to 1 wakes one
    atomic<std::uint64_t> idle_stack{0};            // A(idle): id of the last idle worker, version above
    atomic<worker*> latest{nullptr};                // A(canary): the worker that last began or went on
    atomic<std::uint64_t> ended_stack{0};           // A(idle): as idle_stack, workers to be reaped
    atomic<unsigned> nr_starting{0};                // A(idle): threads being born that will go idle first
    atomic<bool> gives_way{false};      // T: between two items, to the highpri workers of its CPU (priority.hpp)
    atomic<bool> wants_spare{false};    // T: a worker of this pool was found blocked with nobody to replace it
    atomic<unsigned> nr_idle{0};        // T
    atomic<unsigned> nr_workers{0};     // T
    atomic<unsigned> nr_ended{0};       // T: of these, the ones that ended after being idle and are not reaped
    atomic<bool> left_to_owner{false};  // T: thieves found nothing here that they may take; until the next push or tick
    pool_scope* scope = nullptr;        // I
    int cpu = 0;                        // I: index into topology::cpus
    std::uint16_t position = 0;         // I: in its neighbourhood
    atomic<std::uint16_t> helps{0};     // T: the neighbourhood in which its workers look, by index: written by whoever
                                        // wakes one to help there, and by those who come back from there
    neighbourhood* near = nullptr;      // I: its own
    atomic<unsigned> next_elsewhere{0};  // T: which pool of another neighbourhood is asked for help next
    canary bird{*this};

    mutex workers_lock;
    worker* workers = nullptr;        // P
    unsigned next_worker_number = 0;  // P

    std::uint64_t seen_begun = 0;                   // W: items begun by its workers, at the last look
    std::chrono::nanoseconds no_progress_since{0};  // W: zero = it got on, or had no work
};

/// What a kind of queue asks of its workers; the index of its scope in the runtime.
enum class scope_kind : unsigned {
    percpu,
    percpu_highpri,
    percpu_background,
    unbound,
    unbound_highpri,
    unbound_background
};
inline constexpr unsigned nr_scope_kinds = 6;

struct alignas(cache_line) pool_scope {
    alignas(cache_line) atomic<unsigned> nr_workers{0};  // A(limit)
    creation_backoff backoff;
    alignas(cache_line) runtime_state* runtime = nullptr;  // I
    worker_pool* pools = nullptr;                          // I
    int nr_pools = 0;                                      // I: one for each CPU that may ever be ours
    int nr_neighbourhoods = 0;                             // I
    neighbourhood* neighbourhoods = nullptr;               // I
    scope_kind kind = scope_kind::percpu;                  // I
    atomic<bool> has_places{false};  // A(inbox): some item of the scope had a place; set before it is pushed

    bool highpri() const noexcept { return kind == scope_kind::percpu_highpri || kind == scope_kind::unbound_highpri; }
    bool background() const noexcept {
        return kind == scope_kind::percpu_background || kind == scope_kind::unbound_background;
    }
    bool unbound() const noexcept { return kind >= scope_kind::unbound; }
    /// What its workers ask for.
    int niceness() const noexcept { return highpri() ? -20 : background() ? 19 : 0; }
    /// The first ones, beyond which nobody ever had work. For those who look around; out of date as they do.
    int nr_in_use() const noexcept { return online_cpus::instance().nr_seen(); }
    worker_pool& pool_here() const noexcept { return pools[platform::current_cpu()]; }
};

/// Makes a scope with one pool per CPU. Null when there is no memory.
pool_scope* create_scope(runtime_state& runtime, scope_kind kind) noexcept;
/// In the child of a fork: as it was made.
void renew_scope(pool_scope& scope) noexcept;
/// The scope's workers have ended.
void destroy_scope(pool_scope* scope) noexcept;

/// Gives a claimed item with a place to that pool, and wakes whoever should be: only those may take it whom the place
/// allows (placement.hpp). Any thread. Lifetime: the item may have run and be gone when this returns. Items without a
/// place: enqueue.hpp.
void enqueue_to_place(worker_pool& pool, work_base& item) noexcept;
/// The first half of it, for callers with locks; the second one is wake_after_push_to_place.
void push_to_place(worker_pool& pool, work_base& item) noexcept;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
