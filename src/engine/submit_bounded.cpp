// SPDX-License-Identifier: Apache-2.0
//
// Stop 1 for bounded queues: room first, then the claim. What a full queue does with the item is the queue's choice.
#include "engine/bound.hpp"
#include "engine/guest.hpp"
#include "engine/misuse.hpp"
#include "engine/nesting.hpp"
#include "engine/submit.hpp"
#include "engine/work_word.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

/// What is to be enqueued, by whom, and where to.
struct arrival {
    cmwq_queue& wq;
    work_base& item;
    const detail::prepare_step& prepare;
    int cpu;
    const call_site& where;

    refusal claim() const noexcept {
        const refusal why = transition_to_pending(item, wq.id);
        if (why == refusal::none && prepare.function != nullptr) prepare.function(prepare.context);
        return why;
    }
};

/// The room was taken before: a claim must not be taken back.
refusal submit_with_room(const arrival& one) noexcept {
    const refusal why = one.claim();
    if (why == refusal::none) {
        publish_with_room(one.wq, one.item, one.cpu);
    } else {
        give_back_room(*one.wq.bound);
    }
    return why;
}

/// Who waited while the queue began to drain did nothing wrong: refused, and not reported.
refusal submit_after_wait(const arrival& one) noexcept {
    if ((one.wq.state.load(memory_order_relaxed) & cmwq_queue::draining) == 0) return submit_with_room(one);
    give_back_room(*one.wq.bound);
    return refusal::queue_draining;
}

refusal submit_when_there_is_room(const arrival& one) noexcept {
    if (is_inside(one.wq) || is_inside_only_place_of(one.wq)) {
        report({misuse_code::wait_for_own_queue, &one.item, &one.wq, one.where});
        return refusal::queue_full;
    }
    room_caller caller{*one.wq.bound, one.wq.runtime};
    return caller.wait() ? submit_after_wait(one) : refusal::queue_full;
}

refusal run_in_caller(const arrival& one) noexcept {
    if (one.cpu >= 0 && one.wq.binds_to_cpu()) return refusal::queue_full;  // it may run there and nowhere else
    worker* guest = become_guest(one.wq);
    if (guest == nullptr) return refusal::queue_full;
    const refusal why = one.claim();
    if (why == refusal::none) {
        take_room_anyway(*one.wq.bound);  // given back by the run, or kept, if the item is left to the queue
        run_as_guest(*guest, one.item);
    } else {
        leave_unused(*guest);
    }
    return why;
}

}  // namespace

refusal submit_bounded(cmwq_queue& wq, work_base& item, const detail::prepare_step& prepare, int cpu,
                       const call_site& where) noexcept {
    // A pending item is told so, whatever room there is: its coming run sees what the caller stored.
    if (const refusal why = refuse_unclaimable(item); why != refusal::none) return why;
    const arrival one{wq, item, prepare, cpu, where};
    if (take_room(*wq.bound)) return submit_with_room(one);
    switch (wq.bound->when_full) {
    case full_queue::refuse: break;
    case full_queue::wait: return submit_when_there_is_room(one);
    case full_queue::run_in_caller: return run_in_caller(one);
    }
    return refusal::queue_full;
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
