// SPDX-License-Identifier: Apache-2.0
#include "engine/wake.hpp"

#include "engine/enqueue.hpp"
#include "engine/manager.hpp"
#include "engine/timers.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

/// How many pools outside of the neighbourhood are asked at a time: a bound, so that a push does not get dearer with
/// each CPU.
constexpr unsigned most_asked_elsewhere = 2;

/// A pool of the neighbourhood where nobody runs and whose CPU is online. The canaries of the others are armed on the
/// way: should their workers block, their CPUs are free for this pool's work.
worker_pool* find_free_pool_nearby(const worker_pool& busy) noexcept {
    const neighbourhood& near = *busy.near;
    for (int step = 1; step < near.size; ++step) {
        worker_pool& other = busy.scope->pools[near.cpu_at(busy.position + step)];
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

/// The nth pool outside of its neighbourhood: first those of its own position, one of each neighbourhood, then those of
/// the next one. Each is met again and again.
worker_pool& nth_elsewhere(const worker_pool& busy, unsigned nth) noexcept {
    const pool_scope& scope = *busy.scope;
    const unsigned others = static_cast<unsigned>(scope.nr_neighbourhoods) - 1;
    const int there = (busy.near->index + 1 + static_cast<int>(nth % others)) % scope.nr_neighbourhoods;
    const unsigned position = (busy.position + nth / others) % neighbourhood::most_cpus;
    return scope.pools[scope.neighbourhoods[there].cpu_at(static_cast<int>(position))];
}

/// One of the next few pools elsewhere, if nobody runs there.
worker_pool* find_free_pool_elsewhere(worker_pool& busy) noexcept {
    if (busy.scope->nr_neighbourhoods == 1) return nullptr;
    const unsigned first = busy.next_elsewhere.load(memory_order_relaxed);
    busy.next_elsewhere.store(first + most_asked_elsewhere, memory_order_relaxed);
    for (unsigned nth = first; nth != first + most_asked_elsewhere; ++nth) {
        worker_pool& other = nth_elsewhere(busy, nth);
        const bool idle = other.nr_running.load(memory_order_relaxed) == 0;
        if (idle && online_cpus::instance().contains(other.cpu)) return &other;
    }
    return nullptr;
}

/// By whoever has the running token of `pool`: the worker that gets it is to look there first.
void send_to_help(worker_pool& pool, const neighbourhood& there) noexcept {
    const auto index = static_cast<std::uint16_t>(there.index);
    if (pool.helps.load(memory_order_relaxed) != index) pool.helps.store(index, memory_order_relaxed);
}

/// The caller has the running token of `pool`: it goes to an idle worker, else to a new one, else back.
[[gnu::hot]] bool hand_token_to_worker(worker_pool& pool) noexcept {
    if (worker* sleeper = pop_idle(pool)) {
        expect_run(pool, *sleeper);
        sleeper->parker.unpark();
        pool.near->counters.wakeups.fetch_add(1, memory_order_relaxed);
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

bool rouse_idle(worker_pool& pool) noexcept {
    bool any = false;
    if (!has_idle(pool)) return any;
    for (unsigned left = pool.nr_idle.load(memory_order_relaxed); left != 0; --left) {
        pool.nr_running.fetch_add(1, memory_order_relaxed);
        worker* sleeper = pop_idle(pool);
        if (sleeper == nullptr) {
            give_back_running_token(pool);
            kick(pool);  // whoever pushed meanwhile left it to us
            break;
        }
        sleeper->parker.unpark();
        any = true;
    }
    return any;
}

void kick_all(pool_scope& scope, const neighbourhood& all) noexcept {
    for (int position = 0; position < all.size; ++position) kick(scope.pools[all.cpus[position]]);
}

void offer_to_neighbour(worker_pool& busy) noexcept {
    if (busy.left_to_owner.load(memory_order_relaxed)) busy.left_to_owner.store(false, memory_order_relaxed);
    kick_neighbour(busy);
}

void kick_neighbour(worker_pool& busy) noexcept {
    worker_pool* free_pool = find_free_pool_nearby(busy);
    if (free_pool == nullptr) free_pool = find_free_pool_elsewhere(busy);
    if (free_pool == nullptr || !take_running_token(*free_pool)) return;
    send_to_help(*free_pool, *busy.near);
    if (!hand_token_to_worker(*free_pool)) kick(*free_pool);
}

void wake_after_push_to_place(worker_pool& pool) noexcept {
    if (nobody_runs(pool)) return kick(pool);
    pool.bird.arm();
    pool.scope->runtime->dog.arm();
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
