// SPDX-License-Identifier: Apache-2.0
#include "engine/steal.hpp"

#include "engine/concurrency.hpp"
#include "engine/pool_workqueue.hpp"
#include "engine/runtime_state.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

constexpr unsigned pauses_between_looks = 2;

void rest(unsigned pauses) noexcept {
    for (unsigned i = 0; i < pauses; ++i) platform::pause();
}

/// Both worklists are held, in the order of their pools, so that a flusher never finds an item on the way.
void lock_both(worker& me, worker_pool& victim) noexcept CMWQ_NO_THREAD_SAFETY_ANALYSIS {
    worker_pool& own = *me.pool;
    (own.cpu < victim.cpu ? own : victim).list.lock(&me.entry);
    (own.cpu < victim.cpu ? victim : own).list.lock(&me.entry);
}

/// Of items that may not leave their CPU, others that may are looked for behind this many at most.
constexpr std::size_t most_looked_at = 4096;

item_list take_what_may_leave(item_list& theirs, std::size_t wanted, int cpu) noexcept {
    return theirs.split_if(wanted, most_looked_at, [cpu](work_base& item) { return may_run_on(item, cpu); });
}

std::size_t take_from(worker& me, worker_pool& victim) noexcept CMWQ_NO_THREAD_SAFETY_ANALYSIS {
    worker_pool& own = *me.pool;
    lock_both(me, victim);
    item_list& theirs = victim.list.take_inbox();
    const bool victim_running = victim.nr_running.load(memory_order_relaxed) != 0;
    const std::size_t wanted = pool_policy::items_to_steal(theirs.size(), victim_running);
    // Read after the inbox was taken: whoever pushed the first item with a place said so before.
    item_list taken = own.scope->has_places.load(memory_order_relaxed) ? take_what_may_leave(theirs, wanted, own.cpu)
                                                                       : theirs.split_front(wanted);
    const std::size_t count = taken.size();
    if (count == 0 && !theirs.empty()) victim.left_to_owner.store(true, memory_order_relaxed);
    victim.list.publish_size();
    own.list.take_inbox().append(taken);
    own.list.publish_size();
    victim.list.unlock();
    own.list.unlock();
    return count;
}

/// One look at each pool, those behind our own position first.
std::size_t look_around(worker& me, const neighbourhood& around) noexcept {
    const pool_scope& scope = *me.pool->scope;
    const int in_use = scope.nr_in_use();
    for (int step = 0; step < around.size; ++step) {
        worker_pool& victim = scope.pools[around.cpu_at(me.pool->position + step)];
        if (&victim == me.pool || victim.cpu >= in_use) continue;
        if (!victim.list.has_work() || victim.left_to_owner.load(memory_order_relaxed)) continue;
        if (const std::size_t taken = take_from(me, victim)) return taken;
    }
    return 0;
}

bool took(worker& me, std::size_t count) noexcept {
    me.last_steal = static_cast<unsigned>(count);
    me.pool->near->counters.items_stolen.fetch_add(count, memory_order_relaxed);
    // More may be where this came from: a CPU whose worker blocks in a stolen item is wanted for it.
    me.pool->bird.arm();
    if (count > 1) me.pool->scope->runtime->dog.arm();
    return true;
}

/// Until there is something to run, in the own list or another one: `times` at most.
bool look_repeatedly(worker& me, const neighbourhood& around, unsigned times) noexcept {
    for (unsigned look = 0; look < times; ++look) {
        if (me.pool->list.has_work()) return true;
        if (const std::size_t count = look_around(me, around)) return took(me, count);
        rest(pauses_between_looks);
    }
    return false;
}

}  // namespace

bool steal(worker& me) noexcept {
    if (me.pool->left_to_owner.load(memory_order_relaxed)) me.pool->left_to_owner.store(false, memory_order_relaxed);
    if (me.pool->nr_running.load(memory_order_relaxed) > 1 || me.pool->scope->nr_in_use() == 1) return false;
    // It would compete with the workers of whatever CPU it runs on.
    if (!online_cpus::instance().contains(me.pool->cpu)) return false;
    neighbourhood& around = start_looking(me);
    // A thief that came away with something looks again and again before it sleeps; each round costs some 100 ns. A
    // worker that runs only its own pool's items never does: it would hold the CPU that their producer needs.
    const unsigned looks = me.last_steal != 0 ? me.pool->scope->runtime->options.looks_before_sleep : 0;
    me.steal_pause = looks != 0 ? pool_policy::next_steal_pause(me.last_steal, me.steal_pause) : 0;
    rest(me.steal_pause);
    me.last_steal = 0;
    if (look_repeatedly(me, around, looks != 0 ? looks : 1)) return true;
    return come_home(me, around) && look_repeatedly(me, start_looking(me), 1);
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
