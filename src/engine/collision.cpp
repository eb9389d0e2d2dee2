// SPDX-License-Identifier: Apache-2.0
#include "engine/collision.hpp"

#include "engine/enqueue.hpp"
#include "engine/note.hpp"
#include "engine/queue_state.hpp"
#include "engine/registry.hpp"

#include <utility>

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

bool runs(const worker& other, const work_base* item) noexcept {
    // sync collision.1: seq_cst load; pairs with collision.2, collision.3, collision.6; "other" means the function has
    // returned, and its effects happen before the run that comes now. Read after `attention` is set: either we see the
    // item gone, or that worker sees the bit at its next look, which follows a full fence (work-word.2 or idle.1).
    return other.current.load(memory_order_seq_cst) == item;
}

/// Under collide_lock and, with a carrier, under its seat's worklist. False: the other worker was done first.
bool leave_with(worker& other, worker& me, picked_item& picked,
                token* carrier) noexcept CMWQ_NO_THREAD_SAFETY_ANALYSIS {
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
    me.owes_place = (waiting & limit_mark) != 0;
    home::add_marks(*picked.item, waiting & ~limit_mark);
    if (carrier != nullptr) {
        carrier->seat->items.take_inbox().push_front(*picked.item);
        carrier->seat->items.publish_size();
    }
    me.current.store(nullptr,
                     memory_order_release);  // sync collision.6: release; pairs with collision.1; not ours any more
    return true;
}

/// A worker sends an item on to another runtime than its own. The item may run, its flush return and that runtime end,
/// before the worker has woken whom it has to wake there; so the end waits for it (wait_for_senders).
class sender {
public:
    sender() noexcept = default;
    sender(const sender&) = delete;
    sender& operator=(const sender&) = delete;
    ~sender() {
        // sync collision.7: release read-modify-write; pairs with collision.8; the pools are freed after our last touch
        if (to_ != nullptr) to_->nr_senders.fetch_sub(1, memory_order_release);
    }

    /// Before the push.
    void send_to(runtime_state& to) noexcept {
        to_ = &to;
        to.nr_senders.fetch_add(1, memory_order_relaxed);
    }

private:
    runtime_state* to_ = nullptr;
};

/// Whom to wake once collide_lock is released.
struct sent_on {
    worker_pool* pool = nullptr;
    pool_workqueue* seat = nullptr;
    unsigned unseen = 0;
    place wanted = no_place;
};

/// To a pool: to any, or with a place to that one.
sent_on push_to_pool(pool_scope& scope, work_base& left, place where) noexcept {
    if (where == no_place) {
        worker_pool& pool = scope.pool_here();
        return {&pool, nullptr, pool.list.push(left)};
    }
    worker_pool& pool = scope.pools[cpu_of(where)];
    push_to_place(pool, left);
    return {&pool, nullptr, 0, where};
}

sent_on push_token(token& left) noexcept {
    pool_workqueue& seat = *left.seat;
    pool_workqueue* const parent = seat.parent;
    if (parent != nullptr) return wait_in_parent(seat, left, no_place) ? sent_on{nullptr, parent} : sent_on{};
    const place start = start_of_token(seat, no_place);
    if (start != no_place) home::set_place(left, start);
    return push_to_pool(*seat.scope, left, start);
}

/// To the inbox that the item would go to if it were enqueued now: an inbox, not a list, because a flusher takes list
/// locks before collide_lock.
sent_on push_to_inbox(work_base& left) noexcept {
    if (is_token(left)) return push_token(static_cast<token&>(left));
    const place wanted = home::place_of(left);
    cmwq_queue& wq = *registry::instance().queue_of(queue_of_word(word_of(left)));
    if (pool_workqueue* seats = wq.first_seat()) {
        pool_workqueue& seat = wanted != no_place ? wq.seat_on(seats, cpu_of(wanted)) : wq.seat_here(seats);
        return {nullptr, &seat, seat.items.push(left), wanted};
    }
    return push_to_pool(*wq.scope, left, wanted);
}

runtime_state& runtime_of(const work_base& left) noexcept {
    if (is_token(left)) return *static_cast<const token&>(left).seat->scope->runtime;
    return *registry::instance().queue_of(queue_of_word(word_of(const_cast<work_base&>(left))))->runtime;
}

