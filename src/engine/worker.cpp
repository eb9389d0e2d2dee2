// SPDX-License-Identifier: Apache-2.0
//
//   enters   a running token, with the wake or with the worker's creation
//   leaves   items executed; the token given back when there is nothing left, here or in any pool of the neighbourhood
//   locks    none
#include "engine/worker.hpp"

#include "engine/collision.hpp"
#include "engine/concurrency.hpp"
#include "engine/execute.hpp"
#include "engine/manager.hpp"
#include "engine/pinning.hpp"
#include "engine/priority.hpp"
#include "engine/recorder.hpp"
#include "engine/steal.hpp"
#include "engine/turn.hpp"
#include "engine/wake.hpp"
#include "engine/worker_hooks.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

/// Runs what the pool has. Ends when it is empty, or when another worker runs the pool's items by now.
void work_off(worker& me) noexcept {
    picked_item picked;
    const auto pick = [&](work_base& item) { pick_any(me, picked, item); };
    while (!is_surplus(me) && me.pool->list.pop(me.entry, pick)) {
        if (is_token(*picked.item)) {
            run_token(me, static_cast<token&>(*picked.item));
        } else {
            (void)execute_item(me, picked, nullptr);
        }
        if (me.pool->gives_way.load(memory_order_relaxed)) [[unlikely]]
            let_highpri_go_first(*me.pool);
    }
}

/// Gives the token back and looks once more, at its own pool and, if it was a thief, at all of those where it took: the
/// enqueuers left it to us.
void stop_running(worker& me) noexcept {
    me.last_steal = 0;
    me.pool->list.disown(me.entry);
    push_idle(me);
    const unsigned left = leave_counts(me);
    // Before the last look: what it sends on may land in this very pool, where nobody runs any more.
    send_on_collided_items(me);
    make_up_for(*me.pool, left | counted_in::running);
}

void run_with_token(worker& me) noexcept {
    worker_pool& pool = *me.pool;
    // sync canary.10: release; pairs with canary.9; the token that came with the wake; publishes the slot to a canary
    me.counted.store(life_of(me.counted.load(memory_order_relaxed)) | counted_in::running, memory_order_release);
    me.resumed = false;
    become_latest(me);
    keep_spare(pool);
    pool.list.adopt(me.entry, false);
    do {
        work_off(me);
        // What waited for the last item would wait for the end of the look around, too.
        if (me.attention.load(memory_order_relaxed) != 0) [[unlikely]]
            look_up_between_items(me);
    } while (steal(me));
    stop_running(me);
}

/// A spare goes idle first, and looks once: a waker that found nobody meanwhile gave its token back.
void start_idle(worker& me) noexcept {
    push_idle(me);
    me.pool->nr_starting.store(0, memory_order_relaxed);
    kick(*me.pool);
}

}  // namespace

[[gnu::hot]] void worker_main(void* self) noexcept {
    worker& me = *static_cast<worker*>(self);
    const worker_hooks hooks{*me.pool->scope->runtime};  // before the slot is known: to a hook this is any thread
    platform::set_thread_slot(&me);
    announce_thread(me);
    take_note_of_priority(me);
    if (me.starts_idle) {
        start_idle(me);
        if (!wait_for_token(me)) return;
    }
    do {
        run_with_token(me);
    } while (wait_for_token(me));
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
