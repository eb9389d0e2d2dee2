// SPDX-License-Identifier: Apache-2.0
#include "engine/watchdog.hpp"

#include "engine/concurrency.hpp"
#include "engine/limits.hpp"
#include "engine/pinning.hpp"
#include "engine/registry.hpp"
#include "engine/report_names.hpp"
#include "engine/rescuer.hpp"
#include "engine/runtime_state.hpp"
#include "engine/stall_report.hpp"
#include "engine/stand_in.hpp"
#include "engine/thread_name.hpp"
#include "engine/timers.hpp"
#include "engine/wake.hpp"

#include <algorithm>

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr nanoseconds tick_length = time_between_ticks;
constexpr nanoseconds longest_step = milliseconds{100};
constexpr nanoseconds time_between_state_checks = std::chrono::seconds{1};

pool_scope* made_scope(runtime_state& runtime, unsigned kind) noexcept {
    // sync setup.3: acquire; pairs with setup.4; sees the scope as it was made
    return runtime.scopes[kind].load(memory_order_acquire);
}

/// Where a trial is disturbed least: a CPU that is online and whose pool does not run, or else the pool's own.
int quiet_cpu(const worker_pool& pool) noexcept {
    const pool_scope& scope = *pool.scope;
    for (int cpu = 0; cpu < scope.nr_pools; ++cpu) {
        if (online_cpus::instance().contains(cpu) && scope.pools[cpu].nr_running.load(memory_order_relaxed) == 0)
            return cpu;
    }
    return online_cpus::instance().nearest(pool.cpu);
}

/// Does the queue of its present item leave it to the kernel where it runs?
bool may_leave_its_cpu(const worker& other) noexcept {
    cmwq_queue* wq = registry::instance().pin_queue(other.current_queue.load(memory_order_relaxed));
    if (wq == nullptr) return false;
    const pool_workqueue* seat = wq->first_seat();
    const bool may = !wq->binds_to_cpu() && (seat == nullptr || !has_rule(*seat));
    registry::instance().unpin_queue(*wq);
    return may;
}

bool has_work(const pool_scope& scope) noexcept {
    for (int cpu = 0; cpu < scope.nr_pools; ++cpu) {
        if (scope.pools[cpu].list.has_work()) return true;
    }
    return false;
}

}  // namespace

void watchdog::wake_up() noexcept {
    // One caller wakes it. Relaxed: the race of the push before this against the watchdog's last look is over when the
    // load of `arm` has seen it disarmed; watchdog.7 is the fence on both sides.
    if (armed_.exchange(true, memory_order_relaxed)) return;
    if (!started_.load(memory_order_relaxed) && !start_thread()) return thread_refused();
    parker_.unpark();
}

void watchdog::thread_refused() noexcept {
    if (ending_.load(memory_order_relaxed)) return;
    // Who does the work already goes on with it.
    // sync watchdog.10: seq_cst read-modify-write; pairs with watchdog.11; the race with a stand-in that
    // found no work and is about to leave: it sees the work that we were needed for, or it left before this
    if (!refused_.exchange(true, memory_order_seq_cst)) call_stand_in(runtime_);
}

bool watchdog::look_instead(bool at_once) noexcept {
    if (!tick_lock_.try_lock()) return true;  // somebody looks
    const bool due = platform::now() - last_tick_ >= tick_length;
    if (due) tick_locked();
    tick_lock_.unlock();
    if (!due && !at_once) return needs_stand_in();
    // A tick takes who got on no further since the last one for blocked: a caller that asks again and again must not
    // make one after the other.
    if (!due) for_each_pool([](worker_pool& pool, bool) { kick(pool); });
    if (any_work()) arm();
    if (has_thread()) refused_.store(false, memory_order_relaxed);
    if (!needs_stand_in() || any_work()) return needs_stand_in();
    // sync watchdog.11: seq_cst read-modify-write; pairs with watchdog.10; the other half of that race, as watchdog.2
    (void)refused_.exchange(false, memory_order_seq_cst);
    // sync watchdog.12: fence_all_threads; pairs with watchdog.6; as watchdog.7, for a push that saw it armed
    platform::fence_all_threads();
    if (any_work()) refused_.store(true, memory_order_relaxed);
    return needs_stand_in();
}