/// Moves one item from the worker's collided items to an inbox: under collide_lock all the way, so that a flusher that
/// holds it finds the item here or there.
sent_on send_on_one(worker& me, sender& sending) noexcept {
    locked hold{registry::instance().collide_lock};
    work_base* left = me.collided_items.pop_front();
    if (left == nullptr) return {};
    runtime_state& to = runtime_of(*left);
    if (&to != me.pool->scope->runtime) sending.send_to(to);
    return push_to_inbox(*left);
}

std::size_t nr_collided(worker& me) noexcept {
    locked hold{registry::instance().collide_lock};
    return me.collided_items.size();
}

token* find_token_of(const pool_workqueue& seat, const item_list& items) noexcept {
    for (work_base* left = items.front(); left != nullptr; left = item_list::next(*left)) {
        if (is_token(*left) && static_cast<token*>(left)->seat == &seat) return static_cast<token*>(left);
    }
    return nullptr;
}

}  // namespace

executed hand_over_if_running(worker& me, picked_item& picked, worker_id last,
                              token* carrier) noexcept CMWQ_NO_THREAD_SAFETY_ANALYSIS {
    worker* other = registry::instance().worker_of(last);
    if (other == nullptr || !runs(*other, picked.item)) return executed::ran;
    // Only an order has to be kept by the token: with several, each could end up waiting for the same item while others
    // of its queue, which that one may be waiting for, never start.
    token* waits_too = carrier != nullptr && carrier->seat->in_order ? carrier : nullptr;
    if (waits_too != nullptr) carrier->seat->items.lock(&me.entry);
    bool left = false;
    {
        locked hold{registry::instance().collide_lock};
        left = leave_with(*other, me, picked, waits_too);
    }
    if (waits_too != nullptr) carrier->seat->items.unlock();
    if (!left) return executed::ran;
    if (std::exchange(me.owes_place, false)) give_back_place(*me.noted_seat);
    return waits_too != nullptr ? executed::token_left : executed::item_left;
}

void send_on_collided_items(worker& me) noexcept {
    // sync collision.5: release read-modify-write; pairs with collision.4; clears the bit before the list is taken. If
    // it comes before the bit, whoever sets that reads from this, and sees that `current` was left
    const unsigned before = me.attention.fetch_and(~attention::collided, memory_order_release);
    if ((before & attention::collided) == 0) return;
    // Only as many as are here now: those that come while we send wait for the item that we are about to run, and
    // sending them would go round and round with the worker that leaves them.
    for (std::size_t left = nr_collided(me); left != 0; --left) {
        sender sending;
        const sent_on sent = send_on_one(me, sending);
        if (sent.seat != nullptr) send_token(*sent.seat, sent.wanted);
        if (sent.pool == nullptr) continue;
        if (sent.wanted != no_place) {
            wake_after_push_to_place(*sent.pool);
        } else {
            wake_after_push(*sent.pool, sent.unseen);
        }
    }
}

void wait_for_senders(const runtime_state& runtime) noexcept {
    platform::parker pause;
    // sync collision.8: acquire; pairs with collision.7. Not too early: whoever waits has seen the item run, or taken
    // it back, and so the count that was raised before the item was pushed.
    while (runtime.nr_senders.load(memory_order_acquire) != 0) {
        (void)pause.park_until(platform::now() + std::chrono::microseconds{50});
    }
}

token* take_left_token(const pool_workqueue& seat,
                       const work_base* because_of) noexcept CMWQ_NO_THREAD_SAFETY_ANALYSIS {
    token* taken = nullptr;
    registry::instance().for_each_worker([&](worker& other) CMWQ_NO_THREAD_SAFETY_ANALYSIS {
        if (taken != nullptr || (because_of != nullptr && !runs(other, because_of))) return;
        taken = find_token_of(seat, other.collided_items);
        if (taken != nullptr) other.collided_items.unlink(*taken);
    });
    return taken;
}

void send_on_token(token& carrier) noexcept {
    pool_workqueue& seat = *carrier.seat;
    pool_workqueue* const parent = seat.parent;
    if (parent != nullptr) {
        if (wait_in_parent(seat, carrier, no_place)) send_token(*parent, no_place);
    } else if (!retire_token(seat, carrier)) {
        send_to_pools(seat, carrier, no_place);
    }
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
