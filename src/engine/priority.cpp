// SPDX-License-Identifier: Apache-2.0
#include "engine/priority.hpp"

#include "engine/runtime_state.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

bool wants_cpu(const runtime_state& runtime, scope_kind kind, int cpu) noexcept {
    // sync setup.8: acquire; pairs with setup.4; sees the scope as it was made
    const pool_scope* scope = runtime.scopes[static_cast<unsigned>(kind)].load(memory_order_acquire);
    return scope != nullptr && scope->pools[cpu].nr_running.load(memory_order_relaxed) > 0;
}

/// Everybody else gives way, in the scopes that exist and in those that are made later.
void make_others_give_way(runtime_state& runtime) noexcept {
    if (runtime.highpri_refused.load(memory_order_relaxed)) return;
    locked hold{runtime.setup_lock};
    runtime.highpri_refused.store(true, memory_order_relaxed);
    for (const atomic<pool_scope*>& place : runtime.scopes) {
        if (pool_scope* scope = place.load(memory_order_relaxed)) give_way_in(*scope);
    }
}

}  // namespace

void take_note_of_priority(const worker& me) noexcept {
    const pool_scope& scope = *me.pool->scope;
    if (!scope.highpri()) return;
    statistics& counters = scope.runtime->counters;
    if (platform::current_niceness() < 0) {
        counters.highpri_by_niceness.fetch_add(1, memory_order_relaxed);
        return;
    }
    counters.highpri_by_preference.fetch_add(1, memory_order_relaxed);
    make_others_give_way(*scope.runtime);
}

void give_way_in(pool_scope& made) noexcept {
    if (made.highpri() || !made.runtime->highpri_refused.load(memory_order_relaxed)) return;
    for (int cpu = 0; cpu < made.nr_pools; ++cpu) made.pools[cpu].gives_way.store(true, memory_order_relaxed);
}

void let_highpri_go_first(const worker_pool& pool) noexcept {
    const runtime_state& runtime = *pool.scope->runtime;
    if (wants_cpu(runtime, scope_kind::percpu_highpri, pool.cpu) ||
        wants_cpu(runtime, scope_kind::unbound_highpri, pool.cpu)) {
        platform::yield();
    }
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