bool watchdog::start_thread() noexcept {
    locked hold{runtime_.setup_lock};
    if (started_.load(memory_order_relaxed)) return true;
    if (ending_.load(memory_order_relaxed)) return false;
    // As important as the most important worker, where that is permitted: it bounds the stalls of all of them.
    const thread_name name{runtime_, "watchdog"};
    if (thread_.start(
            {.name = name.text, .nice = -20}, [](void* self) { thread_main(self); }, this)) {
        started_.store(true, memory_order_relaxed);
        return true;
    }
    armed_.store(false, memory_order_relaxed);  // the next one who needs it tries again
    for (unsigned kind = 0; kind < nr_scope_kinds; ++kind) {
        if (const pool_scope* scope = made_scope(runtime_, kind)) summon_rescuers_locked(*scope);
    }
    return false;
}

void watchdog::thread_main(void* self) noexcept {
    static_cast<watchdog*>(self)->watch();
}

void watchdog::watch() noexcept {
    for (;;) {
        parker_.park();
        // sync watchdog.3: acquire; pairs with watchdog.4
        while (!ending_.load(memory_order_acquire)) {
            platform::offer_as_witness();
            employ_canaries();  // before the first tick, and for pools that got their first worker
            // sync watchdog.9: acquire; pairs with watchdog.8; asked while it was on its way here: its wake was taken
            // for the one that began the watch
            if (!look_asked_for_.load(memory_order_acquire)) (void)parker_.park_until(platform::now() + tick_length);
            look_asked_for_.store(false, memory_order_relaxed);  // by whoever asks from here on it is woken again
            if (tick()) continue;
            armed_.store(false, memory_order_relaxed);
            // sync watchdog.7: fence_all_threads; pairs with watchdog.6; a worker that pushes to its own list does so
            // with plain stores: after this fence they are seen below, or it sees the watchdog disarmed
            platform::fence_all_threads();
            // Armed again meanwhile: that caller's token is on its way, or the work is ours. Relaxed: a
            // read-modify-write decides, and the look before it was behind the fence.
            if (!any_work() || armed_.exchange(true, memory_order_relaxed)) break;
        }
        if (ending_.load(memory_order_acquire)) break;  // sync watchdog.5: acquire; pairs with watchdog.4
    }
    platform::withdraw_as_witness();
}

void watchdog::look_now() noexcept {
    // sync watchdog.8: release; pairs with watchdog.9; the look sees the token given back
    look_asked_for_.store(true, memory_order_release);
    arm();
    if (has_thread()) parker_.unpark();
}

void watchdog::end() noexcept {
    {
        // A worker that is still on its way to idle may be about to start the thread: it does so before this, or not at
        // all.
        locked hold{runtime_.setup_lock};
        // sync watchdog.4: release; pairs with watchdog.3, watchdog.5
        ending_.store(true, memory_order_release);
        if (!started_.load(memory_order_relaxed)) return;
    }
    parker_.unpark();
    thread_.join();
}

bool watchdog::any_work() const noexcept {
    for (unsigned kind = 0; kind < nr_scope_kinds; ++kind) {
        const pool_scope* scope = made_scope(runtime_, kind);
        if (scope != nullptr && has_work(*scope)) return true;
    }
    return false;
}

/// visit(pool, whether its scope has work waiting)
template <class Visit>
void watchdog::for_each_pool(Visit visit) noexcept {
    for (unsigned kind = 0; kind < nr_scope_kinds; ++kind) {
        pool_scope* scope = made_scope(runtime_, kind);
        if (scope == nullptr) continue;
        const bool work = has_work(*scope);
        for (int cpu = 0; cpu < scope->nr_pools; ++cpu) visit(scope->pools[cpu], work);
    }
}

