// SPDX-License-Identifier: Apache-2.0
//
// Stop 1: an item enters.
//
//   enters   an item that its caller owns, and a queue
//   leaves   the same item, claimed (pending) and published: to the pool of this CPU, or to its queue's seat
//   locks    none
//
// Every refusal but "already pending" comes before the claim: a claim that is rolled back could have told another
// enqueuer that the item was pending, and its event would be lost.
#include "engine/submit.hpp"

#include "engine/bound.hpp"
#include "engine/enqueue.hpp"
#include "engine/misuse.hpp"
#include "engine/recorder.hpp"
#include "engine/stand_in.hpp"
#include "engine/trace.hpp"

namespace cmwq {
inline namespace v1 {

namespace engine {

namespace {

/// The item is pending already, and perhaps nobody is there who would run it.
inline refusal refused(refusal why) noexcept {
    look_for_watchdogs_if_needed();
    return why;
}

/// The uncommon states: not used yet, or draining. Bounded queues take this way too.
refusal admit_slow(cmwq_queue& wq, unsigned state, const work_base* item, const call_site& where) noexcept {
    if ((state & cmwq_queue::ready) == 0 && !make_ready(wq)) return refusal::no_memory;
    if ((state & cmwq_queue::draining) == 0 || is_inside(wq)) return refusal::none;
    report({misuse_code::enqueue_while_draining, item, &wq, where});
    return refusal::queue_draining;
}

inline refusal admit_here(cmwq_queue& wq, const work_base* item, const char* file, const char* function,
                          unsigned line) noexcept {
    // sync queue.1: acquire; pairs with queue.4; sees the pools and seats of a ready queue
    const unsigned state = wq.state.load(memory_order_acquire);
    if (is_plain(state)) [[likely]]
        return refusal::none;
    return admit_slow(wq, state, item, {file, function, line});
}

[[gnu::always_inline]] inline void publish_here(cmwq_queue& wq, work_base& item, worker* local) noexcept {
    trace_queue_work(&item, &wq);
    if (pool_workqueue* seats = wq.first_seat()) return enqueue_to_seat(wq.seat_here(seats), item);
    enqueue_to_scope(*wq.scope, item, local);
}

[[gnu::always_inline]] inline refusal claim_and_publish(cmwq_queue& wq, work_base& item,
                                                        const detail::prepare_step& prepare) noexcept {
    worker* const local = local_worker(*wq.scope);
    if (local == nullptr && wq.seats.load(memory_order_relaxed) == nullptr) expect_push(*wq.scope);
    if (const refusal why = transition_to_pending(item, wq.id); why != refusal::none) return refused(why);
    if (prepare.function != nullptr) prepare.function(prepare.context);
    publish_here(wq, item, local);
    return refusal::none;
}

refusal submit_slow(cmwq_queue& wq, unsigned state, work_base& item, const detail::prepare_step& prepare,
                    const call_site& where) noexcept {
    if (const refusal why = admit_slow(wq, state, &item, where); why != refusal::none) return why;
    if (wq.bound != nullptr) return submit_bounded(wq, item, prepare, -1, where);
    if (const refusal claimed = transition_to_pending(item, wq.id); claimed != refusal::none) return refused(claimed);
    if (prepare.function != nullptr) prepare.function(prepare.context);
    publish_with_room(wq, item, -1);
    return refusal::none;
}

/// While a trace is being recorded: what is plain otherwise must not cost much more.
[[gnu::noinline]] refusal submit_recorded(cmwq_queue& wq, work_base& item,
                                          const detail::prepare_step& prepare) noexcept {
    if (const refusal why = transition_to_pending(item, wq.id); why != refusal::none) return refused(why);
    if (prepare.function != nullptr) prepare.function(prepare.context);
    record_enqueue(item, wq);
    publish_here(wq, item, local_worker(*wq.scope));
    return refusal::none;
}

}  // namespace

refusal admit(cmwq_queue& wq, const work_base* item, const call_site& where) noexcept {
    return admit_here(wq, item, where.file, where.function, where.line);
}

void publish(cmwq_queue& wq, work_base& item) noexcept {
    publish_on(wq, item, -1);
}

void publish_on(cmwq_queue& wq, work_base& item, int cpu) noexcept {
    if (wq.bound != nullptr) take_room_anyway(*wq.bound);
    publish_with_room(wq, item, cpu);
}

void publish_with_room(cmwq_queue& wq, work_base& item, int cpu) noexcept {
    if ((wq.state.load(memory_order_relaxed) & cmwq_queue::recorded) != 0) [[unlikely]]
        record_enqueue(item, wq);
    if (cpu < 0 || cpu >= wq.scope->nr_in_use()) return publish_here(wq, item, local_worker(*wq.scope));
    trace_queue_work(&item, &wq);
    pool_workqueue* seats = wq.first_seat();
    if (seats == nullptr && !wq.binds_to_cpu()) {
        return enqueue_to_pool(wq.scope->pools[online_cpus::instance().nearest(cpu)], item);
    }
    home::set_place(item, place_on(cpu));
    if (seats != nullptr) return enqueue_to_seat(wq.seat_on(seats, cpu), item);
    enqueue_to_place(wq.scope->pools[cpu], item);
}

}  // namespace engine

namespace detail {

using namespace engine;

namespace {

/// The calling thread's CPU if it is on that node, else the node's first; -1: no CPU there, or no queue for it.
int cpu_for_node(const cmwq_queue& wq, const work_base& item, int node, const call_site& where) noexcept {
    if (wq.binds_to_cpu()) {
        report({misuse_code::node_of_percpu_queue, &item, &wq, where});
        return wished_place::any;
    }
    const platform::topology& all = platform::discover_topology();
    const int here = platform::current_cpu();
    if (all.cpus[here].node == node) return here;
    const online_cpus& cpus = online_cpus::instance();
    for (int cpu = 0; cpu < cpus.nr_seen(); ++cpu) {
        if (all.cpus[cpu].node == node && cpus.contains(cpu)) return cpu;
    }
    return wished_place::any;
}

[[gnu::always_inline]] inline refusal submit_here(queue& wq, work_base& item, const prepare_step& prepare,
                                                  const char* file, const char* function, unsigned line) noexcept {
    cmwq_queue& target = as_engine(wq);
    // sync queue.8: acquire; pairs with queue.4; as queue.1
    const unsigned state = target.state.load(memory_order_acquire);
    if (is_plain(state)) [[likely]]
        return claim_and_publish(target, item, prepare);
    if (is_plain(state & ~cmwq_queue::recorded)) return submit_recorded(target, item, prepare);
    return submit_slow(target, state, item, prepare, {file, function, line});
}

}  // namespace

[[gnu::hot]] refusal submit(queue& wq, work_base& item, const char* file, const char* function,
                            unsigned line) noexcept {
    return submit_here(wq, item, {}, file, function, line);
}

refusal submit_to(queue& wq, work_base& item, const wished_place& where, prepare_step prepare, const char* file,
                  const char* function, unsigned line) noexcept {
    cmwq_queue& target = as_engine(wq);
    if (const refusal why = admit_here(target, &item, file, function, line); why != refusal::none) return why;
    int cpu = where.cpu;
    if (where.node != wished_place::any) cpu = cpu_for_node(target, item, where.node, {file, function, line});
    if (target.bound != nullptr) return submit_bounded(target, item, prepare, cpu, {file, function, line});
    if (const refusal why = transition_to_pending(item, target.id); why != refusal::none) return refused(why);
    if (prepare.function != nullptr) prepare.function(prepare.context);
    publish_on(target, item, cpu);
    return refusal::none;
}

refusal submit_prepared(queue& wq, work_base& item, prepare_step prepare, const char* file, const char* function,
                        unsigned line) noexcept {
    return submit_here(wq, item, prepare, file, function, line);
}

}  // namespace detail
}  // namespace v1
}  // namespace cmwq
