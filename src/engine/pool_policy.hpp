// SPDX-License-Identifier: Apache-2.0
//
// Stop 3b: the rules by which pools decide, as pure predicates over plain numbers. No threads, no atomics: table-tested
// in tests/unit/pool_policy_test.cpp. Sources: the kernel's rules (its documentation, concurrency-managed workqueues)
// and our own measurements where a rule names a figure.
#pragma once

#include <cstddef>

namespace cmwq {
inline namespace v1 {
namespace engine {
namespace pool_policy {

/// Does the pool need one of its workers awake? There is work, and nobody of the pool is running.
constexpr bool need_more_worker(bool has_work, int nr_running) noexcept {
    return has_work && nr_running == 0;
}

/// May a running worker take the next item? Only while it is the only one running: a second one is there because
/// somebody blocked and came back, and retires after its item.
constexpr bool keep_working(bool has_work, int nr_running) noexcept {
    return has_work && nr_running <= 1;
}

/// Are there more idle workers than the busy ones call for? Two always stay; beyond that a quarter of the busy ones.
constexpr bool too_many_workers(unsigned nr_workers, unsigned nr_idle) noexcept {
    const unsigned nr_busy = nr_workers > nr_idle ? nr_workers - nr_idle : 0;
    return nr_idle > 2 && (nr_idle - 2) * 4 >= nr_busy;
}

/// Backlog at which another pool's worker is worth waking. With 8 instead of 2 a burst of eight items of 2 ms took 16
/// ms instead of 10: the issuer is displaced by its own pool's worker before it gets that far.
inline constexpr unsigned backlog_for_neighbour = 2;

/// Should the enqueuer wake a worker of another pool? Not while one is awake and looking: it will find the item.
constexpr bool may_wake_neighbour(unsigned backlog, int nr_looking, bool has_idle_pool) noexcept {
    return backlog >= backlog_for_neighbour && nr_looking == 0 && has_idle_pool;
}

/// Items nobody has looked at, above which the local worker is woken although a thief is awake: the thief is in a long
/// item, or cannot keep up.
inline constexpr unsigned backlog_unseen = 4096;

/// Should the enqueuer wake the local pool's own worker? While a thief is awake and looking, it would only preempt the
/// enqueuer for items that the thief takes anyway (3 us each: one wake per item at worst).
constexpr bool may_wake_local(int nr_running, int nr_looking, unsigned backlog) noexcept {
    return nr_running == 0 && (nr_looking == 0 || backlog >= backlog_unseen);
}

/// How many items a thief takes: half while the victim works on them itself, and no more than this, because it walks
/// what it takes under both locks (some 20 us). All of a task tree's items would ping-pong between pools. Every steal
/// revokes a bias, so few large ones win: with 64 instead of 4096 empty items cost 27-75 ns instead of 14-22, a task
/// tree 39-57 instead of 13-18 (docs/adr/0009-large-steals.md).
constexpr std::size_t items_to_steal(std::size_t listed, bool victim_running) noexcept {
    constexpr std::size_t most = 4096;
    const std::size_t wanted = victim_running ? (listed + 1) / 2 : listed;
    return wanted < most ? wanted : most;
}

/// A thief that found little waits before it looks again, so that it does not take each item out of the producer's
/// hands: 2 pauses, doubling to 64 (100 ns to 2 us).
constexpr unsigned next_steal_pause(unsigned last_taken, unsigned last_pause) noexcept {
    if (last_taken >= 64) return 0;
    return last_pause == 0 ? 2 : (last_pause < 64 ? last_pause * 2 : 64);
}

}  // namespace pool_policy
}  // namespace engine
}  // namespace v1
}  // namespace cmwq
