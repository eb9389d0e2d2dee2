// SPDX-License-Identifier: Apache-2.0
#include "engine/concurrency.hpp"

#include "engine/note.hpp"
#include "engine/pinning.hpp"
#include "engine/runtime_state.hpp"
#include "engine/wake.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

/// The caller has taken the worker out of `counted`. It then has to look at each pool of the neighbourhood (kick_all).
void lower_looking_count(neighbourhood& looked) noexcept {
    // sync idle.5: seq_cst read-modify-write; pairs with idle.4; an enqueuer either saw nobody looking and wakes, or
    // pushed before this and is seen by the look that follows
    looked.nr_looking.fetch_sub(1, memory_order_seq_cst);
}

/// The same, for a worker that stays in the running count.
void stop_looking_at(pool_scope& scope, neighbourhood& looked) noexcept {
    lower_looking_count(looked);
    platform::fence_after_rmw();
    kick_all(scope, looked);
}

}  // namespace

neighbourhood& looked_at(const worker_pool& pool, unsigned counted) noexcept {
    return pool.scope->neighbourhoods[counted_in::neighbourhood_of(counted)];
}

unsigned leave_counts(worker_pool& pool, worker& other, unsigned life) noexcept {
    unsigned seen = other.counted.load(memory_order_relaxed);
    do {
        if ((seen & counted_in::anything) == 0 || life_of(seen) != life) return 0;
        // sync count.1: acquire-release read-modify-write; pairs with count.2, count.5, count.6; of all who want to
        // take the worker out, one does
    } while (!other.counted.compare_exchange_weak(seen, life, memory_order_acq_rel, memory_order_relaxed));
    const unsigned left = seen & counted_in::anything;
    if ((left & counted_in::looking) != 0) lower_looking_count(looked_at(pool, left));
    give_back_running_token(pool);
    return left;
}

unsigned leave_counts(worker& me) noexcept {
    return leave_counts(*me.pool, me, life_of(me.counted.load(memory_order_relaxed)));
}

void make_up_for(worker_pool& pool, unsigned left) noexcept {
    if (left == 0) return;
    if ((left & counted_in::looking) == 0) return kick(pool);
    neighbourhood& looked = looked_at(pool, left);
    kick_all(*pool.scope, looked);
    if (&looked != pool.near) kick(pool);
}

void join_running_count(worker& me) noexcept {
    const unsigned seen = me.counted.load(memory_order_relaxed);
    // Rescuers and guests are none of their pool's workers.
    if (me.is_rescuer || me.is_guest || (seen & counted_in::anything) != 0) return;
    me.pool->nr_running.fetch_add(1, memory_order_relaxed);
    // sync count.2: release; pairs with count.1, canary.9; whoever takes the worker out next finds it in the pool's
    // count
    me.counted.store(seen | counted_in::running, memory_order_release);
    me.resumed = true;
}

neighbourhood& start_looking(worker& me) noexcept {
    unsigned seen = me.counted.load(memory_order_relaxed);
    if ((seen & counted_in::looking) != 0) return looked_at(*me.pool, seen);
    pool_scope& scope = *me.pool->scope;
    neighbourhood& chosen = scope.neighbourhoods[me.pool->helps.load(memory_order_relaxed)];
    if ((seen & counted_in::running) == 0) return chosen;
    chosen.nr_looking.fetch_add(1, memory_order_relaxed);
    // sync count.5: release; pairs with count.1; an observer that takes us out now takes us out of both counts
    if (!me.counted.compare_exchange_strong(seen, seen | counted_in::looking_at(chosen.index), memory_order_release,
                                            memory_order_relaxed)) {
        stop_looking_at(scope, chosen);
    }
    return chosen;
}

bool come_home(worker& me, neighbourhood& there) noexcept {
    worker_pool& pool = *me.pool;
    if (&there == pool.near) return false;
    pool.helps.store(static_cast<std::uint16_t>(pool.near->index), memory_order_relaxed);
    unsigned seen = me.counted.load(memory_order_relaxed);
    const unsigned running = life_of(seen) | counted_in::running;
    // sync count.6: release; pairs with count.1; an observer that was faster has taken us out of both counts
    if ((seen & counted_in::looking) != 0 &&
        me.counted.compare_exchange_strong(seen, running, memory_order_release, memory_order_relaxed)) {
        stop_looking_at(*pool.scope, there);
    }
    return true;
}

