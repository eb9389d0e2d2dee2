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

worker* runner_of(const work_base& item) noexcept {
    worker* runner = nullptr;
    registry::instance().for_each_worker([&](worker& other) {
        // sync flush.4: acquire; pairs with collision.2; its number and queue are those of this item
        if (other.current.load(memory_order_acquire) == &item) runner = &other;
    });
    return runner;
}

/// A ticket for the instance that `runner` has in hand. Under collide_lock.
found wait_for_running(worker& runner, item_flush_ticket& ticket) noexcept {
    const std::uint64_t number = runner.item_number.load(memory_order_relaxed);
    ticket.runner = &runner;
    ticket.number = number;
    item_flushes::instance().add(ticket);
    leave_note(runner, number, item_mark);
    platform::fence_all_threads();
    if (note_arrived(runner, number) || !withdraw_note(runner, number, item_mark)) return found::ticket;
    return item_flushes::instance().remove(ticket) ? found::nothing : found::ticket;
}

/// A ticket for the pending instance, which lies in one of the lists.
found wait_for_pending(work_base& item, item_flush_ticket& ticket) noexcept {
    item_flushes::instance().add(ticket);
    home::add_marks(item, item_mark);
    return found::ticket;
}

found look_for(work_base& item, cmwq_queue& wq, item_flush_ticket& ticket) noexcept {
    held_lists held{wq, this_worker_slot()};
    held.for_each([](item_list&) {});
    const std::uint64_t word = word_of(item);
    if (queue_of_word(word) != wq.id) return found::in_between;  // enqueued elsewhere meanwhile
    const bool pending = (word & work_word::pending) != 0;
    if (pending && (access::prev_and_home(item) & home::linked) != 0) return wait_for_pending(item, ticket);
    if (worker* runner = runner_of(item)) {
        if (!pending || runner->current_queue.load(memory_order_relaxed) == wq.id) return wait_for_running(*runner, ticket);
    }
    return pending ? found::in_between : found::nothing;  // claimed and not yet published: a moment
}

}  // namespace

bool flush_one(work_base& item) noexcept {
    item_flush_ticket ticket;
    ticket.item = &item;
    for (;;) {
        cmwq_queue* wq = registry::instance().queue_of(queue_of_word(word_of(item)));
        if (wq == nullptr) return false;  // never enqueued, or its queue is gone and drained
        switch (look_for(item, *wq, ticket)) {
            case found::nothing: return false;
            case found::ticket: wait_for(ticket.done, *wq->runtime); return true;
            case found::in_between: platform::yield(); break;
        }
    }
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
