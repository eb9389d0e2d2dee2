// SPDX-License-Identifier: Apache-2.0
#include "engine/completion.hpp"

#include "engine/item_flush.hpp"
#include "engine/pool_workqueue.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

void flush_instance_done(cmwq_queue& queue) noexcept {
    // Read first: once the count is at zero the leader may return, and the queue may be destroyed.
    platform::parker* leader = queue.flush_leader;
    // sync flush.1: acquire-release read-modify-write; pairs with flush.2; the effects of every waited-for item happen
    // before the flusher's return
    if (queue.flush_remaining.fetch_sub(1, memory_order_acq_rel) == 1) leader->unpark();
}

void complete(marks waiting, cmwq_queue& queue, const work_base&) noexcept {
    if ((waiting & item_mark) != 0) {
        const worker& me = *this_worker_slot();
        item_flushes::instance().instance_done(me, me.item_number.load(memory_order_relaxed));
    }
    // Its place first: once the flush is over the queue may go.
    if ((waiting & limit_mark) != 0) give_back_place(*this_worker_slot()->noted_seat);
    if ((waiting & queue_mark) != 0) flush_instance_done(queue);
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
