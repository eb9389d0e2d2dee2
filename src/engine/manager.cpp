// SPDX-License-Identifier: Apache-2.0
#include "engine/manager.hpp"

#include "engine/online_cpus.hpp"
#include "engine/pinning.hpp"
#include "engine/registry.hpp"
#include "engine/runtime_state.hpp"
#include "engine/stand_in.hpp"
#include "engine/thread_name.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

// The idle stack's word: id of the top worker in the low half, a version in the upper one, so that a worker that was
// popped and pushed meanwhile is not mistaken for an unchanged top (ABA).
constexpr std::uint64_t id_bits = 0xffffffff;
constexpr std::uint64_t one_version = id_bits + 1;

std::uint64_t with_top(std::uint64_t old, worker_id top) noexcept {
    return ((old & ~id_bits) + one_version) | top;
}

/// cmwq/CPU:N, cmwq/CPU:NH, cmwq/uCPU:N, cmwq/uCPU:NH, B for background: after the kernel's kworker names.
thread_name name_of_worker(const worker_pool& pool, unsigned number) noexcept {
    const pool_scope& scope = *pool.scope;
    return {*scope.runtime,  "%s%d:%u%s",   scope.unbound() ? "u" : "",
            pool.cpu % 1000, number % 1000, scope.highpri() ? "H" : scope.background() ? "B" : ""};
}

bool reserve_worker(pool_scope& scope) noexcept {
    unsigned now = scope.nr_workers.load(memory_order_relaxed);
    while (now < scope.runtime->options.max_workers) {
        if (scope.nr_workers.compare_exchange_weak(now, now + 1, memory_order_relaxed, memory_order_relaxed))
            return true;
    }
    return false;
}

unsigned attach(worker_pool& pool, worker& added) noexcept {
    locked hold{pool.workers_lock};
    added.next_in_pool = pool.workers;
    pool.workers = &added;
    pool.nr_workers.fetch_add(1, memory_order_relaxed);
    return pool.next_worker_number++;
}

void detach(worker_pool& pool, worker& gone) noexcept {
    locked hold{pool.workers_lock};
    worker** link = &pool.workers;
    while (*link != &gone) link = &(*link)->next_in_pool;
    *link = gone.next_in_pool;
    pool.nr_workers.fetch_sub(1, memory_order_relaxed);
}

bool start_thread(worker_pool& pool, worker& self, unsigned number) noexcept {
    const thread_name name = name_of_worker(pool, number);
    platform::thread_options options{.name = name.text, .cpu = cpu_to_pin_to(pool.cpu)};
    options.stack_size = pool.scope->runtime->options.worker_stack_size;
    options.nice = pool.scope->niceness();
    return self.thread.start(options, worker_main, &self);
}

void forget(worker_pool& pool, worker& gone) noexcept {
    detach(pool, gone);
    pool.scope->nr_workers.fetch_sub(1, memory_order_relaxed);
    registry::instance().release_worker(gone);
}

void reap(worker_pool& pool, worker& ended) noexcept {
    ended.thread.join();
    pool.scope->runtime->counters.workers_destroyed.fetch_add(1, memory_order_relaxed);
    forget(pool, ended);
}

bool too_many_workers(const worker_pool& pool) noexcept {
    const unsigned living = pool.nr_workers.load(memory_order_relaxed) - pool.nr_ended.load(memory_order_relaxed);
    return pool_policy::too_many_workers(living, pool.nr_idle.load(memory_order_relaxed));
}

bool told_to_end(const worker& woken) noexcept {
    return woken.idle.load(memory_order_relaxed) == idle_state::ended;  // ordered by the token: tell_to_end
}

void push_stack(atomic<std::uint64_t>& stack, worker& self) noexcept {
    std::uint64_t seen = stack.load(memory_order_relaxed);
    do {
        self.next_idle.store(static_cast<worker_id>(seen & id_bits), memory_order_relaxed);
        // sync idle.6: seq_cst read-modify-write; pairs with idle.7, idle.8, idle.9, idle.13, idle.16; closes a
        // store-load race: a waker that took the token sees this worker, or the worker's later look sees the token
        // given back. Publishes the worker before it gives its running token back: whoever takes the token after that
        // finds somebody to hand it to
    } while (!stack.compare_exchange_weak(seen, with_top(seen, self.id), memory_order_seq_cst, memory_order_relaxed));
}

