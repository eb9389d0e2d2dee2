// SPDX-License-Identifier: Apache-2.0
#include "engine/collision.hpp"

#include "engine/item_flush.hpp"
#include "engine/note.hpp"
#include "engine/queue_state.hpp"
#include "engine/registry.hpp"
#include "engine/wake.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

bool runs(const worker& other, const work_base* item) noexcept {
    // sync collision.1: seq_cst load; pairs with collision.2, collision.3; "other" means the function has returned, and
    // its effects happen before the run that comes now. Read after `attention` is set: either we see the item gone, or
    // that worker sees the bit at its next look, which follows a full fence (work-word.2 or idle.1).
    return other.current.load(memory_order_seq_cst) == item;
}

/// Under collide_lock and, with a carrier, under its seat's worklist. False: the other worker was done first.
bool leave_with(worker& other, worker& me, picked_item& picked, token* carrier) noexcept {
    work_base& left = carrier != nullptr ? static_cast<work_base&>(*carrier) : *picked.item;
    other.collided_items.push_back(left);
    // sync collision.4: seq_cst read-modify-write; pairs with collision.5; the store half of that race
    other.attention.fetch_or(attention::collided, memory_order_seq_cst);
    if (!runs(other, picked.item)) {
        other.collided_items.unlink(left);
        return false;
    }
    // A flush that found the item in our slot left its note there: it goes with the item.
    const marks waiting = picked.waiting | take_note(me);
    if ((waiting & item_mark) != 0) item_flushes::instance().back_to_pending(me);
    home::add_marks(*picked.item, waiting);
    if (carrier != nullptr) {
        carrier->seat->items.take_inbox().push_front(*picked.item);
        carrier->seat->items.publish_size();
    }
    me.current.store(nullptr,
                     memory_order_release);  // sync collision.6: release; pairs with collision.1; not ours any more
    return true;
}

pool_scope& scope_of(work_base& left) noexcept {
    if (is_token(left)) return *static_cast<token&>(left).seat->scope;
    return *registry::instance().queue_of(queue_of_word(word_of(left)))->scope;
}

/// Moves one item from the worker's collided items to an inbox: under collide_lock all the way, so that a flusher that
/// holds it finds the item here or there. The inbox, not the list: a flusher takes list locks before this one.
worker_pool* send_on_one(worker& me, unsigned& unseen) noexcept {
    locked hold{registry::instance().collide_lock};
    work_base* left = me.collided_items.pop_front();
    if (left == nullptr) return nullptr;
    worker_pool& pool = scope_of(*left).pool_here();
    unseen = pool.list.push(*left);
    return &pool;
}

std::size_t nr_collided(worker& me) noexcept {
    locked hold{registry::instance().collide_lock};
    return me.collided_items.size();
}

}  // namespace

bool hand_over_if_running(worker& me, picked_item& picked, worker_id last, token* carrier) noexcept {
    worker* other = registry::instance().worker_of(last);
    if (other == nullptr || !runs(*other, picked.item)) return false;
    if (carrier != nullptr) carrier->seat->items.lock();
    bool left = false;
    {
        locked hold{registry::instance().collide_lock};
        left = leave_with(*other, me, picked, carrier);
    }
    if (carrier != nullptr) carrier->seat->items.unlock();
    return left;
}

void send_on_collided_items(worker& me) noexcept {
    // sync collision.5: seq_cst read-modify-write; pairs with collision.4; clears the bit before the list is taken
    const unsigned before = me.attention.fetch_and(~attention::collided, memory_order_seq_cst);
    if ((before & attention::collided) == 0) return;
    // Only as many as are here now: those that come while we send wait for the item that we are about to run, and sending
    // them would go round and round with the worker that leaves them.
    unsigned unseen = 0;
    for (std::size_t left = nr_collided(me); left != 0; --left) {
        if (worker_pool* pool = send_on_one(me, unseen)) wake_after_push(*pool, unseen);
    }
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