bool watchdog::tick() noexcept {
    timers::instance().machine_is_awake();
    {
        locked hold{tick_lock_};
        tick_locked();
    }
    return any_work();
}

/// Under tick_lock_.
void watchdog::tick_locked() noexcept {
    const nanoseconds now = platform::now();
    measure_standstill(now);
    whole_tick_ = now - last_whole_tick_ >= tick_length;
    if (whole_tick_) last_whole_tick_ = now;
    online_cpus::instance().refresh_if_due(now);
    follow_cpus_locked();
    choose_tier();
    for_each_pool([this](worker_pool& pool, bool scope_has_work) { look_at(pool, scope_has_work); });
}

void watchdog::follow_cpus() noexcept {
    locked hold{tick_lock_};
    follow_cpus_locked();
}

void watchdog::forget_cpus() noexcept {
    followed_cpus_ = 0;
}

/// Under tick_lock_. Where there is no memory for a new rule the former one stays, and the next tick tries again.
void watchdog::follow_cpus_locked() noexcept {
    const unsigned now = online_cpus::instance().generation();
    if (followed_cpus_ == now) return;
    for_each_pool([](worker_pool& pool, bool) {
        pin_workers(pool);
        pool.bird.pin_again();
    });
    if (place_queues(runtime_)) followed_cpus_ = now;
}

/// Else the running count of the pool is a token in somebody's hands. A canary that woke a worker and then lost the CPU
/// to it is in its act still, but the worker runs.
bool watchdog::anybody_counted(worker_pool& pool) noexcept {
    locked hold{pool.workers_lock};
    for (const worker* other = pool.workers; other != nullptr; other = other->next_in_pool) {
        if ((other->counted.load(memory_order_relaxed) & counted_in::anything) != 0) return true;
    }
    return false;
}

/// A pool without work is looked at too while another one of its scope has some: its CPU is wanted, should its worker
/// block.
void watchdog::look_at(worker_pool& pool, bool scope_has_work) noexcept {
    if (whole_tick_) judge_canary(pool);
    if (!pool.list.has_work()) pool.no_progress_since = {};
    if (!scope_has_work) return;
    kick(pool);
    if (pool.bird.keeps_token() && !anybody_counted(pool) && run_one_more(pool)) pool.bird.token_was_replaced();
    // Verdicts are acted upon without the lock: waking a replacement may have to create it, which takes the lock.
    verdict stuck[most_verdicts];
    const unsigned nr_stuck = find_stuck_workers(pool, stuck);
    for (unsigned i = 0; i < nr_stuck; ++i) act_on(pool, stuck[i]);
    if (!pool.list.has_work()) return;
    if (forced_ == detection_tier::unknown) look_after_trials(quiet_cpu(pool), platform::now());
    offer_to_neighbour(pool);
    if (pool.scope->backoff.failing()) summon_rescuers(*pool.scope);
    look_for_stall(pool);
}

void watchdog::act_on(worker_pool& pool, const verdict& found) noexcept {
    worker& other = *found.seen.other;
    const bool may_leave = found.hogs && pool.scope->unbound() && may_leave_its_cpu(other);
    if (may_leave) widen(other);  // before the verdict: the worker looks for it after its item
    if (!declare_not_running(pool, found.seen)) {
        if (may_leave) narrow(other);
        return;
    }
    if (!found.hogs) {
        return runtime_.counters.blocks_found[static_cast<unsigned>(detector::watchdog)].add(found.lateness);
    }
    runtime_.counters.cpu_hogs.fetch_add(1, memory_order_relaxed);
    const work_class* kind = other.current_kind.load(memory_order_relaxed);
    if (may_leave || kind == nullptr) return;
    const queue_name queue = name_of_queue(other.current_queue.load(memory_order_relaxed));
    hogs_.violation(*kind, queue.text, runtime_.options.cpu_hog_after);
}

