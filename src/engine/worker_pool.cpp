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
}

}  // namespace

pool_scope* create_scope(runtime_state& runtime, scope_kind kind) noexcept {
    const int nr_pools = platform::discover_topology().nr_cpus;
    auto* scope = create<pool_scope>();
    if (scope == nullptr) return nullptr;
    scope->pools = create_array<worker_pool>(static_cast<std::size_t>(nr_pools));
    if (scope->pools == nullptr) {
        destroy(scope);
        return nullptr;
    }
    scope->runtime = &runtime;
    scope->nr_pools = nr_pools;
    scope->kind = kind;
    number_pools(*scope);
    return scope;
}

void renew_scope(pool_scope& scope) noexcept {
    scope.nr_looking.store(0, memory_order_relaxed);
    scope.nr_workers.store(0, memory_order_relaxed);
    scope.has_places.store(false, memory_order_relaxed);
    new (&scope.backoff) creation_backoff;
    for (int cpu = 0; cpu < scope.nr_pools; ++cpu) new (&scope.pools[cpu]) worker_pool;
    number_pools(scope);
}

void destroy_scope(pool_scope* scope) noexcept {
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
