// SPDX-License-Identifier: Apache-2.0
//
// Flush of one item: a ticket for its last instance (item_flush.hpp), found under all the lists that can hold it.
#include "engine/flush.hpp"

#include "engine/held_lists.hpp"
#include "engine/item_flush.hpp"
#include "engine/note.hpp"
#include "engine/wait.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

enum class found { nothing, ticket, in_between };

/// The run of the instance that was claimed last, if it goes on. Found by the id in the word and not by the address
/// alone: the function of a former item at the same address may still be running elsewhere.
item_run run_of(const work_base& item, std::uint64_t word) noexcept {
    worker* last = registry::instance().worker_of(last_worker_of_word(word));
    if (last == nullptr) return {};
    // Before `current`: read after it, it could be that of the worker's next item.
    const std::uint64_t number = last->item_number.load(memory_order_relaxed);
    // sync flush.4: acquire; pairs with collision.2; its queue is that of this item
    return last->current.load(memory_order_acquire) == &item ? item_run{last, number} : item_run{};
}

/// A ticket for the instance that `runner` has in hand. Under collide_lock.
found wait_for_running(worker& runner, item_flush_ticket& ticket) noexcept {
    const std::uint64_t number = runner.item_number.load(memory_order_relaxed);
    ticket.runner = &runner;
    ticket.number = number;
    item_flushes::instance().add(ticket);
    leave_note(runner, number, item_mark);
    platform::fence_all_threads();  // sync note.8: fence_all_threads; pairs with note.2; as note.7
    if (note_arrived(runner, number) || !withdraw_note(runner, number, item_mark)) return found::ticket;
    // The mark was too late, and stood for all who wait for this instance: they are told by us, as we are ourselves.
    item_flushes::instance().instance_done(runner, number);
    return found::ticket;
}

/// A ticket for the pending instance, which lies in one of the lists and stays there while its word is held.
found wait_for_pending(work_base& item, item_flush_ticket& ticket) noexcept {
    ticket.beside = run_of(item, word_of(item));
    item_flushes::instance().add(ticket);
    home::add_marks(item, item_mark);
    return found::ticket;
}

/// Under collide_lock.
found look_for_running(work_base& item, item_flush_ticket& ticket) noexcept {
    const std::uint64_t word = as_seen_here(word_of(item));
    // Enqueued meanwhile. An armed timer is not waited for: only the run before it, if there is one.
    if ((word & work_word::pending) != 0 && !is_armed(word)) return found::in_between;
    worker* const runner = run_of(item, word).by;
    return runner != nullptr ? wait_for_running(*runner, ticket) : found::nothing;
}

found look_for(work_base& item, cmwq_queue& wq, item_flush_ticket& ticket, runtime_state*& runtime) noexcept {
    held_lists held{wq, this_worker_slot()};
    held.for_each([](item_list&) {});
    runtime = wq.runtime;  // the queue may be gone once it is not pinned any more
    if (transition_to_held(item, wq.id)) {
        // Claimed and not yet published, or popped and not yet claimed for its run: a moment. Whoever was refused
        // because of this instance waits for it, not for an earlier one that still runs.
        const bool linked = home::is_linked(item);
        const found what = linked ? wait_for_pending(item, ticket) : found::in_between;
        transition_from_held(item);
        return what;
    }
    if (queue_of_word(word_of(item)) != wq.id) return found::in_between;  // enqueued elsewhere meanwhile
    return look_for_running(item, ticket);
}

/// Its last queue is gone, so it is in no list; but another queue's worker may still run it.
found look_without_queue(work_base& item, item_flush_ticket& ticket) noexcept {
    locked hold{registry::instance().collide_lock};
    return look_for_running(item, ticket);
}

/// The instance that was waited for has been cancelled. The run beside which it was pending may go on. One that began
/// later is of a newer instance: whoever took the old one away may have enqueued the item anew.
void wait_for_earlier(work_base& item, item_flush_ticket& ticket, runtime_state* runtime) noexcept {
    if (!ticket.cancelled || ticket.beside.by == nullptr) return;
    {
        locked hold{registry::instance().collide_lock};
        if (run_of(item, word_of(item)) != ticket.beside) return;
        (void)wait_for_running(*ticket.beside.by, ticket);
    }
    wait_for(ticket.done, runtime);
}

}  // namespace

bool flush_one(work_base& item) noexcept {
    item_flush_ticket ticket;
    ticket.item = &item;
    for (;;) {
        const queue_id id = queue_of_word(word_of(item));
        if (id == 0) return false;  // never enqueued
        runtime_state* runtime = nullptr;
        // Pinned: the item need not be pending, so nothing else keeps the queue that had it last.
        cmwq_queue* wq = registry::instance().pin_queue(id);
        const found what = wq != nullptr ? look_for(item, *wq, ticket, runtime) : look_without_queue(item, ticket);
        if (wq != nullptr) registry::instance().unpin_queue(*wq);
        switch (what) {
        case found::nothing: return false;
        case found::ticket:
            wait_for(ticket.done, runtime);
            wait_for_earlier(item, ticket, runtime);
            return true;
        case found::in_between: platform::yield(); break;
        }
    }
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
