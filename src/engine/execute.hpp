// SPDX-License-Identifier: Apache-2.0
//
// Stop 5: one item, in three steps: claim the run, invoke the function, retire.
//
//   enters   an item that the worker just popped, its word still pending
//   leaves   the same item, idle, and whoever waited for it told
//   locks    none while the function runs; collide_lock only if the item runs elsewhere right now
//
// Inline, because every item comes this way: called as a function, the loop of a worker pays some 30 instructions more
// for each (docs/design/hot-path.md).
#pragma once

#include "engine/bound.hpp"
#include "engine/collision.hpp"
#include "engine/completion.hpp"
#include "engine/concurrency.hpp"
#include "engine/invoke.hpp"
#include "engine/item_flush.hpp"
#include "engine/recorder.hpp"
#include "engine/registry.hpp"
#include "engine/runtime_state.hpp"
#include "engine/trace.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

/// Of a claimed item that is in no list, and has no links to be cleared: who holds it may be reading them. From here on
/// a flusher finds it in the worker's slot.
inline void pick_unlinked(worker& me, picked_item& picked, work_base& item) noexcept {
    picked.item = &item;
    picked.word = word_of(item);
    me.current_queue.store(queue_of_word(picked.word), memory_order_relaxed);
    me.item_number.store(me.item_number.load(memory_order_relaxed) + 1, memory_order_relaxed);
    // sync collision.2: release; pairs with collision.1, flush.3, flush.4, limit.3, note.3; publishes queue and number,
    // which belong to this item
    me.current.store(&item, memory_order_release);
}

/// Of a popped item, while its list is still held.
inline void pick_item(worker& me, picked_item& picked, work_base& item) noexcept {
    picked.waiting = home::marks_of(item);
    access::prev_and_home(item) = 0;
    pick_unlinked(me, picked, item);
}

/// The same for what may be a token.
inline void pick_any(worker& me, picked_item& picked, work_base& item) noexcept {
    if (!is_token(item)) [[likely]]
        return pick_item(me, picked, item);
    picked.item = &item;
    access::prev_and_home(item) = 0;
}

/// Step 1. From the transition on, the item may be enqueued again, by anybody, the function included.
inline executed claim(worker& me, picked_item& picked, token* carrier) noexcept {
    do {
        const worker_id last = last_worker_of_word(picked.word);
        if (last != 0 && last != me.id) {
            const executed left = hand_over_if_running(me, picked, last, carrier);
            if (left != executed::ran) return left;
        }
        if ((picked.word & work_word::held) != 0) [[unlikely]]
            platform::yield();  // a flusher looks where it is: some hundred instructions
        // Not before: an item that is handed over stays pending, and so do its tickets.
        if ((picked.waiting & item_mark) != 0) [[unlikely]]
            item_flushes::instance().instance_starts(me, *picked.item);
    } while (!transition_to_running(*picked.item, picked.word, me.id));
    platform::fence_after_rmw();
    return executed::ran;
}

/// Step 2. From here on `item` is a name only.
inline void run_or_hand_over(const work_class& kind, work_base& item, cmwq_queue& queue) noexcept {
    // sync queue.6: acquire; pairs with queue.7; sees the receiver
    if (const detail::item_receiver* instead = queue.ending.load(memory_order_acquire)) [[unlikely]] {
        record_no_run();
        instead->function(&item, kind, instead->context);
        queue.runtime->counters.items_dropped.fetch_add(1, memory_order_relaxed);
        return;
    }
    trace_execute_start(&item, &queue);
    invoke(kind, item, queue);
    trace_execute_end(&item, &queue);
}

/// Step 3. The item may be gone: only registers and the worker's own slot are touched.
inline void retire(worker& me, picked_item& picked) noexcept {
    // sync collision.3: release; pairs with collision.1, note.2; the function's effects happen before whoever sees that
    // the worker no longer runs the item
    me.current.store(nullptr, memory_order_release);
    // sync note.6: fence_light; pairs with note.2; between the store of `current` and the load of `attention`
    platform::fence_light();
    if ((me.attention.load(memory_order_relaxed) & ~attention::recorded) != 0) [[unlikely]]
        picked.waiting |= look_up_after_item(me);
    if (picked.waiting != 0) [[unlikely]]
        complete(picked.waiting, *me.queue, *picked.item);
}

/// Runs the item. `carrier`: the token that brought it, or null.
[[gnu::always_inline]] inline executed execute_item(worker& me, picked_item& picked, token* carrier) noexcept {
    if (const executed left = claim(me, picked, carrier); left != executed::ran) return left;
    // Looked up each time: an id can be another queue's by now, so a remembered pointer could be stale.
    cmwq_queue* queue = me.queue = registry::instance().queue_of(queue_of_word(picked.word));
    const work_class& kind = access::kind(*picked.item);
    // Items that waited for the previous one to end: its `current` was left before the fence in claim.
    if (me.attention.load(memory_order_relaxed) != 0) [[unlikely]]
        look_up_before_item(me, *picked.item, kind, *queue);
    if (queue->bound != nullptr) [[unlikely]]
        give_back_room(*queue->bound);
    me.current_kind.store(&kind, memory_order_relaxed);
    run_or_hand_over(kind, *picked.item, *queue);
    retire(me, picked);
    return executed::ran;
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
