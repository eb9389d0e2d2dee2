// SPDX-License-Identifier: Apache-2.0
//
// Non-reentrancy: an item that is pending while it runs must not start on a second worker. Whoever popped it finds the
// id of the worker that ran it last in its word; if that one still runs it, the item is left with him.
// Protocol page: docs/design/non-reentrancy.md.
#pragma once

#include "engine/pool_workqueue.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

enum class executed {
    ran,
    item_left,   ///< another worker runs the item at this moment, and sends it on when that run is over
    token_left,  ///< likewise, but the token waits there too: its seat has the item in front again
};

/// If worker `last` runs the item now: leaves the item with that worker. Of an ordered queue, leaves the token, with
/// the item in front of its seat again: the items behind it must wait. Otherwise executed::ran: nothing happened, and
/// the caller goes on to run it.
[[nodiscard]] executed hand_over_if_running(worker& me, picked_item& picked, worker_id last, token* carrier) noexcept;

/// Sends on what others left with this worker, now that it no longer runs it.
void send_on_collided_items(worker& me) noexcept;

/// Before the end of that runtime: until no worker of another one is in the middle of sending an item on to it.
void wait_for_senders(const runtime_state& runtime) noexcept;

/// Takes the token of an ordered queue's seat off the worker that it was left with; null: it is with none.
/// `because_of`: only if it waits for that item's end; null: for anybody's. Under collide_lock.
[[nodiscard]] token* take_left_token(const pool_workqueue& seat, const work_base* because_of) noexcept;
/// It goes on, or retires. Under no lock; the queue may be gone when this returns.
void send_on_token(token& carrier) noexcept;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
