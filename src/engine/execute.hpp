// SPDX-License-Identifier: Apache-2.0
//
// Stop 5: one item, in three steps: claim the run, invoke the function, retire.
//
//   enters   an item that the worker just popped, its word still pending
//   leaves   the same item, idle, and whoever waited for it told
//   locks    none while the function runs; collide_lock only if the item runs elsewhere right now
#pragma once

#include "engine/pool_workqueue.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

/// To be called while the list is still held: from here on a flusher finds the item in the worker's slot.
inline void pick_item(worker& me, picked_item& picked, work_base& item) noexcept {
    picked.item = &item;
    picked.word = word_of(item);
    picked.waiting = home::marks_of(item);
    access::prev_and_home(item) = 0;
    me.current_queue.store(queue_of_word(picked.word), memory_order_relaxed);
    me.item_number.store(me.item_number.load(memory_order_relaxed) + 1, memory_order_relaxed);
    // sync collision.2: release; pairs with collision.1, flush.3, flush.4, limit.3, note.3; publishes queue and number,
    // which belong to this item
    me.current.store(&item, memory_order_release);
}

/// The same for what may be a token.
inline void pick_any(worker& me, picked_item& picked, work_base& item) noexcept {
    if (!is_token(item)) [[likely]]
        return pick_item(me, picked, item);
    picked.item = &item;
    access::prev_and_home(item) = 0;
}

enum class executed {
    ran,
    item_left,   ///< another worker runs the item at this moment, and sends it on when that run is over
    token_left,  ///< likewise, but the token waits there too: its seat has the item in front again
};

/// Runs the item. `carrier`: the token that brought it, or null.
executed execute_item(worker& me, picked_item& picked, token* carrier) noexcept;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
