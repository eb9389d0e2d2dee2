// SPDX-License-Identifier: Apache-2.0
#include "engine/pinning.hpp"

#include "engine/online_cpus.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

/// Under the pool's workers_lock. A thread that has ended is left alone: its id may be another one's by now.
void pin(const worker& other) noexcept {
    const int thread_id = other.thread_id.load(memory_order_relaxed);
    if (thread_id == 0 || other.idle.load(memory_order_relaxed) == idle_state::ended) return;
    const bool wide = other.unpinned.load(memory_order_relaxed);
    platform::pin_thread(thread_id, wide ? -1 : cpu_to_pin_to(other.pool->cpu));
}

}  // namespace

int cpu_to_pin_to(int cpu) noexcept {
    return online_cpus::instance().contains(cpu) ? cpu : -1;
}

void announce_thread(worker& me) noexcept {
    locked hold{me.pool->workers_lock};
    me.thread_id.store(platform::current_thread_id(), memory_order_relaxed);
    if (online_cpus::instance().generation() != me.cpus_seen) pin(me);
}

void pin_workers(worker_pool& pool) noexcept {
    locked hold{pool.workers_lock};
    for (const worker* each = pool.workers; each != nullptr; each = each->next_in_pool) pin(*each);
}

void widen(worker& other) noexcept {
    locked hold{other.pool->workers_lock};
    other.unpinned.store(true, memory_order_relaxed);
    pin(other);
}

void narrow(worker& other) noexcept {
    if (!other.unpinned.load(memory_order_relaxed)) return;
    locked hold{other.pool->workers_lock};
    other.unpinned.store(false, memory_order_relaxed);
    pin(other);
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