void watchdog::summon_rescuers(const pool_scope& scope) noexcept {
    locked hold{runtime_.setup_lock};
    summon_rescuers_locked(scope);
}

void watchdog::summon_rescuers_locked(const pool_scope& scope) noexcept {
    for (cmwq_queue* wq = runtime_.all_queues; wq != nullptr; wq = wq->next_in_runtime) {
        if (wq->scope == &scope) summon_rescuer(*wq);
    }
}

std::uint64_t watchdog::items_begun(worker_pool& pool) noexcept {
    locked hold{pool.workers_lock};
    std::uint64_t begun = 0;
    for (const worker* other = pool.workers; other != nullptr; other = other->next_in_pool) {
        begun += other->item_number.load(memory_order_relaxed);
    }
    return begun;
}

/// Time in which not even this thread ran is nobody's fault: the process was stopped, or its machine paused. Of it a
/// step counts, so that a pool which gets on no more is reported beside a watchdog that seldom runs, too.
void watchdog::measure_standstill(nanoseconds now) noexcept {
    stood_still_ = std::max(now - last_tick_ - longest_step, nanoseconds::zero());
    last_tick_ = now;
}

void watchdog::look_for_stall(worker_pool& pool) noexcept {
    const nanoseconds limit = runtime_.options.report_stalls_after;
    if (limit == nanoseconds::zero()) return;
    if (pool.no_progress_since != nanoseconds::zero()) pool.no_progress_since += stood_still_;
    const nanoseconds now = platform::now();
    const std::uint64_t begun = items_begun(pool);
    if (begun != pool.seen_begun || pool.no_progress_since == nanoseconds::zero()) {
        pool.seen_begun = begun;
        pool.no_progress_since = now;
    } else if (now - pool.no_progress_since >= limit) {
        report_stall(pool, now - pool.no_progress_since, now);
        pool.no_progress_since = now;
    }
}

/// Under tick_lock_. Told once what to do, or what is best by now.
void watchdog::choose_tier() noexcept {
    const detection_tier former = tier_;
    if (former == detection_tier::unknown) forced_ = forced_tier(runtime_);
    if (forced_ != detection_tier::unknown) {
        tier_ = forced_;
        return;
    }
    tier_ = states_can_be_read() ? best_tier() : detection_tier::off;
    if (former != detection_tier::unknown && tier_ > former) tell_of_loss();
}

/// They may become unreadable when the process gives up privileges or runs out of descriptors, and readable again.
bool watchdog::states_can_be_read() noexcept {
    const nanoseconds now = platform::now();
    if (!states_in_doubt_ && now < next_state_check_) return states_readable_;
    states_in_doubt_ = false;
    next_state_check_ = now + time_between_state_checks;
    states_readable_ = can_read_states();
    return states_readable_;
}

void watchdog::tell_of_loss() noexcept {
    runtime_.counters.detection_losses.fetch_add(1, memory_order_relaxed);
    if (told_of_loss_) return;
    told_of_loss_ = true;
    if (!states_readable_) {
        platform::say("cmwq: the states of threads cannot be read any more; an item counts as blocked after 10 ms");
    } else if (tier_ == detection_tier::batch_canary) {
        platform::say("cmwq: the lowest priority is not honoured here; blocked items are found by a batch canary");
    } else {
        platform::say("cmwq: thread priorities or states mean nothing here; blocked items are found after 10 ms");
    }
}

void watchdog::employ_canaries() noexcept {
    locked hold{tick_lock_};
    choose_tier();
    for_each_pool([this](worker_pool& pool, bool scope_has_work) { employ_canary(pool, scope_has_work); });
}

