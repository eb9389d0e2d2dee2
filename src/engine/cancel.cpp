// SPDX-License-Identifier: Apache-2.0
#include "engine/cancel.hpp"

#include "engine/bound.hpp"
#include "engine/collision.hpp"
#include "engine/completion.hpp"
#include "engine/flush.hpp"
#include "engine/held_lists.hpp"
#include "engine/item_flush.hpp"
#include "engine/misuse.hpp"
#include "engine/registry.hpp"
#include "engine/stand_in.hpp"
#include "engine/timers.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

/// What an instance leaves behind that is taken off a list: who waits for it, and a token that did.
struct left_behind {
    marks waiting = 0;
    token* carrier = nullptr;
};

/// Out of the lists of `wq`: the caller then has the instance, pending and taken. False: it was not in any of them
/// just now.
bool take_off_lists(work_base& item, cmwq_queue& wq, left_behind& behind) noexcept {
    held_lists held{wq, this_worker_slot()};
    held.for_each([](item_list&) {});
    if (!transition_to_held(item, wq.id)) return false;
    if (!home::is_linked(item)) {
        transition_from_held(item);
        return false;
    }
    held.unlink(item);
    transition_to_taken(item);
    behind.waiting = home::marks_of(item);
    if (wq.one_at_a_time) behind.carrier = take_left_token(*wq.first_seat(), &item);
    access::prev_and_home(item) = 0;
    return true;
}

struct cancelling {
    static void step(work_base& item, void* context) noexcept {
        const detail::prepare_step& take_back = static_cast<cancelling*>(context)->take_back;
        if (take_back.function != nullptr) take_back.function(take_back.context);
        transition_to_cancelled(item);  // from here on the item is not ours: it may be enqueued again
    }

    const detail::prepare_step& take_back;
};

/// From the lists of the queue that the word names, if they have it.
bool take_from_queue(work_base& item, queue_id id, const taken_step& then) noexcept {
    cmwq_queue* wq = registry::instance().pin_queue(id);
    if (wq == nullptr) return false;  // the word is old by now; a queue with a pending item is not destroyed
    left_behind behind;
    const bool ours = take_off_lists(item, *wq, behind);
    if (ours) {
        if (behind.carrier != nullptr) send_on_token(*behind.carrier);
        if ((behind.waiting & item_mark) != 0) item_flushes::instance().instance_cancelled(item);
        then.function(item, then.context);
        if (wq->bound != nullptr) give_back_room(*wq->bound);
        if ((behind.waiting & queue_mark) != 0) flush_instance_done(*wq);
    }
    registry::instance().unpin_queue(*wq);
    return ours;
}

}  // namespace

bool take_pending(work_base& item, const taken_step& then) noexcept {
    for (;;) {
        const std::uint64_t word = as_seen_here(word_of(item));
        if ((word & work_word::pending) == 0) return false;
        if (!is_armed(word)) {
            if (take_from_queue(item, queue_of_word(word), then)) return true;
        } else if (timers_remove(item)) {
            then.function(item, then.context);
            return true;
        }
        platform::yield();  // on its way: claimed and not published, out of the wheel and not in a list, about to run
    }
}

bool cancel_pending(work_base& item, const detail::prepare_step& take_back) noexcept {
    look_for_watchdogs_if_needed();
    cancelling how{take_back};
    return take_pending(item, {&cancelling::step, &how});
}

}  // namespace engine

namespace detail {

using namespace engine;

namespace {

bool disable(work_base& item, call_site where) noexcept {
    if (transition_to_disabled(item)) return true;
    report({misuse_code::disabled_too_often, &item, nullptr, where});
    return false;
}

/// Its own function cannot wait for its own end.
bool may_wait_for(const work_base& item, misuse_code otherwise, call_site where) noexcept {
    if (!is_inside(item)) return true;
    report({otherwise, &item, this_worker_slot()->queue, where});
    return false;
}

}  // namespace

bool cancel_item(work_base& item, prepare_step take_back) noexcept {
    return cancel_pending(item, take_back);
}

bool cancel_item_sync(work_base& item, prepare_step take_back, call_site where) noexcept {
    if (!may_wait_for(item, misuse_code::cancel_sync_from_own_item, where)) return cancel_pending(item, take_back);
    // Shut out meanwhile: an item that enqueues itself would be waited for again and again.
    const bool shut_out = disable(item, where);
    const bool cancelled = cancel_pending(item, take_back);
    (void)flush_one(item);
    if (shut_out) (void)transition_to_enabled(item);
    return cancelled;
}

bool disable_item(work_base& item, prepare_step take_back, call_site where) noexcept {
    (void)disable(item, where);
    return cancel_pending(item, take_back);
}

bool disable_item_sync(work_base& item, prepare_step take_back, call_site where) noexcept {
    const bool cancelled = disable_item(item, take_back, where);
    if (may_wait_for(item, misuse_code::disable_sync_from_own_item, where)) (void)flush_one(item);
    return cancelled;
}

bool enable_item(work_base& item, call_site where) noexcept {
    const enabled now = transition_to_enabled(item);
    if (now == enabled::was_already) report({misuse_code::enable_without_disable, &item, nullptr, where});
    return now == enabled::now;
}

}  // namespace detail
}  // namespace v1
}  // namespace cmwq
