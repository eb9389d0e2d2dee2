// SPDX-License-Identifier: Apache-2.0
#include "engine/guest.hpp"

#include "engine/collision.hpp"
#include "engine/execute.hpp"
#include "engine/recorder.hpp"
#include "engine/registry.hpp"
#include "engine/wake.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

/// That of the worker that the thread is otherwise, so that what the function enqueues goes where it would.
worker_pool& pool_for(const worker* outer, pool_scope& scope) noexcept {
    return outer != nullptr && outer->pool->scope == &scope ? *outer->pool : scope.pool_here();
}

}  // namespace

worker* become_guest(cmwq_queue& wq) noexcept {
    worker* outer = this_worker_slot();
    if (outer != nullptr && outer->is_guest) return nullptr;
    worker* guest = registry::instance().acquire_worker();
    if (guest == nullptr) return nullptr;
    guest->is_guest = true;
    guest->outer = outer;
    guest->pool = &pool_for(outer, *wq.scope);
    guest->counted_pool.store(guest->pool, memory_order_relaxed);
    guest->thread_id.store(platform::current_thread_id(), memory_order_relaxed);
    return guest;
}

void leave_unused(worker& guest) noexcept {
    registry::instance().release_worker(guest);
}

void run_as_guest(worker& guest, work_base& item) noexcept {
    worker* outer = guest.outer;
    worker_pool& pool = *guest.pool;
    picked_item picked;
    platform::set_thread_slot(&guest);
    pick_unlinked(guest, picked, item);
    (void)execute_item(guest, picked, nullptr);
    // In the child of a fork: there the thread is nobody's, and nothing of the parent's is to be put in order.
    if (platform::thread_slot() != &guest) return;
    look_up_between_items(guest);
    send_on_collided_items(guest);  // no release follows, and no stop_running: this is the look with a fence
    platform::set_thread_slot(outer);
    pool.list.disown(guest.entry);
    // What the function enqueued to this pool was left to its workers, and none may be running.
    kick(pool);
    registry::instance().release_worker(guest);
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
