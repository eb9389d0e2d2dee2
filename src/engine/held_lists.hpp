// SPDX-License-Identifier: Apache-2.0
//
// Holds every place where an item of one queue can be: the worklists of its scope's pools, its seats, and what workers
// hold for each other. While this exists, no item of the queue is taken, moved or left with anybody; items may still be
// pushed, and running ones may end.
#pragma once

#include "engine/queue_state.hpp"
#include "engine/registry.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

class held_lists {
public:
    /// `self`: the calling worker, or null.
    held_lists(cmwq_queue& wq, const worker* self) noexcept CMWQ_NO_THREAD_SAFETY_ANALYSIS : wq_{wq} {
        const biased_entry* entry = self != nullptr ? &self->entry : nullptr;
        for (int cpu = 0; cpu < wq_.scope->nr_pools; ++cpu) wq_.scope->pools[cpu].list.lock(entry);
        // Only now: a queue gets its first seats, and its items there, while somebody holds the pools.
        seats_ = wq.first_seat();
        nr_seats_ = seats_ != nullptr ? wq.nr_seats : 0;
        for (int seat = 0; seat < nr_seats_; ++seat) seats_[seat].items.lock(entry);
        registry::instance().collide_lock.lock();
    }
    ~held_lists() CMWQ_NO_THREAD_SAFETY_ANALYSIS {
        registry::instance().collide_lock.unlock();
        for (int seat = nr_seats_; seat-- > 0;) seats_[seat].items.unlock();
        for (int cpu = wq_.scope->nr_pools; cpu-- > 0;) wq_.scope->pools[cpu].list.unlock();
    }
    held_lists(const held_lists&) = delete;
    held_lists& operator=(const held_lists&) = delete;

    /// Each list with what its inbox had.
    template <class Visit>
    void for_each(Visit visit) noexcept CMWQ_NO_THREAD_SAFETY_ANALYSIS {
        for (int cpu = 0; cpu < wq_.scope->nr_pools; ++cpu) visit(wq_.scope->pools[cpu].list.take_inbox());
        for (int seat = 0; seat < nr_seats_; ++seat) visit(seats_[seat].items.take_inbox());
        registry::instance().for_each_worker([&](worker& other) { visit(other.collided_items); });
    }

    /// Takes an item that is linked (item_list.hpp) out of whichever list has it.
    void unlink(work_base& item) noexcept CMWQ_NO_THREAD_SAFETY_ANALYSIS {
        if (item_list::unlink_inside(item)) return;
        for (int cpu = 0; cpu < wq_.scope->nr_pools; ++cpu) {
            if (unlink_end(wq_.scope->pools[cpu].list, item)) return;
        }
        for (int seat = 0; seat < nr_seats_; ++seat) {
            if (unlink_end(seats_[seat].items, item)) return;
        }
        registry::instance().for_each_worker([&](worker& other) {
            if (other.collided_items.ends_with(item)) other.collided_items.unlink(item);
        });
    }

private:
    static bool unlink_end(worklist& list, work_base& item) noexcept CMWQ_NO_THREAD_SAFETY_ANALYSIS {
        item_list& items =
            list.held_items();  // not the inbox: what came meanwhile would make the last item an inner one
        if (!items.ends_with(item)) return false;
        items.unlink(item);
        list.publish_size();
        return true;
    }

    cmwq_queue& wq_;
    pool_workqueue* seats_ = nullptr;
    int nr_seats_ = 0;
};

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
