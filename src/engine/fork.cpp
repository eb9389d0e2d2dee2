// SPDX-License-Identifier: Apache-2.0
#include "engine/fork.hpp"

#include "engine/block_cache.hpp"
#include "engine/bound.hpp"
#include "engine/detection.hpp"
#include "engine/item_flush.hpp"
#include "engine/memory.hpp"
#include "engine/misuse.hpp"
#include "engine/online_cpus.hpp"
#include "engine/recorder.hpp"
#include "engine/registry.hpp"
#include "engine/rescuer.hpp"
#include "engine/seats.hpp"
#include "engine/stand_in.hpp"
#include "engine/timers.hpp"

#include <new>

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

constinit mutex runtimes_lock;  // outermost: taken before any setup_lock
constinit runtime_state* own_runtimes = nullptr;

template <class Visit>
void for_each_runtime(Visit visit) noexcept {
    visit(*access::impl(runtime::standard()));
    for (runtime_state* each = own_runtimes; each != nullptr; each = each->next_runtime) visit(*each);
}

template <class T, class... Args>
void make_anew(T& object, Args&&... args) noexcept {
    new (&object) T(std::forward<Args>(args)...);
}

void before_fork() noexcept CMWQ_NO_THREAD_SAFETY_ANALYSIS {
    runtimes_lock.lock();
    for_each_runtime([](runtime_state& each) CMWQ_NO_THREAD_SAFETY_ANALYSIS { each.setup_lock.lock(); });
    registry::instance().lock_for_fork();
}

void in_parent() noexcept CMWQ_NO_THREAD_SAFETY_ANALYSIS {
    registry::instance().unlock_after_fork();
    for_each_runtime([](runtime_state& each) CMWQ_NO_THREAD_SAFETY_ANALYSIS { each.setup_lock.unlock(); });
    runtimes_lock.unlock();
}

// ---- the child -----------------------------------------------------------------------------------------------------

/// A rescuer's function that forks goes on in the child, on its stack: then what belongs to it stays as it is.
void forget_rescuer(cmwq_queue& wq, const worker* forker) noexcept {
    if (wq.saviour != nullptr && wq.saviour->self != forker) destroy(wq.saviour);
    wq.saviour = nullptr;
}

/// As a queue that was not used yet: make_ready makes what it needs.
void renew_queue(cmwq_queue& wq, const worker* forker) noexcept {
    forget_rescuer(wq, forker);
    keep_closed_seats(wq);
    wq.state.store(0, memory_order_relaxed);
    wq.id = 0;
    wq.scope = nullptr;
    wq.to_be_filled = false;
    wq.nr_pins = 0;
    wq.leaving = false;
    wq.last_unpinned = nullptr;
    wq.ending.store(nullptr, memory_order_relaxed);
    if (wq.bound != nullptr) renew_bound(*wq.bound);
    make_anew(wq.flush_lock);
    wq.flushing = false;
    wq.next_round = nullptr;
    wq.nr_drainers = 0;
    wq.flush_remaining.store(0, memory_order_relaxed);
    wq.flush_leader = nullptr;
}

void renew_runtime(runtime_state& runtime, const worker* forker) noexcept {
    make_anew(runtime.setup_lock);
    make_anew(runtime.dog, runtime);
    runtime.highpri_refused.store(false, memory_order_relaxed);
    for_each_system_queue(*runtime.queues, [forker](cmwq_queue& wq) { renew_queue(wq, forker); });
    for (cmwq_queue* wq = runtime.all_queues; wq != nullptr; wq = wq->next_in_runtime) renew_queue(*wq, forker);
    for (pool_workqueue* seats = runtime.closed_seats; seats != nullptr; seats = seats->next_closed) renew_seats(seats);
    for (const atomic<pool_scope*>& place : runtime.scopes) {
        if (pool_scope* scope = place.load(memory_order_relaxed)) renew_scope(*scope);
    }
}

void in_child() noexcept {
    // A work function that forks goes on here as a function of no worker: the parent's instance is not the child's.
    worker* forker = this_worker_slot();
    platform::set_thread_slot(nullptr);
    platform::renew_after_fork();
    make_anew(item_flushes::instance());
    online_cpus::instance().renew_after_fork();
    timers::instance().renew_after_fork();
    block_cache::instance().renew_after_fork();
    renew_trials_after_fork();
    renew_reports_after_fork();
    recorder::instance().renew_after_fork();
    const worker* stays = forker != nullptr && forker->is_guest ? forker->outer : forker;
    for_each_runtime([stays](runtime_state& each) { renew_runtime(each, stays); });
    registry::instance().renew_after_fork(forker);
    make_anew(runtimes_lock);
}

/// When the library is loaded, and before the program's own constructors: so that fork calls our `prepare` after those
/// of the program, which may still use the library, and our other handlers before its own, which may already.
[[gnu::constructor(101)]] void watch_forks() noexcept {
    platform::at_fork([] { before_fork(); }, [] { in_parent(); }, [] { in_child(); });
}

}  // namespace

void follow_recorder_everywhere() noexcept {
    locked hold{runtimes_lock};
    for_each_runtime([](runtime_state& each) {
        locked hold{each.setup_lock};
        for_each_queue(each, follow_recorder);
    });
}

void follow_cpus_everywhere() noexcept {
    locked hold{runtimes_lock};
    for_each_runtime([](runtime_state& each) { each.dog.follow_cpus(); });
}

/// One at a time: a worker that is told to end while it looks is joined by nobody who holds this lock.
void look_for_watchdogs(bool at_once) noexcept {
    if (!runtimes_lock.try_lock()) return;
    bool needed = false;
    for_each_runtime([&](runtime_state& each) {
        if (each.dog.needs_stand_in()) needed = each.dog.look_instead(at_once) || needed;
    });
    if (!needed) {
        // sync stand-in.4: acquire-release read-modify-write; pairs with stand-in.1; sees which watchdog was refused
        // its thread since we looked
        (void)stand_ins_needed.exchange(false, memory_order_acq_rel);
        for_each_runtime([&](runtime_state& each) {
            if (each.dog.needs_stand_in()) call_stand_in(each);
        });
    }
    runtimes_lock.unlock();
}

void list_runtime(runtime_state& runtime) noexcept {
    locked hold{runtimes_lock};
    runtime.next_runtime = own_runtimes;
    own_runtimes = &runtime;
}

void unlist_runtime(runtime_state& runtime) noexcept {
    locked hold{runtimes_lock};
    runtime_state** link = &own_runtimes;
    while (*link != &runtime) link = &(*link)->next_runtime;
    *link = runtime.next_runtime;
}

void forget_listed_runtimes() noexcept {
    own_runtimes = nullptr;
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
