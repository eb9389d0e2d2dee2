// SPDX-License-Identifier: Apache-2.0
#include "engine/rescuer.hpp"

#include "engine/collision.hpp"
#include "engine/concurrency.hpp"
#include "engine/execute.hpp"
#include "engine/memory.hpp"
#include "engine/pinning.hpp"
#include "engine/recorder.hpp"
#include "engine/registry.hpp"
#include "engine/runtime_state.hpp"
#include "engine/thread_name.hpp"
#include "engine/turn.hpp"
#include "engine/worker_hooks.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

/// An item of the queue, or a token that carries its items.
bool belongs_to(work_base& item, const cmwq_queue& wq) noexcept {
    if (!is_token(item)) return queue_of_word(word_of(item)) == wq.id;
    const pool_workqueue* seat = static_cast<token&>(item).seat;
    const pool_workqueue* first = wq.first_seat();
    return first != nullptr && seat >= first && seat < first + wq.nr_seats;
}

work_base* find_item_of(item_list& items, const cmwq_queue& wq) noexcept {
    work_base* item = items.front();
    while (item != nullptr && !belongs_to(*item, wq)) item = item_list::next(*item);
    return item;
}

/// Takes the queue's oldest item out of the pool's list, as a worker's pop would.
bool take_item(rescuer& self, worker_pool& pool, picked_item& picked) noexcept CMWQ_NO_THREAD_SAFETY_ANALYSIS {
    pool.list.lock(&self.self->entry);
    item_list& items = pool.list.take_inbox();
    work_base* item = find_item_of(items, *self.queue);
    if (item != nullptr) {
        items.unlink(*item);
        pool.list.publish_size();
        pick_any(*self.self, picked, *item);
    }
    pool.list.unlock();
    return item != nullptr;
}

void rescue_pool(rescuer& self, worker_pool& pool) noexcept {
    self.self->pool = &pool;
    picked_item picked;
    while (pool.list.has_work() && take_item(self, pool, picked)) {
        pool.scope->runtime->counters.items_rescued.fetch_add(1, memory_order_relaxed);
        if (is_token(*picked.item)) {
            run_token(*self.self, static_cast<token&>(*picked.item));
        } else {
            (void)execute_item(*self.self, picked, nullptr);
        }
        look_up_between_items(*self.self);
    }
    send_on_collided_items(*self.self);  // no release follows the last item's end: this is the look with a fence
}

void rescuer_main(void* raw) noexcept {
    auto& self = *static_cast<rescuer*>(raw);
    const pool_scope& scope = *self.queue->scope;
    const worker_hooks hooks{*scope.runtime};
    platform::set_thread_slot(self.self);
    const int thread_id = platform::current_thread_id();
    self.self->thread_id.store(thread_id, memory_order_relaxed);
    while (!self.ending.load(memory_order_relaxed)) {
        self.parker.park();
        for (int cpu = 0; cpu < scope.nr_pools; ++cpu) {
            if (!scope.pools[cpu].list.has_work()) continue;
            platform::pin_thread(thread_id, cpu_to_pin_to(cpu));  // an item there may have to run there
            rescue_pool(self, scope.pools[cpu]);
        }
        platform::pin_thread(thread_id, -1);
    }
}

void free_rescuer(rescuer* gone) noexcept {
    registry::instance().release_worker(*gone->self);
    destroy(gone);
}

}  // namespace

bool create_rescuer(cmwq_queue& wq) noexcept {
    auto* made = create<rescuer>();
    if (made == nullptr) return false;
    made->queue = &wq;
    made->self = registry::instance().acquire_worker();
    if (made->self == nullptr) {
        destroy(made);
        return false;
    }
    made->self->is_rescuer = true;
    made->self->pool = &wq.scope->pools[0];
    const thread_name name{*wq.runtime, "R-%.8s", wq.name};
    const std::size_t stack = wq.runtime->options.worker_stack_size;
    if (!made->thread.start({.name = name.text, .nice = -20, .stack_size = stack}, rescuer_main, made)) {
        free_rescuer(made);
        return false;
    }
    wq.saviour = made;
    return true;
}

void end_rescuer(cmwq_queue& wq) noexcept {
    if (wq.saviour == nullptr) return;
    // Relaxed: its thread does nothing more when it sees this, and is joined; if it sleeps, the token brings it.
    wq.saviour->ending.store(true, memory_order_relaxed);
    wq.saviour->parker.unpark();
    wq.saviour->thread.join();
    free_rescuer(wq.saviour);
    wq.saviour = nullptr;
}

void summon_rescuer(cmwq_queue& wq) noexcept {
    if (wq.saviour != nullptr) wq.saviour->parker.unpark();
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