bool counts_in(const worker_pool& pool, const worker& other) noexcept {
    // sync canary.9: acquire; pairs with canary.10, count.2; the slot's pool is that of the thread which counts itself
    const unsigned counted = other.counted.load(memory_order_acquire);
    return (counted & counted_in::anything) != 0 && other.counted_pool.load(memory_order_relaxed) == &pool;
}

std::optional<sighting> sight_in_item(const worker_pool& pool, worker& other) noexcept {
    const sighting seen{&other, life_of(other.counted.load(memory_order_relaxed)),
                        other.item_number.load(memory_order_relaxed)};
    // After its life was read: a slot that is another pool's by now has another life, and stays in that pool's counts.
    if (!counts_in(pool, other) || other.current.load(memory_order_relaxed) == nullptr) return std::nullopt;
    return seen;
}

bool is_blocked(const worker& other) noexcept {
    return other.in_blocking_region.load(memory_order_relaxed) ||
           platform::task_state_of(other.thread_id.load(memory_order_relaxed)) == platform::task_state::blocked;
}

unsigned take_out_of_counts(worker_pool& pool, const sighting& seen) noexcept {
    worker& other = *seen.other;
    if (other.current.load(memory_order_relaxed) == nullptr) return 0;
    if (other.item_number.load(memory_order_relaxed) != seen.number) return 0;
    const unsigned left = leave_counts(pool, other, seen.life);
    if (left == 0) return 0;
    // Set after the count has changed: a worker that misses it in this item finds it after the next.
    // sync count.3: release read-modify-write; pairs with count.4; the worker then sees `counted` as it is
    other.attention.fetch_or(attention::uncounted, memory_order_release);
    return left;
}

bool declare_not_running(worker_pool& pool, const sighting& seen) noexcept {
    const unsigned left = take_out_of_counts(pool, seen);
    make_up_for(pool, left);
    return left != 0;
}

marks look_up_after_item(worker& me) noexcept {
    // sync count.4: acquire; pairs with count.3
    const unsigned asked = me.attention.load(memory_order_acquire);
    if ((asked & attention::forked) != 0) platform::end_this_thread();
    if ((asked & attention::uncounted) != 0) {
        me.attention.fetch_and(~attention::uncounted, memory_order_relaxed);
        narrow(me);
        join_running_count(me);
    }
    return (asked & attention::noted) != 0 ? take_note(me) : 0;
}

namespace {

/// Is the worker that runs in our stead blocked, and has nobody found out? Beside busy threads the canary waits for its
/// turn on the CPU, and we have ours just now: looking ourselves saves that wait, the wake and two switches. Otherwise
/// the pool would believe in a running worker, and we would lie down beside its work.
bool takes_over(worker& me) noexcept {
    worker_pool& pool = *me.pool;
    if (!pool.bird.employed() || !pool.list.has_work()) return false;
    worker* latest = latest_worker(pool);
    if (latest == nullptr || latest == &me) return false;
    const std::optional<sighting> seen = sight_in_item(pool, *latest);
    if (!seen || !is_blocked(*latest) || !declare_not_running(pool, *seen)) return false;
    pool.scope->runtime->counters.blocks_found_by_worker.fetch_add(1, memory_order_relaxed);
    return true;
}

}  // namespace

bool is_surplus_since_it_came_back(worker& me) noexcept {
    me.resumed = false;
    const bool alone = pool_policy::keep_working(true, me.pool->nr_running.load(memory_order_relaxed));
    if (!alone && !takes_over(me)) return true;
    become_latest(me);
    return false;
}

blocked_inside_library::blocked_inside_library() noexcept : me_{this_worker_slot()} {
    if (me_ != nullptr && me_->outer != nullptr) me_ = me_->outer;  // a guest counts nowhere; its thread may
    if (me_ == nullptr) return;
    if (const unsigned left = leave_counts(*me_)) {
        make_up_for(*me_->pool, left);
    } else {
        kick(*me_->pool);  // out by an observer's verdict, and has pushed to its own list since
    }
}

blocked_inside_library::~blocked_inside_library() {
    if (me_ != nullptr) join_running_count(*me_);
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
