// SPDX-License-Identifier: Apache-2.0
//
// Stop 6: who counts as running. A pool's nr_running is the number of its workers with `counted` set; each worker
// leaves and joins it through that one word, whoever takes it out, so it is counted once however many observers there
// are. Protocol page: docs/design/concurrency.md.
//
//   enters   a worker that blocks inside the library, or that an observer found blocked or hogging its CPU
//   leaves   the pool with one running worker less, and another one woken if there is work
//   locks    none
#pragma once

#include "engine/worker_pool.hpp"

#include <optional>

namespace cmwq {
inline namespace v1 {
namespace engine {

/// Takes `other`, in the life in which it is one of `pool`, out of the pool's running count and the looking count that
/// it is in, unless it is out already. Returns what it was counted in (counted_in). The caller then calls make_up_for.
/// Any thread.
[[nodiscard]] unsigned leave_counts(worker_pool& pool, worker& other, unsigned life) noexcept;
/// The same, of the calling worker.
[[nodiscard]] unsigned leave_counts(worker& me) noexcept;

/// After a worker of `pool` left the counts `left`: enqueuers may have relied on it, so work is looked for once more,
/// and somebody woken for it.
void make_up_for(worker_pool& pool, unsigned left) noexcept;

/// The worker itself: back into the running count, unless it is in.
void join_running_count(worker& me) noexcept;

/// The worker itself: it takes items from the pools of that neighbourhood from now on, until it leaves the counts or
/// comes home.
[[nodiscard]] neighbourhood& start_looking(worker& me) noexcept;

/// The worker itself, which looked in `there` and found nothing more. True: it was not its own neighbourhood; there it
/// is to look now.
[[nodiscard]] bool come_home(worker& me, neighbourhood& there) noexcept;

/// Where a worker looks that was counted in this.
neighbourhood& looked_at(const worker_pool& pool, unsigned counted) noexcept;

/// What an observer saw: a worker of its pool, in which life of the slot, in which item.
struct sighting {
    worker* other;
    unsigned life;
    std::uint64_t number;
};

/// Does that slot's thread count as running in `pool`? Slots are seen here without a lock: by now it may be another
/// pool's. Any thread.
[[nodiscard]] bool counts_in(const worker_pool& pool, const worker& other) noexcept;

/// What an observer sees of a worker that counts in `pool` and is inside an item; nothing if it does not, or is not.
[[nodiscard]] std::optional<sighting> sight_in_item(const worker_pool& pool, worker& other) noexcept;

/// Is its thread blocked, by its own word or by the kernel's? Some 2 us. Any thread.
[[nodiscard]] bool is_blocked(const worker& other) noexcept;

/// The worker of the pool that last began to run its items, or went on after a block; null: none yet. Any thread.
[[nodiscard]] inline worker* latest_worker(const worker_pool& pool) noexcept {
    // sync canary.6: acquire; pairs with canary.7; sees the worker's slot as it was when it got the token
    return pool.latest.load(memory_order_acquire);
}
/// The worker itself: that is it from now on.
inline void become_latest(worker& me) noexcept {
    // sync canary.7: release; pairs with canary.6, canary.8; publishes the slot to the canary and the watchdog
    me.pool->latest.store(&me, memory_order_release);
}

/// An observer's verdict: that worker of `pool` blocks in that item, or hogs the CPU. Takes it out of the counts; 0: it
/// went on, or somebody else was first. Late verdicts are harmless: a worker taken out wrongly is one running worker
/// too many until the end of its item, where it joins again.
[[nodiscard]] unsigned take_out_of_counts(worker_pool& pool, const sighting& seen) noexcept;

/// The same, and another worker woken or made. Not for the canary, which makes no threads. True: it was taken out.
bool declare_not_running(worker_pool& pool, const sighting& seen) noexcept;

/// After an item: answers whatever `attention` asks for. Returns the marks of a note.
[[nodiscard]] marks look_up_after_item(worker& me) noexcept;

/// Did the worker come back into a pool that has another running one by now? Then it retires after its item, unless
/// that one is blocked and nobody has found out: then it takes over. Asked once per return.
[[nodiscard]] bool is_surplus_since_it_came_back(worker& me) noexcept;
[[nodiscard]] inline bool is_surplus(worker& me) noexcept {
    return me.resumed && is_surplus_since_it_came_back(me);
}

/// For waits of the library's own: while this exists, the calling worker (if it is one) is not running, and another one
/// may run in its place.
class blocked_inside_library {
public:
    blocked_inside_library() noexcept;
    ~blocked_inside_library();
    blocked_inside_library(const blocked_inside_library&) = delete;
    blocked_inside_library& operator=(const blocked_inside_library&) = delete;

private:
    worker* me_;
};

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
