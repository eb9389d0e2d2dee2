// SPDX-License-Identifier: Apache-2.0
//
// Queues: how they are made from their options, made ready, and destroyed.
#include "engine/attributes.hpp"
#include "engine/bound.hpp"
#include "engine/flush.hpp"
#include "engine/limits.hpp"
#include "engine/memory.hpp"
#include "engine/misuse.hpp"
#include "engine/nesting.hpp"
#include "engine/recorder.hpp"
#include "engine/registry.hpp"
#include "engine/rescuer.hpp"
#include "engine/runtime_state.hpp"
#include "engine/seats.hpp"
#include "engine/timers.hpp"

#include <cmwq/this_worker.hpp>

#include <algorithm>

cmwq_queue::cmwq_queue(const char* given, std::size_t length, cmwq::engine::scope_kind kind_given) noexcept
    : kind{kind_given} {
    std::copy_n(given, std::min(length, name_size - 1), name);  // none is given if there is no name
}

namespace cmwq {
inline namespace v1 {

namespace engine {

namespace {

/// What all kinds of options have in common, and what sets them apart.
struct queue_plan {
    std::string_view name;
    int max_active = 0;
    bool highpri = false, freezable = false, mem_reclaim = false;
    bool unbound = false, one_at_a_time = false;
    bool contradictory = false;
    bool cpu_intensive = false;
    pending_items at_end = pending_items::run;
    bool background = false;
    attributes asked{};
    pending_bound bound = {};
    queue* parent = nullptr;
    bool per_node = false;
    int min_active = 0;
};

void set_background(queue_plan& plan, bool asked) noexcept {
    plan.background = asked && !plan.highpri;
    plan.contradictory |= asked && plan.highpri;
}

/// Running in the caller goes neither with an order nor with freezing.
void set_bound(queue_plan& plan, const pending_bound& asked) noexcept {
    plan.bound = asked;
    if (asked.when_full != full_queue::run_in_caller || (!plan.one_at_a_time && !plan.freezable)) return;
    plan.contradictory = true;
    plan.bound.when_full = full_queue::refuse;
}

queue_plan plan_of(const percpu& o) noexcept {
    queue_plan plan{o.name, o.max_active, o.highpri, o.freezable, o.mem_reclaim};
    // CPU-intensive items are not to hold back others of their CPU: they run where the concurrency rule does not apply.
    plan.unbound = plan.cpu_intensive = o.cpu_intensive;
    set_background(plan, o.background);
    set_bound(plan, o.bound);
    plan.at_end = o.at_end;
    return plan;
}
queue_plan plan_of(const unbound& o) noexcept {
    queue_plan plan{o.name, o.max_active, o.highpri, o.freezable, o.mem_reclaim, true};
    plan.contradictory = o.affinity_strict && o.affinity == affinity_scope::system;  // nothing to be strict about
    plan.asked = {.affinity = o.affinity, .affinity_strict = o.affinity_strict && !plan.contradictory};
    plan.parent = o.parent;
    plan.per_node = o.per_node;
    plan.min_active = o.min_active;
    set_background(plan, o.background);
    set_bound(plan, o.bound);
    plan.at_end = o.at_end;
    return plan;
}
queue_plan plan_of(const ordered& o) noexcept {
    queue_plan plan{o.name, 1, o.highpri, o.freezable, o.mem_reclaim, true, true, false, false, o.at_end};
    plan.parent = o.parent;
    set_bound(plan, o.bound);
    return plan;
}
queue_plan plan_of(const power_efficient& o, bool save_power) noexcept {
    queue_plan plan{o.name,     o.max_active, o.highpri, o.freezable, o.mem_reclaim,
                    save_power, false,        false,     false,       o.at_end};
    set_bound(plan, o.bound);
    return plan;
}

scope_kind kind_of(const queue_plan& plan) noexcept {
    using enum scope_kind;
    if (plan.unbound)
        return plan.highpri ? unbound_highpri : plan.background ? unbound_background : scope_kind::unbound;
    return plan.highpri ? percpu_highpri : plan.background ? percpu_background : scope_kind::percpu;
}

void report_bad_options(const queue_plan& plan, const cmwq_queue& wq, const call_site& where) noexcept {
    if (plan.name.size() >= cmwq_queue::name_size) report({misuse_code::name_too_long, nullptr, &wq, where});
    if (plan.max_active < 0 || plan.max_active > static_cast<int>(most_max_active)) {
        report({misuse_code::max_active_out_of_range, nullptr, &wq, where});
    }
    if (plan.bound.max_pending < 0) report({misuse_code::max_pending_out_of_range, nullptr, &wq, where});
    if (plan.contradictory) report({misuse_code::contradictory_options, nullptr, &wq, where});
}

void add_to_runtime(runtime_state& runtime, cmwq_queue& wq) noexcept {
    locked hold{runtime.setup_lock};
    wq.next_in_runtime = runtime.all_queues;
    runtime.all_queues = &wq;
    refresh_queue(wq);    // a freeze, a thaw or a change of CPUs between its seats' opening and now did not find it
    follow_recorder(wq);  // nor did a trace that began or ended
}

void remove_from_runtime(cmwq_queue& wq) noexcept {
    locked hold{wq.runtime->setup_lock};
    cmwq_queue** link = &wq.runtime->all_queues;
    while (*link != &wq) link = &(*link)->next_in_runtime;
    *link = wq.next_in_runtime;
}

bool give_bound(cmwq_queue& wq, const pending_bound& asked) noexcept {
    if (asked.max_pending <= 0) return true;
    wq.bound = create<queue_bound>(asked);
    return wq.bound != nullptr;
}

void discard(cmwq_queue& wq) noexcept {
    leave_parent(wq);
    if (wq.bound != nullptr) destroy(wq.bound);
    destroy(&wq);
}

owned_queue make(runtime_state& runtime, const queue_plan& plan, const call_site& where) noexcept {
    auto* wq = create<cmwq_queue>(plan.name.data(), plan.name.size(), kind_of(plan));
    if (wq == nullptr) return {};
    report_bad_options(plan, *wq, where);
    wq->runtime = &runtime;
    wq->one_at_a_time = plan.one_at_a_time;
    wq->freezable = plan.freezable;
    wq->mem_reclaim = plan.mem_reclaim;
    wq->asked = plan.asked;
    wq->cpu_intensive = plan.cpu_intensive;
    wq->drops_at_end = plan.at_end == pending_items::drop;
    wq->max_active = checked_max_active(plan.max_active);
    wq->per_node = plan.per_node;
    wq->min_active = plan.min_active > 0 ? static_cast<unsigned>(plan.min_active) : default_min_active;
    wq->min_active = std::min(wq->min_active, wq->max_active);
    pending_bound bound = plan.bound;
    if (plan.parent != nullptr) nest(*wq, as_engine(*plan.parent), bound, where);
    if (!give_bound(*wq, bound) || !make_ready(*wq)) {
        discard(*wq);
        return {};
    }
    add_to_runtime(runtime, *wq);
    return access::own(wq);
}

}  // namespace

bool make_ready(cmwq_queue& wq) noexcept {
    if (wq.runtime == nullptr) return false;
    (void)settle(*wq.runtime);
    if (wq.parent != nullptr && !make_parent(*wq.parent)) return false;
    pool_scope* scope = scope_of(*wq.runtime, wq.kind);
    if (scope == nullptr) return false;
    locked hold{wq.runtime->setup_lock};
    if ((wq.state.load(memory_order_relaxed) & cmwq_queue::ready) != 0) return true;
    wq.scope = scope;
    if (wq.max_active == 0) wq.max_active = default_max_active;
    if (!find_placement(wq)) return false;
    if (needs_seats(wq) && !open_seats(wq, seats_start::with_places)) return false;
    if ((wq.mem_reclaim && !create_rescuer(wq)) || !registry::instance().add_queue(wq)) {
        end_rescuer(wq);
        close_seats(wq);  // nothing is out yet
        keep_closed_seats(wq);
        return false;
    }
    follow_recorder(wq);
    // sync queue.4: release read-modify-write; pairs with queue.1, queue.5, queue.8, queue.9; publishes scope, id and
    // seats
    wq.state.fetch_or(cmwq_queue::ready | (wq.bound != nullptr ? cmwq_queue::bounded : 0), memory_order_release);
    return true;
}

void retire_queue(cmwq_queue& wq) noexcept {
    {
        // Else whoever follows a change of the CPUs may give new tokens to a seat that is closed below: he finds a
        // system queue until the end.
        locked hold{wq.runtime->setup_lock};
        if ((wq.state.load(memory_order_relaxed) & cmwq_queue::ready) == 0) return;
        wq.state.fetch_and(~cmwq_queue::ready, memory_order_relaxed);
    }
    // Before its seats: who still looks at it for an item's sake may hold their lists.
    registry::instance().remove_queue(wq);
    close_seats(wq);
    {
        locked hold{wq.runtime->setup_lock};
        keep_closed_seats(wq);
    }
    wq.state.store(0, memory_order_relaxed);
}

namespace {

bool is_ready(const cmwq_queue& wq) noexcept {
    return (wq.state.load(memory_order_acquire) & cmwq_queue::ready) != 0;  // sync queue.5: acquire; pairs with queue.4
}

constexpr detail::item_receiver dropper{[](work_base* item, const work_class& kind, void*) noexcept {
                                            kind.drop(item);
                                        },
                                        nullptr};

/// Those who waited for room have got some by now. One of them may have got it before the queue drained, and enqueue
/// only now.
void let_room_callers_go(cmwq_queue& wq) noexcept {
    wait_for_room_callers(*wq.bound);
    drain_queue(wq);
}

/// Would a wait for the queue's items, here, hold them up for good?
bool waits_for_itself(const cmwq_queue& wq) noexcept {
    return is_inside(wq) || is_inside_only_place_of(wq);
}

void report_wait_of_a_reclaimer(const cmwq_queue& wq, const call_site& where) noexcept {
    if (!is_wait_of_a_reclaimer(wq)) return;
    report({misuse_code::reclaim_waits_for_ordinary_queue, this_worker_slot()->current.load(memory_order_relaxed), &wq,
            where});
}

/// `instead`: who gets what is pending, in place of its functions; null: it runs.
void end_queue(cmwq_queue& wq, const detail::item_receiver* instead, const call_site& where) noexcept {
    if (is_inside(wq))
        report({misuse_code::destroy_own_queue, this_worker_slot()->current.load(memory_order_relaxed), &wq, where});
    if (has_children(wq)) report({misuse_code::parent_in_use, nullptr, &wq, where});
    // sync queue.7: release; pairs with queue.6; publishes the receiver
    wq.ending.store(instead, memory_order_release);
    if (is_ready(wq)) {
        timers::instance().drop_armed_items(wq);
        drain_queue(wq);
        if (wq.bound != nullptr) let_room_callers_go(wq);
        // While its rescuer can be summoned: whose item has run before its enqueue was over may have sent one more
        // token, and there may be no worker to take it.
        empty_seats(wq);
    }
    remove_from_runtime(wq);
    end_rescuer(wq);
    retire_queue(wq);
    discard(wq);
}

}  // namespace
}  // namespace engine

using engine::as_engine;

queue& queue::from_native(cmwq_queue* handle) noexcept {
    return *handle;
}

cmwq_queue* queue::native() noexcept {
    return &as_engine(*this);
}

const char* queue::name() const noexcept {
    return static_cast<const cmwq_queue*>(this)->name;
}

void queue::flush(call_site where) noexcept {
    cmwq_queue& wq = as_engine(*this);
    if (engine::waits_for_itself(wq))
        return engine::report({misuse_code::flush_own_queue, this_worker::current(), &wq, where});
    engine::report_wait_of_a_reclaimer(wq, where);
    if (engine::is_ready(wq)) engine::flush_queue(wq);
}

void queue::drain(call_site where) noexcept {
    cmwq_queue& wq = as_engine(*this);
    if (engine::waits_for_itself(wq))
        return engine::report({misuse_code::drain_own_queue, this_worker::current(), &wq, where});
    engine::report_wait_of_a_reclaimer(wq, where);
    if (engine::is_ready(wq)) engine::drain_queue(wq);
}

bool queue::congested() const noexcept {
    const auto& wq = static_cast<const cmwq_queue&>(*this);
    const engine::pool_workqueue* seats = wq.first_seat();
    for (int i = 0; seats != nullptr && i < wq.nr_seats; ++i) {
        if (engine::has_waiting_items(seats[i])) return true;
    }
    return false;
}

owned_queue::~owned_queue() {
    if (queue_ != nullptr) shutdown(as_engine(*queue_).drops_at_end ? pending_items::drop : pending_items::run, {});
}

void owned_queue::shutdown(pending_items what, call_site where) noexcept {
    if (queue_ == nullptr) return;
    engine::end_queue(as_engine(*queue_), what == pending_items::drop ? &engine::dropper : nullptr, where);
    queue_ = nullptr;  // not before: its own items may enqueue through this owner until it is drained
}

void owned_queue::end_with(const detail::item_receiver& to, call_site where) noexcept {
    if (queue_ == nullptr) return;
    engine::end_queue(as_engine(*queue_), &to, where);
    queue_ = nullptr;  // as above
}

owned_queue runtime::make_queue(const percpu& options, call_site where) noexcept {
    return engine::make(*impl_, engine::plan_of(options), where);
}
owned_queue runtime::make_queue(const unbound& options, call_site where) noexcept {
    return engine::make(*impl_, engine::plan_of(options), where);
}
owned_queue runtime::make_queue(const ordered& options, call_site where) noexcept {
    return engine::make(*impl_, engine::plan_of(options), where);
}
owned_queue runtime::make_queue(const power_efficient& options, call_site where) noexcept {
    (void)engine::settle(*impl_);
    return engine::make(*impl_, engine::plan_of(options, impl_->options.power_efficient == power_saving::on), where);
}

owned_queue make_queue(const percpu& options, call_site where) noexcept {
    return runtime::standard().make_queue(options, where);
}
owned_queue make_queue(const unbound& options, call_site where) noexcept {
    return runtime::standard().make_queue(options, where);
}
owned_queue make_queue(const ordered& options, call_site where) noexcept {
    return runtime::standard().make_queue(options, where);
}
owned_queue make_queue(const power_efficient& options, call_site where) noexcept {
    return runtime::standard().make_queue(options, where);
}

}  // namespace v1
}  // namespace cmwq
