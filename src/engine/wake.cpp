// SPDX-License-Identifier: Apache-2.0
#include "engine/wake.hpp"

#include "engine/enqueue.hpp"
#include "engine/manager.hpp"
#include "engine/timers.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

/// How many neighbours are asked: a bound, so that a push does not get dearer with each CPU.
constexpr int most_neighbours = 8;

/// A neighbour where nobody runs and whose CPU is online. The canaries of the others are armed on the way: should their
/// workers block, their CPUs are free for this pool's work.
worker_pool* find_pool_without_running_worker(const worker_pool& except) noexcept {
    pool_scope& scope = *except.scope;
    const int in_use = scope.nr_in_use();
    for (int step = 1; step < in_use && step <= most_neighbours; ++step) {
        worker_pool& other = scope.pools[(except.cpu + step) % in_use];
        if (!online_cpus::instance().contains(other.cpu)) continue;
        if (other.nr_running.load(memory_order_relaxed) == 0) return &other;
        other.bird.arm();
    }
    return nullptr;
}

/// What a worker touches first comes while the kernel wakes it, on this CPU as a rule.
void expect_run(worker_pool& pool, worker& woken) noexcept {
    __builtin_prefetch(&woken.entry, 1);
    __builtin_prefetch(&woken.attention, 1);
    pool.list.expect_visit();
}

/// The caller has the running token of `pool`: it goes to an idle worker, else to a new one, else back.
[[gnu::hot]] bool hand_token_to_worker(worker_pool& pool) noexcept {
    if (worker* sleeper = pop_idle(pool)) {
        expect_run(pool, *sleeper);
        sleeper->parker.unpark();
        pool.scope->runtime->counters.wakeups.fetch_add(1, memory_order_relaxed);
        timers::instance().machine_is_awake();
        return true;
    }
    if (create_worker(pool, false)) return true;
    give_back_running_token(pool);
    return false;
}

}  // namespace

bool take_running_token(worker_pool& pool) noexcept {
    int nobody = 0;
    // sync idle.2: seq_cst read-modify-write; pairs with idle.1; one caller wins, however many race
    return pool.nr_running.compare_exchange_strong(nobody, 1, memory_order_seq_cst, memory_order_relaxed);
}

void give_back_running_token(worker_pool& pool) noexcept {
    // sync idle.1: seq_cst read-modify-write; pairs with idle.2, idle.3; after it the caller looks for work once more:
    // an enqueuer either saw the count at 0 and wakes somebody, or pushed before this and is seen by that look
    pool.nr_running.fetch_sub(1, memory_order_seq_cst);
    platform::fence_after_rmw();
}

[[gnu::hot]] void kick(worker_pool& pool) noexcept {
    expect_wake(pool);
    while (pool.list.has_work() && take_running_token(pool)) {
        if (hand_token_to_worker(pool)) return;
        // No worker to be had. One that went idle while we held its token found the token taken and sleeps: look again.
        if (has_idle(pool)) continue;
        pool.scope->runtime->dog.retry_later();
        return;
    }
}

bool run_one_more(worker_pool& pool) noexcept {
    pool.nr_running.fetch_add(1, memory_order_relaxed);
    return hand_token_to_worker(pool);
}

void kick_all(pool_scope& scope) noexcept {
    for (int cpu = 0; cpu < scope.nr_pools; ++cpu) kick(scope.pools[cpu]);
}

void offer_to_neighbour(worker_pool& busy) noexcept {
    if (busy.left_to_owner.load(memory_order_relaxed)) busy.left_to_owner.store(false, memory_order_relaxed);
    kick_neighbour(busy);
}

void kick_neighbour(worker_pool& busy) noexcept {
    worker_pool* neighbour = find_pool_without_running_worker(busy);
    if (neighbour == nullptr || !take_running_token(*neighbour)) return;
    if (!hand_token_to_worker(*neighbour)) kick(*neighbour);
}

void wake_after_push_to_place(worker_pool& pool) noexcept {
    if (nobody_runs(pool)) return kick(pool);
    pool.bird.arm();
    pool.scope->runtime->dog.arm();
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