void watchdog::employ_canary(worker_pool& pool, bool scope_has_work) noexcept {
    const bool watches = tier_ == detection_tier::canary || tier_ == detection_tier::batch_canary;
    if (!watches || !online_cpus::instance().contains(pool.cpu)) return pool.bird.dismiss();
    if (pool.nr_workers.load(memory_order_relaxed) == 0) return;
    pool.bird.employ(tier_ == detection_tier::canary ? detector::canary : detector::batch_canary);
    // One that found nobody to wake has parked; by now a worker may have been made, and may block in turn.
    if (scope_has_work) pool.bird.arm_if_wanted();
}

void watchdog::judge_canary(worker_pool& pool) noexcept {
    if (!pool.bird.employed()) return;
    pool.bird.tick();
    // sync canary.8: acquire; pairs with canary.7; sees the slot as it was made
    const worker* latest = pool.latest.load(memory_order_acquire);
    if (latest == nullptr || !pool.bird.on_duty() || !pool.list.has_work()) return;
    // A healthy canary leaves this state visible for microseconds per block: seen at a tick, it is starved.
    if ((latest->counted.load(memory_order_relaxed) & counted_in::anything) == 0 ||
        latest->current.load(memory_order_relaxed) == nullptr)
        return;
    if (platform::task_state_of(latest->thread_id.load(memory_order_relaxed)) != platform::task_state::blocked) return;
    if (pool.bird.missed_a_block(platform::now()))
        runtime_.counters.canaries_starved.fetch_add(1, memory_order_relaxed);
}

unsigned watchdog::find_stuck_workers(worker_pool& pool, verdict (&stuck)[most_verdicts]) noexcept {
    locked hold{pool.workers_lock};
    unsigned found = 0;
    for (worker* other = pool.workers; other != nullptr && found < most_verdicts; other = other->next_in_pool) {
        verdict& next = stuck[found];
        next = {};
        if (!is_stuck(*other, next)) continue;
        const unsigned life = life_of(other->counted.load(memory_order_relaxed));
        next.seen = {other, life, other->seen_item};
        ++found;
    }
    return found;
}

/// Since it was first seen in its item, less what it computed since.
nanoseconds watchdog::lateness_of(const worker& other) noexcept {
    const nanoseconds computed =
        platform::cpu_time_of(other.thread_id.load(memory_order_relaxed)) - nanoseconds{other.seen_cpu_time};
    return std::max(platform::now() - other.seen_since - computed, nanoseconds::zero());
}

/// Is it in another item than at the last tick, or in none? Of each item it is noted when it was seen first.
bool watchdog::has_got_on(worker& other) noexcept {
    if (other.current.load(memory_order_relaxed) == nullptr) return true;
    const std::uint64_t number = other.item_number.load(memory_order_relaxed);
    if (number == other.seen_item) return false;
    other.seen_item = number;
    other.seen_cpu_time = platform::cpu_time_of(other.thread_id.load(memory_order_relaxed)).count();
    other.seen_since = platform::now();
    return true;
}

bool watchdog::is_stuck(worker& other, verdict& found) noexcept {
    // Also of one that is known to be blocked: a report says since when.
    const bool got_on = has_got_on(other);
    if ((other.counted.load(memory_order_relaxed) & counted_in::anything) == 0) return false;
    if (other.in_blocking_region.load(memory_order_relaxed)) {
        found.lateness = got_on ? tick_length : lateness_of(other);
        return true;
    }
    if (got_on) return false;
    found.lateness = lateness_of(other);
    if (tier_ == detection_tier::off) return true;  // told not to look: no progress for a tick counts as blocked
    const int thread_id = other.thread_id.load(memory_order_relaxed);
    const platform::task_state state = platform::task_state_of(thread_id);
    states_in_doubt_ |= state == platform::task_state::unknown;
    if (state != platform::task_state::running) return true;
    found.hogs =
        platform::cpu_time_of(thread_id).count() - other.seen_cpu_time >= runtime_.options.cpu_hog_after.count();
    return found.hogs;
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
