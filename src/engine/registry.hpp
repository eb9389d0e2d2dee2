// SPDX-License-Identifier: Apache-2.0
//
// Ids: of workers and of queues, process-wide, because an item's state word names both by id and may be enqueued to any
// runtime. Lookups take no lock; ids are given out lowest first, so that runs on the model platform repeat exactly.
#pragma once

#include "engine/worker.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

class registry {
public:
    constexpr registry() noexcept = default;

    static registry& instance() noexcept;  // inline: on the path of each item

    /// A slot with a fresh id. Null: no memory, or 65,535 workers exist.
    [[nodiscard]] worker* acquire_worker() noexcept;
    /// The slot goes back; it stays readable until the last runtime is gone.
    void release_worker(worker& slot) noexcept;
    /// The slot that has the id, or had it last. Null for id 0 and ids never used.
    worker* worker_of(worker_id id) const noexcept {
        // sync registry.1: acquire; pairs with registry.2; sees the slot as it was made
        return id < nr_worker_slots ? worker_slots_[id].load(memory_order_acquire) : nullptr;
    }

    /// The slot of an id that is in use.
    worker& slot_of(worker_id id) const noexcept {
        // sync registry.7: acquire; pairs with registry.2; as registry.1
        return *worker_slots_[id].load(memory_order_acquire);
    }
    /// Every slot ever given out; for rare, slow operations.
    template <class Visit>
    void for_each_worker(Visit visit) noexcept {
        for (worker_id id = 1; id < nr_worker_slots; ++id) {
            worker* slot = worker_of(id);
            if (slot == nullptr) return;  // ids are given out without gaps
            visit(*slot);
        }
    }

    /// Gives the queue its id; from here on it is found by it. False: no memory, or too many queues.
    [[nodiscard]] bool add_queue(cmwq_queue& queue) noexcept;
    /// Nobody finds the queue from here on, and nobody uses it who found it with pin_queue: waits for those. Then the
    /// id is free.
    void remove_queue(cmwq_queue& queue) noexcept;
    /// The queue with that id, or null; it stays until unpin_queue. For callers who hold none of its items, briefly.
    cmwq_queue* pin_queue(queue_id id) noexcept;
    void unpin_queue(cmwq_queue& queue) noexcept;
    /// The queue with that id, or null. The caller knows that it exists: it has one of its items.
    cmwq_queue* queue_of(queue_id id) const noexcept {
        if (id == 0) return nullptr;
        // sync registry.3: acquire; pairs with registry.4; sees the page and the queue in it
        const queue_page* page = queue_pages_[id / queues_per_page].load(memory_order_acquire);
        // sync registry.5: acquire; pairs with registry.6; as registry.3
        return page != nullptr ? page->queues[id % queues_per_page].load(memory_order_acquire) : nullptr;
    }

    /// Sets or clears a bit of `attention`, in every slot that there is or will be.
    void tell_all_workers(unsigned bit, bool set) noexcept;

    /// Counted, so that the last one out can free the slots.
    void add_runtime() noexcept;
    void remove_runtime() noexcept;

    /// Around a fork (fork.hpp). In the child all queues are forgotten, and all slots but the one of the worker that
    /// forked are free: nobody else is there.
    void lock_for_fork() noexcept CMWQ_NO_THREAD_SAFETY_ANALYSIS { lock_.lock(); }
    void unlock_after_fork() noexcept CMWQ_NO_THREAD_SAFETY_ANALYSIS { lock_.unlock(); }
    void renew_after_fork(worker* forker) noexcept;

    /// One per process, because an item can collide with itself across queues, scopes and runtimes.
    mutex collide_lock;

private:
    static constexpr worker_id nr_worker_slots = work_word::max_worker + 1;
    static constexpr std::uint32_t queues_per_page = 4096;
    static constexpr std::uint32_t nr_queue_pages = (work_word::max_queue + 1) / queues_per_page;
    struct queue_page {
        atomic<cmwq_queue*> queues[queues_per_page] = {};
    };

    queue_page* page_for(queue_id id) noexcept;
    void wait_until_unpinned(cmwq_queue& queue) noexcept;
    void free_everything() noexcept;

    mutex lock_;
    unsigned nr_runtimes_ = 0;                              // R
    worker_id next_worker_ = 1;                             // R: no id below it was never used
    queue_id lowest_free_queue_ = 1;                        // R: no free id below it
    queue_id highest_queue_ = 0;                            // R: of all ids ever given out
    unsigned told_to_all_ = 0;                              // R: what `attention` of a new slot begins with
    worker* free_workers_ = nullptr;                        // R: released slots, linked by next_in_pool
    atomic<worker*> worker_slots_[nr_worker_slots] = {};    // A(registry)
    atomic<queue_page*> queue_pages_[nr_queue_pages] = {};  // A(registry)
};

extern constinit registry the_registry;

inline registry& registry::instance() noexcept {
    return the_registry;
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
