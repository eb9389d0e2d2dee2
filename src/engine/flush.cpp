// SPDX-License-Identifier: Apache-2.0
#include "engine/flush.hpp"

#include "engine/concurrency.hpp"
#include "engine/held_lists.hpp"
#include "engine/item_flush.hpp"
#include "engine/note.hpp"
#include "engine/registry.hpp"
#include "engine/runtime_state.hpp"
#include "engine/stall_report.hpp"
#include "engine/wait.hpp"

/// A caller that came while a round was on: it shares the next one.
struct cmwq_flush_waiter {
    cmwq_flush_waiter* next = nullptr;
    cmwq_flush_waiter* followers = nullptr;  // set for the waiter that is to lead: the others of its round
    std::size_t found = 0;
    bool leads = false;
    cmwq::platform::parker woken;
};

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

/// Marks the queue's items in one list. The list is held.
std::size_t mark_list(item_list& items, queue_id id) noexcept {
    std::size_t found = 0;
    for (work_base* item = items.front(); item != nullptr; item = item_list::next(*item)) {
        if (is_token(*item) || queue_of_word(word_of(*item)) != id) continue;
        home::add_marks(*item, queue_mark);
        ++found;
    }
    return found;
}

/// A worker that runs an item of `wq` now, as a snapshot that a note can be checked against.
bool runs_item_of(const worker& other, queue_id id, std::uint64_t& number) noexcept {
    number = other.item_number.load(memory_order_relaxed);
    // sync flush.3: acquire; pairs with collision.2; the queue below is that of this item or of a later one
    if (other.current.load(memory_order_acquire) == nullptr) return false;
    return other.current_queue.load(memory_order_relaxed) == id && number != 0;
}

/// Under collide_lock, lists held: no item can move. One pass leaves notes, one fence, one pass checks them.
std::size_t note_running(cmwq_queue& wq, const worker* self) noexcept {
    registry& all = registry::instance();
    std::size_t found = 0;
    all.for_each_worker([&](worker& other) {
        other.noted_number = 0;
        std::uint64_t number = 0;
        if (&other == self || !runs_item_of(other, wq.id, number)) return;
        wq.flush_remaining.fetch_add(1, memory_order_relaxed);
        leave_note(other, number, queue_mark);
        other.noted_number = number;
        ++found;
    });
    if (found == 0) return 0;
    // sync note.7: fence_all_threads; pairs with note.2; each worker sees the bit at the end of its item, or is seen to
    // be past it below
    platform::fence_all_threads();
    all.for_each_worker([&](worker& other) {
        const std::uint64_t number = other.noted_number;
        if (number == 0 || note_arrived(other, number) || !withdraw_note(other, number, queue_mark)) return;
        // Over before the note came. It still counts as found: it may have enqueued a successor that we did not see.
        wq.flush_remaining.fetch_sub(1, memory_order_relaxed);  // never the last one: the leader holds one
    });
    return found;
}

/// Marks everything that exists now. Returns the number of instances. The running ones first: one that ends meanwhile
/// has pushed its successor before, and the lists are looked at after that. The other way round, an item that enqueues
/// itself could be missed in both places, and a drain would end with it.
std::size_t mark_instances(cmwq_queue& wq) noexcept {
    worker* self = this_worker_slot();
    held_lists held{wq, self};
    const std::size_t running = note_running(wq, self);
    std::size_t listed = 0;
    held.for_each([&](item_list& items) { listed += mark_list(items, wq.id); });
    wq.flush_remaining.fetch_add(listed, memory_order_relaxed);
    return running + listed;
}

/// One round: mark, then wait for the last marked instance. The caller leads.
std::size_t run_round(cmwq_queue& wq) noexcept {
    platform::parker last_done;
    wq.flush_leader = &last_done;
    wq.flush_remaining.store(1, memory_order_relaxed);  // our own, so that no instance is the last one while we mark
    const std::size_t found = mark_instances(wq);
    // sync flush.2: acquire read-modify-write; pairs with flush.1; sees the effects of all instances
    if (wq.flush_remaining.fetch_sub(1, memory_order_acquire) != 1) {
        wq.runtime->counters.flushes.fetch_add(1, memory_order_relaxed);
        wait_for(last_done, wq.runtime);
    }
    return found;
}

/// Either the round is ours to lead (true), or we join those who wait for the next one.
bool lead_or_join(cmwq_queue& wq, cmwq_flush_waiter& me) noexcept {
    locked hold{wq.flush_lock};
    if (!wq.flushing) {
        wq.flushing = true;
        return true;
    }
    me.next = wq.next_round;
    wq.next_round = &me;
    return false;
}

/// The round is over: whoever came meanwhile has the next one, led by the first of them.
void pass_on_lead(cmwq_queue& wq) noexcept {
    cmwq_flush_waiter* leader = nullptr;
    {
        locked hold{wq.flush_lock};
        leader = wq.next_round;
        wq.next_round = nullptr;
        wq.flushing = leader != nullptr;
    }
    if (leader == nullptr) return;
    leader->leads = true;
    leader->followers = leader->next;
    leader->woken.unpark();
}

void release_followers(cmwq_flush_waiter* followers, std::size_t found) noexcept {
    while (followers != nullptr) {
        cmwq_flush_waiter* next = followers->next;
        followers->found = found;
        followers->woken.unpark();  // it lives on its caller's stack: not to be touched after this
        followers = next;
    }
}

}  // namespace

std::size_t flush_queue(cmwq_queue& wq) noexcept {
    cmwq_flush_waiter me;
    if (!lead_or_join(wq, me)) {
        wait_for(me.woken, wq.runtime);
        if (!me.leads) return me.found;
    }
    const std::size_t found = run_round(wq);
    cmwq_flush_waiter* followers = me.followers;
    pass_on_lead(wq);
    release_followers(followers, found);
    return found;
}

void drain_queue(cmwq_queue& wq) noexcept {
    {
        locked hold{wq.flush_lock};
        // Enqueuers from outside are refused from here on. Relaxed: whoever is refused reads nothing because of it, and
        // what queue.4 published goes on through a read-modify-write.
        if (wq.nr_drainers++ == 0) wq.state.fetch_or(cmwq_queue::draining, memory_order_relaxed);
    }
    for (std::uint64_t rounds = 1; flush_queue(wq) != 0; ++rounds) report_long_drain(wq, rounds);
    locked hold{wq.flush_lock};
    if (--wq.nr_drainers == 0) wq.state.fetch_and(~cmwq_queue::draining, memory_order_relaxed);
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
