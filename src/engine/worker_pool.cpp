// SPDX-License-Identifier: Apache-2.0
#include "engine/worker_pool.hpp"

#include "engine/enqueue.hpp"
#include "engine/memory.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

void number_pools(pool_scope& scope) noexcept {
    for (int cpu = 0; cpu < scope.nr_pools; ++cpu) {
        scope.pools[cpu].scope = &scope;
        scope.pools[cpu].cpu = cpu;
    }
    for (int index = 0; index < scope.nr_neighbourhoods; ++index) {
        neighbourhood& near = scope.neighbourhoods[index];
        for (int position = 0; position < near.size; ++position) {
            worker_pool& pool = scope.pools[near.cpus[position]];
            pool.near = &near;
            pool.position = static_cast<std::uint16_t>(position);
            pool.helps.store(static_cast<std::uint16_t>(index), memory_order_relaxed);
        }
    }
}

/// False: no memory.
bool make_parts(pool_scope& scope, const platform::topology& machine) noexcept {
    const neighbourhood_map map = map_neighbourhoods(machine, scope.nr_in_use());
    scope.pools = create_array<worker_pool>(static_cast<std::size_t>(machine.nr_cpus));
    scope.nr_pools = machine.nr_cpus;
    scope.neighbourhoods = create_neighbourhoods(map, machine.nr_cpus);
    scope.nr_neighbourhoods = map.count;
    return scope.pools != nullptr && scope.neighbourhoods != nullptr;
}

}  // namespace

pool_scope* create_scope(runtime_state& runtime, scope_kind kind) noexcept {
    auto* scope = create<pool_scope>();
    if (scope == nullptr) return nullptr;
    if (!make_parts(*scope, platform::discover_topology())) {
        destroy_scope(scope);
        return nullptr;
    }
    scope->runtime = &runtime;
    scope->kind = kind;
    number_pools(*scope);
    return scope;
}

void renew_scope(pool_scope& scope) noexcept {
    for (int index = 0; index < scope.nr_neighbourhoods; ++index)
        scope.neighbourhoods[index].nr_looking.store(0, memory_order_relaxed);
    scope.nr_workers.store(0, memory_order_relaxed);
    scope.has_places.store(false, memory_order_relaxed);
    new (&scope.backoff) creation_backoff;
    for (int cpu = 0; cpu < scope.nr_pools; ++cpu) new (&scope.pools[cpu]) worker_pool;
    number_pools(scope);
}

void destroy_scope(pool_scope* scope) noexcept {
    destroy_array(scope->neighbourhoods, static_cast<std::size_t>(scope->nr_neighbourhoods));
    destroy_array(scope->pools, static_cast<std::size_t>(scope->nr_pools));
    destroy(scope);
}

void push_to_place(worker_pool& pool, work_base& item) noexcept {
    if (!pool.scope->has_places.load(memory_order_relaxed)) pool.scope->has_places.store(true, memory_order_relaxed);
    (void)pool.list.push(item);
}

void enqueue_to_place(worker_pool& pool, work_base& item) noexcept {
    push_to_place(pool, item);
    wake_after_push_to_place(pool);
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
