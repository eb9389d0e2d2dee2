// SPDX-License-Identifier: Apache-2.0
#include "engine/nesting.hpp"

#include "engine/misuse.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

/// Queues in a line from the outermost to the innermost, at most: a worker's stack has a few frames for each.
constexpr int most_in_line = 8;

int line_length(const cmwq_queue& innermost) noexcept {
    int count = 0;
    for (const cmwq_queue* wq = &innermost; wq != nullptr; wq = wq->parent) ++count;
    return count;
}

/// What is wrong with it, as a sentence; null: nothing.
const char* fault_of_parent(const cmwq_queue& wq, const cmwq_queue& parent) noexcept {
    if (parent.runtime != wq.runtime) return "the parent of a queue belongs to another runtime; it has none";
    if (parent.kind < scope_kind::unbound || parent.cpu_intensive)
        return "the parent of a queue is a per-CPU queue; it has none";
    if (parent.per_node) return "the parent of a queue is divided over the nodes; it has none";
    if (line_length(parent) >= most_in_line) return "a queue would be the ninth in a line of parents; it has none";
    return nullptr;
}

/// The parent's scope, CPUs and rescuer are the child's.
void take_options_of_parent(cmwq_queue& wq, const call_site& where) noexcept {
    const bool other_priority = wq.kind != scope_kind::unbound && wq.kind != wq.parent->kind;
    if (other_priority || wq.mem_reclaim || wq.asked != attributes{}) {
        report({misuse_code::option_of_parent, nullptr, &wq, where});
    }
    wq.kind = wq.parent->kind;
    wq.mem_reclaim = false;
    wq.asked = {};
}

template <class Question>
bool any_outer(const cmwq_queue& wq, Question question) noexcept {
    const cmwq_queue* outer = wq.parent;
    while (outer != nullptr && !question(*outer)) outer = outer->parent;
    return outer != nullptr;
}

/// Running in the caller goes neither with an order nor with freezing, whichever of the line has it.
void check_bound(const cmwq_queue& wq, pending_bound& bound, const call_site& where) noexcept {
    if (bound.when_full != full_queue::run_in_caller) return;
    if (!any_outer(wq, [](const cmwq_queue& outer) { return outer.one_at_a_time || outer.freezable; })) return;
    report({misuse_code::contradictory_options, nullptr, &wq, where});
    bound.when_full = full_queue::refuse;
}

bool has_one_place(const cmwq_queue& wq) noexcept {
    const pool_workqueue* seat = wq.first_seat();
    return seat != nullptr && wq.nr_seats == 1 && seat->limit.load(memory_order_relaxed) == 1;
}

/// The outermost queue of the line that has no more than one place for all that is nested in it, or null.
const cmwq_queue* owner_of_only_place(const cmwq_queue& wq) noexcept {
    const cmwq_queue* found = nullptr;
    for (const cmwq_queue* outer = &wq; outer != nullptr; outer = outer->parent) {
        if (has_one_place(*outer)) found = outer;
    }
    return found;
}

}  // namespace

void nest(cmwq_queue& wq, cmwq_queue& parent, pending_bound& bound, const call_site& where) noexcept {
    if (const char* fault = fault_of_parent(wq, parent)) {
        return report({misuse_code::unfit_parent, nullptr, &wq, where, fault});
    }
    wq.parent = &parent;
    take_options_of_parent(wq, where);
    check_bound(wq, bound, where);
    locked hold{wq.runtime->setup_lock};
    ++parent.nr_children;
}

void leave_parent(cmwq_queue& wq) noexcept {
    if (wq.parent == nullptr) return;
    locked hold{wq.runtime->setup_lock};
    --wq.parent->nr_children;
}

bool has_children(cmwq_queue& wq) noexcept {
    locked hold{wq.runtime->setup_lock};
    return wq.nr_children != 0;
}

bool is_nested_in_freezable(const cmwq_queue& wq) noexcept {
    return any_outer(wq, [](const cmwq_queue& outer) { return outer.freezable; });
}

bool is_inside_only_place_of(const cmwq_queue& wq) noexcept {
    const cmwq_queue* owner = owner_of_only_place(wq);
    if (owner == nullptr) return false;
    for (const worker* me = this_worker_slot(); me != nullptr; me = me->outer) {
        if (me->current.load(memory_order_relaxed) == nullptr || me->is_guest) continue;
        if (me->queue == owner || is_nested_in(*me->queue, *owner)) return true;
    }
    return false;
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
