// SPDX-License-Identifier: Apache-2.0
//
// Between stops 1 and 3: a claimed item goes to a pool, and whoever should be woken is. Inline, as execute.hpp is and
// for the same reason; what happens seldom is in wake.cpp.
#pragma once

#include "engine/runtime_state.hpp"
#include "engine/wake.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

inline bool nobody_runs(const worker_pool& pool) noexcept {
    // sync idle.3: seq_cst load; pairs with idle.1; the enqueuer's half of the race with a worker that stops running:
    // the push before this load is a seq_cst read-modify-write (inbox.1)
    return pool.nr_running.load(memory_order_seq_cst) == 0;
}

/// Where this pool is among those looked at.
inline int nr_looking(const worker_pool& pool) noexcept {
    // sync idle.4: seq_cst load; pairs with idle.5; the same race with a thief that stops looking
    return pool.near->nr_looking.load(memory_order_seq_cst);
}

/// The calling thread, if it is one of the scope's workers: then it pushes to its own list.
inline worker* local_worker(const pool_scope& scope) noexcept {
    worker* me = this_worker_slot();
    return me != nullptr && me->pool->scope == &scope ? me : nullptr;
}

/// Before a claim that a push from outside may follow: the lines that the push and the question whom to wake need come
/// while the claim waits for the item's. In an idle program they are far away; docs/design/hot-path.md has what each
/// costs.
inline void expect_push(const pool_scope& scope) noexcept {
    const worker_pool& pool = scope.pool_here();
    __builtin_prefetch(&pool.list, 1);
    __builtin_prefetch(&pool.nr_running, 1);
    __builtin_prefetch(&pool.near->nr_looking);
}

/// After a push from outside; `unseen` items lie in the inbox.
inline void wake_after_push(worker_pool& pool, unsigned unseen) noexcept {
    const int looking = nr_looking(pool);
    if (nobody_runs(pool) && pool_policy::may_wake_local(0, looking, unseen)) return kick(pool);
    // Somebody else has to come round to this item; should he block first, the canary notices, or else the watchdog.
    pool.bird.arm();
    pool.scope->runtime->dog.arm();
    if (pool_policy::may_wake_neighbour(unseen, looking, pool.scope->nr_in_use() > 1)) offer_to_neighbour(pool);
}

/// After a running worker of `pool` pushed to its own list; `listed` items wait there now.
inline void wake_after_local_push(worker_pool& pool, unsigned listed) noexcept {
    // sync watchdog.6: fence_light; pairs with watchdog.7, watchdog.12; who is about to rest sees the item, or we see
    // it disarmed: either one, never neither
    platform::fence_light();
    pool.bird.arm();
    pool.scope->runtime->dog.arm();
    if (listed < pool_policy::backlog_for_neighbour) return;
    if (pool_policy::may_wake_neighbour(listed, nr_looking(pool), pool.scope->nr_in_use() > 1))
        offer_to_neighbour(pool);
}

/// Gives the item to a certain pool, from which others may take it. Any thread. Lifetime: the item may have run and be
/// gone when this returns.
inline void enqueue_to_pool(worker_pool& pool, work_base& item) noexcept {
    const unsigned unseen = pool.list.push(item);
    wake_after_push(pool, unseen);
}

/// The same, to the pool of the CPU that the caller runs on. `local`: local_worker(scope).
inline void enqueue_to_scope(pool_scope& scope, work_base& item, worker* local) noexcept {
    if (local != nullptr) {
        worker_pool& pool = *local->pool;
        const std::size_t listed = pool.list.push_local(local->entry, item);
        wake_after_local_push(pool, static_cast<unsigned>(listed));
        return;
    }
    enqueue_to_pool(scope.pool_here(), item);
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