worker* pop_stack(worker_pool& pool) noexcept {
    // sync idle.8: acquire; pairs with idle.6; sees the link of the worker that was pushed
    std::uint64_t seen = pool.idle_stack.load(memory_order_acquire);
    while ((seen & id_bits) != 0) {
        worker* top = &registry::instance().slot_of(static_cast<worker_id>(seen & id_bits));
        const std::uint64_t next = with_top(seen, top->next_idle.load(memory_order_relaxed));
        // sync idle.9: acquire; pairs with idle.6; as idle.8, for the retry. Where it succeeds, it reads the very store
        // that `seen` was read from (of each value there is one, by its version), and would need no order; but GCC 12
        // refuses a failure with a stronger one
        if (pool.idle_stack.compare_exchange_weak(seen, next, memory_order_acquire)) return top;
    }
    return nullptr;
}

bool create_reserved_worker(worker_pool& pool, bool as_spare) noexcept {
    worker* self = registry::instance().acquire_worker();
    if (self == nullptr) return false;
    self->pool = &pool;
    self->counted_pool.store(&pool, memory_order_relaxed);
    self->starts_idle = as_spare;
    self->cpus_seen = online_cpus::instance().generation();
    statistics& counters = pool.scope->runtime->counters;
    counters.workers_created.fetch_add(1, memory_order_relaxed);
    if (start_thread(pool, *self, attach(pool, *self))) return true;
    counters.workers_created.fetch_sub(1, memory_order_relaxed);
    detach(pool, *self);
    registry::instance().release_worker(*self);
    return false;
}

/// The wake that follows is the end and brings no token. Told to this one worker and not to all: one that was woken
/// with a token just before still has to give it back and go idle. Relaxed: the worker reads it when it has the token
/// that follows, or an earlier one, which came before it was popped again.
void tell_to_end(worker& idle) noexcept {
    idle.idle.store(idle_state::ended, memory_order_relaxed);
    idle.parker.unpark();
}

/// Ends it; its thread is joined later (reap_ended). False: there is none.
bool end_idle_worker(worker_pool& pool) noexcept {
    worker* idle = pop_idle(pool);
    if (idle == nullptr) return false;
    pool.nr_ended.fetch_add(1, memory_order_relaxed);
    tell_to_end(*idle);
    push_stack(pool.ended_stack, *idle);
    return true;
}

/// The scope has as many workers as it may, and this pool has none: an idle one of another pool makes room, whose CPU
/// may be the only one where it has nothing to do. Items that may run on one CPU only would wait for ever. Room is
/// there when its thread has ended: for whoever asks next, at the latest the watchdog.
void make_room_for_first_worker(worker_pool& pool) noexcept {
    if (pool.nr_workers.load(memory_order_relaxed) != 0) return;
    pool_scope& scope = *pool.scope;
    for (int step = 1; step < scope.nr_pools; ++step) {
        worker_pool& other = scope.pools[(pool.cpu + step) % scope.nr_pools];
        if (other.nr_ended.load(memory_order_relaxed) != 0) return reap_ended(other);
    }
    for (int step = 1; step < scope.nr_pools; ++step) {
        worker_pool& other = scope.pools[(pool.cpu + step) % scope.nr_pools];
        if (!other.list.has_work() && end_idle_worker(other)) return;
    }
}

/// Room for one worker more.
bool has_room(worker_pool& pool) noexcept {
    if (reserve_worker(*pool.scope)) return true;
    make_room_for_first_worker(pool);
    return reserve_worker(*pool.scope);
}

}  // namespace

bool create_worker(worker_pool& pool, bool as_spare) noexcept {
    pool_scope& scope = *pool.scope;
    reap_ended(pool);
    if (!scope.backoff.may_try() || !has_room(pool)) return false;
    if (create_reserved_worker(pool, as_spare)) {
        scope.backoff.succeeded();
        return true;
    }
    scope.nr_workers.fetch_sub(1, memory_order_relaxed);
    scope.runtime->counters.worker_creation_failures.fetch_add(1, memory_order_relaxed);
    if (scope.backoff.failed()) {
        char line[128];
        std::snprintf(line, sizeof line,
                      "cmwq: no thread could be created for the pool of CPU %d; trying again until one can", pool.cpu);
        platform::say(line);
    }
    return false;
}

[[gnu::hot]] void keep_spare(worker_pool& pool) noexcept {
    if (!pool.wants_spare.load(memory_order_relaxed) || has_idle(pool)) return;
    unsigned none = 0;
    // One at a time, and a thread being born counts: else each worker that is woken meanwhile would make another.
    if (!pool.nr_starting.compare_exchange_strong(none, 1, memory_order_relaxed, memory_order_relaxed)) return;
    if (!create_worker(pool, true)) pool.nr_starting.store(0, memory_order_relaxed);
}

