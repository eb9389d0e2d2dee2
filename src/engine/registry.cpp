// SPDX-License-Identifier: Apache-2.0
#include "engine/registry.hpp"

#include "engine/block_cache.hpp"

#include "engine/memory.hpp"
#include "engine/online_cpus.hpp"
#include "engine/queue_state.hpp"
#include "engine/timers.hpp"

#include <algorithm>
#include <new>

namespace cmwq {
inline namespace v1 {
namespace engine {

constinit registry the_registry;

namespace {

/// For another thread's life. Not remade from scratch: others may still look at the slot by its id, and what they read
/// (current, item_number, attention, note, collided_items) is as an idle worker's. Numbers go on, so that a note for
/// the former life cannot be mistaken.
void make_fresh(worker& slot) noexcept {
    slot.resumed = false;
    slot.steal_pause = 0;
    slot.last_steal = 0;
    slot.blocking_depth = 0;
    slot.in_blocking_region.store(false, memory_order_relaxed);
    slot.counted.store(life_of(slot.counted.load(memory_order_relaxed)) + counted_in::one_life, memory_order_relaxed);
    slot.idle.store(idle_state::busy, memory_order_relaxed);
    slot.next_in_pool = nullptr;
    slot.starts_idle = false;
    slot.is_rescuer = false;
    slot.is_guest = false;
    slot.outer = nullptr;
    slot.unpinned.store(false, memory_order_relaxed);
    slot.thread_id.store(0, memory_order_relaxed);
}

}  // namespace

worker* registry::acquire_worker() noexcept {
    locked hold{lock_};
    if (worker* reused = free_workers_) {
        free_workers_ = reused->next_in_pool;
        make_fresh(*reused);
        return reused;
    }
    if (next_worker_ == nr_worker_slots) return nullptr;
    auto* made = create<worker>();
    if (made == nullptr) return nullptr;
    made->id = next_worker_++;
    // sync registry.2: release; pairs with registry.1, registry.7; publishes the slot
    worker_slots_[made->id].store(made, memory_order_release);
    return made;
}

void registry::release_worker(worker& slot) noexcept {
    locked hold{lock_};
    slot.next_in_pool = free_workers_;
    free_workers_ = &slot;
}

registry::queue_page* registry::page_for(queue_id id) noexcept {
    atomic<queue_page*>& place = queue_pages_[id / queues_per_page];
    queue_page* page = place.load(memory_order_relaxed);
    if (page != nullptr) return page;
    page = create<queue_page>();
    place.store(page, memory_order_release);  // sync registry.4: release; pairs with registry.3; publishes the page
    return page;
}

bool registry::add_queue(cmwq_queue& queue) noexcept {
    locked hold{lock_};
    for (queue_id id = lowest_free_queue_; id <= work_word::max_queue; ++id) {
        queue_page* page = page_for(id);
        if (page == nullptr) return false;
        atomic<cmwq_queue*>& place = page->queues[id % queues_per_page];
        if (place.load(memory_order_relaxed) != nullptr) continue;
        queue.id = id;
        // sync registry.6: release; pairs with registry.5; publishes the queue
        place.store(&queue, memory_order_release);
        lowest_free_queue_ = id + 1;
        highest_queue_ = std::max(highest_queue_, id);
        return true;
    }
    return false;
}

void registry::wait_until_unpinned(cmwq_queue& queue) noexcept {
    platform::parker last_unpinned;
    {
        locked hold{lock_};
        queue.leaving = true;
        if (queue.nr_pins == 0) return;
        queue.last_unpinned = &last_unpinned;
    }
    last_unpinned.park();
}

void registry::remove_queue(cmwq_queue& queue) noexcept {
    // First: a new queue with this id, while somebody still works on the lists of this one for the id's sake, would
    // have its items taken under the wrong lists.
    wait_until_unpinned(queue);
    locked hold{lock_};
    page_for(queue.id)->queues[queue.id % queues_per_page].store(nullptr, memory_order_relaxed);
    if (queue.id < lowest_free_queue_) lowest_free_queue_ = queue.id;
}

cmwq_queue* registry::pin_queue(queue_id id) noexcept {
    locked hold{lock_};
    cmwq_queue* queue = queue_of(id);
    if (queue == nullptr || queue->leaving) return nullptr;
    ++queue->nr_pins;
    return queue;
}

void registry::unpin_queue(cmwq_queue& queue) noexcept {
    locked hold{lock_};
    if (--queue.nr_pins == 0 && queue.last_unpinned != nullptr) queue.last_unpinned->unpark();
}

void registry::add_runtime() noexcept {
    locked hold{lock_};
    if (nr_runtimes_++ == 0) online_cpus::instance().begin();
}

void registry::remove_runtime() noexcept {
    locked hold{lock_};
    if (--nr_runtimes_ != 0) return;
    timers::instance().end();  // idle: nothing is armed without a queue
    online_cpus::instance().end();
    free_everything();
}

void registry::free_everything() noexcept {
    block_cache::instance().clear();
    for (worker_id id = 1; id < next_worker_; ++id) {
        destroy(worker_slots_[id].load(memory_order_relaxed));
        worker_slots_[id].store(nullptr, memory_order_relaxed);
    }
    next_worker_ = 1;
    free_workers_ = nullptr;
    for (queue_id first = 0; first <= highest_queue_; first += queues_per_page) {
        atomic<queue_page*>& page = queue_pages_[first / queues_per_page];
        queue_page* former = page.load(memory_order_relaxed);
        if (former == nullptr) continue;
        destroy(former);
        page.store(nullptr, memory_order_relaxed);
    }
    lowest_free_queue_ = first_queue_here.load(memory_order_relaxed);
}

void registry::renew_after_fork(worker* forker) noexcept {
    for (queue_id id = first_queue_here.load(memory_order_relaxed); id <= highest_queue_; ++id) {
        queue_page* page = queue_pages_[id / queues_per_page].load(memory_order_relaxed);
        if (page != nullptr) page->queues[id % queues_per_page].store(nullptr, memory_order_relaxed);
    }
    lowest_free_queue_ = highest_queue_ + 1;
    first_queue_here.store(lowest_free_queue_, memory_order_relaxed);
    free_workers_ = nullptr;
    // A guest goes back to the function that it is called from; that one has nobody to go back to.
    const worker* guest = forker != nullptr && forker->is_guest ? forker : nullptr;
    if (guest != nullptr) forker = guest->outer;
    for (worker_id id = next_worker_; --id != 0;) {  // downwards, so that the lowest is given out first
        worker& slot = slot_of(id);
        new (&slot) worker;
        slot.id = id;
        if (&slot == forker) {
            slot.attention.store(attention::forked, memory_order_relaxed);
            continue;
        }
        if (&slot == guest) continue;
        slot.next_in_pool = free_workers_;
        free_workers_ = &slot;
    }
    new (&collide_lock) mutex;
    new (&lock_) mutex;
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