bool has_idle(const worker_pool& pool) noexcept {
    // sync idle.7: seq_cst load; pairs with idle.6; the other half of that race, for a waker that gave its token back:
    // a worker that pushed itself before it looked at the count is seen here, one that pushed later sees the work
    // itself
    return (pool.idle_stack.load(memory_order_seq_cst) & id_bits) != 0;
}

[[gnu::hot]] void expect_wake(const worker_pool& pool) noexcept {
    const auto id = static_cast<worker_id>(pool.idle_stack.load(memory_order_relaxed) & id_bits);
    if (id != 0) __builtin_prefetch(&registry::instance().slot_of(id).idle, 1);
}

const worker* top_idle(const worker_pool& pool) noexcept {
    // sync idle.16: acquire; pairs with idle.6; sees the slot of the worker that was pushed
    const auto id = static_cast<worker_id>(pool.idle_stack.load(memory_order_acquire) & id_bits);
    return id != 0 ? &registry::instance().slot_of(id) : nullptr;
}

[[gnu::hot]] worker* pop_idle(worker_pool& pool) noexcept {
    while (worker* top = pop_stack(pool)) {
        idle_state expected = idle_state::idle;
        // Decides between the waker and a worker that has been idle too long: one of them has it. Relaxed: nothing is
        // handed over by it; what the waker did comes with the token, what an ended worker did with the join.
        if (top->idle.compare_exchange_strong(expected, idle_state::busy, memory_order_relaxed, memory_order_relaxed)) {
            pool.nr_idle.fetch_sub(1, memory_order_relaxed);
            return top;
        }
        push_stack(pool.ended_stack, *top);  // joining it could wait: not here, where the canary may call
    }
    return nullptr;
}

void reap_ended(worker_pool& pool) noexcept {
    // sync idle.13: acquire; pairs with idle.6; sees the links of the workers that were pushed
    worker_id id = static_cast<worker_id>(pool.ended_stack.exchange(0, memory_order_acquire) & id_bits);
    while (id != 0) {
        worker& ended = registry::instance().slot_of(id);
        id = ended.next_idle.load(memory_order_relaxed);
        if (&ended == this_worker_slot()) {
            push_stack(pool.ended_stack, ended);  // told to end while it looked around once more: on its way
            continue;
        }
        reap(pool, ended);
        pool.nr_ended.fetch_sub(1, memory_order_relaxed);
    }
}

[[gnu::hot]] void push_idle(worker& self) noexcept {
    worker_pool& pool = *self.pool;
    self.idle.store(idle_state::idle, memory_order_relaxed);
    pool.nr_idle.fetch_add(1, memory_order_relaxed);
    push_stack(pool.idle_stack, self);
}

namespace {

/// Only who went idle while there were too many sleeps with a deadline. When it ends, those that went idle before it
/// and are too many by now end with it.
void end_others_in_surplus(worker_pool& pool) noexcept {
    while (too_many_workers(pool) && end_idle_worker(pool)) {}
}

}  // namespace

[[gnu::hot]] bool wait_for_token(worker& self) noexcept {
    worker_pool& pool = *self.pool;
    if (needs_stand_ins()) [[unlikely]] {
        if (stand_in_until_woken(self)) return !told_to_end(self);
    }
    const auto timeout = pool.scope->runtime->options.idle_worker_timeout;
    // Only a surplus worker sleeps with a deadline: the ones that stay for good cause no wake-up at all.
    while (too_many_workers(pool)) {
        if (self.parker.park_until(platform::now() + timeout)) return !told_to_end(self);
        if (!too_many_workers(pool)) {
            continue;
        }
        idle_state expected = idle_state::idle;
        // After it nobody wakes us: we may end. Relaxed, as in pop_idle.
        if (self.idle.compare_exchange_strong(expected, idle_state::ended, memory_order_relaxed,
                                              memory_order_relaxed)) {
            pool.nr_idle.fetch_sub(1, memory_order_relaxed);  // two always stay: those after us see that we left
            pool.nr_ended.fetch_add(1, memory_order_relaxed);
            end_others_in_surplus(pool);
            return false;
        }
        break;  // a waker was faster: its token is coming
    }
    self.parker.park();
    return !told_to_end(self);
}

void end_workers(worker_pool& pool) noexcept {
    // Workers on their way to the idle stack get there: no work is left and none comes.
    while (pool.nr_workers.load(memory_order_relaxed) != 0) {
        reap_ended(pool);
        worker* sleeper = pop_idle(pool);
        if (sleeper == nullptr) {
            platform::yield();
            continue;
        }
        tell_to_end(*sleeper);
        reap(pool, *sleeper);
    }
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
