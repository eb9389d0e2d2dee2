// SPDX-License-Identifier: Apache-2.0
//
// Stop 4: a worker, the thread that runs items of one pool, and its slot, through which others see what it does and
// leave it notes. Slots are never unmapped while any runtime lives, so the "last worker" of an item can always be
// looked up.
#pragma once

#include "engine/work_word.hpp"
#include "engine/worklist.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

struct worker_pool;
struct pool_workqueue;

/// An item between its pop and its end, as the worker knows it: after the item's function started this is all there is.
struct picked_item {
    work_base* item = nullptr;
    std::uint64_t word = 0;  ///< its state word as last seen
    marks waiting = 0;       ///< who waits for it
};

/// Why a worker is to look up after its item.
namespace attention {
inline constexpr unsigned collided = 1;   ///< items wait on `collided_items` for the one that it ran
inline constexpr unsigned noted = 2;      ///< a flush left a note about the item it runs
inline constexpr unsigned uncounted = 4;  ///< it was found blocked or hogging and left the pool's running count
inline constexpr unsigned recorded = 16;  ///< a trace is being recorded: stays until that ends
inline constexpr unsigned forked = 8;     ///< its item forked, and this is the child: there is nobody to go back to
}  // namespace attention

/// What a worker is counted in, in `counted`.
namespace counted_in {
inline constexpr unsigned running = 1;  ///< the pool's nr_running
inline constexpr unsigned looking = 2;  ///< the nr_looking of a neighbourhood; only together with running
/// Of which one: its index. In the same word, so that whoever takes the worker out takes it out there.
inline constexpr unsigned place_shift = 2;
inline constexpr unsigned places = (platform::topology::max_cpus - 1) << place_shift;
inline constexpr unsigned anything = running | looking | places;
/// Above the bits: which life of the slot they are about. An observer that was held up until the slot belonged to
/// another pool's worker must not take that one out of the wrong pool's count.
inline constexpr unsigned one_life = anything + 1;

constexpr unsigned looking_at(int neighbourhood) noexcept {
    return looking | static_cast<unsigned>(neighbourhood) << place_shift;
}
constexpr int neighbourhood_of(unsigned counted) noexcept {
    return static_cast<int>((counted & places) >> place_shift);
}
}  // namespace counted_in

/// The life that a value of `counted` is about.
inline unsigned life_of(unsigned counted) noexcept {
    return counted & ~counted_in::anything;
}

enum class idle_state : std::uint32_t {
    busy,   ///< awake, or about to be
    idle,   ///< on the pool's idle stack
    ended,  ///< on the stack, its thread gone: to be reaped by whoever pops it
};

struct alignas(cache_line) worker {
    // Written by the worker for each item.
    biased_entry entry;                               // A(bias)
    atomic<work_base*> current{nullptr};              // K A(collision): the item it is about to run or runs
    atomic<std::uint64_t> item_number{0};             // K: items begun, to tell two of them apart
    atomic<queue_id> current_queue{0};                // K: the queue of `current`
    atomic<const work_class*> current_kind{nullptr};  // K: what kind of item it runs or ran last, for reports
    cmwq_queue* queue = nullptr;                      // S: the same, looked up
    bool owes_place = false;                          // S: it counted against a limit with an item that it gave away
    bool resumed = false;                             // S: joined the running count again in this item: may be surplus
    unsigned steal_pause = 0;                         // S: pauses before the next look at other pools
    unsigned last_steal = 0;                          // S: items it took last time
    atomic<bool> in_blocking_region{false};           // K: the item said that it blocks
    int blocking_depth = 0;                           // S: nested regions

    // Written by others.
    alignas(cache_line) atomic<unsigned> attention{0};  // A(collision): bits above
    atomic<unsigned> counted{0};                        // A(count): what it is counted in (counted_in), and its life
    atomic<std::uint64_t> note{0};                      // A(note): item number * 8 + marks; 0 = none
    item_list collided_items;                           // C

    // Idle and life.
    alignas(cache_line) atomic<idle_state> idle{idle_state::busy};  // A(idle)
    atomic<worker_id> next_idle{0};                                 // A(idle)
    platform::parker parker;
    platform::thread thread;                     // I
    worker_pool* pool = nullptr;                 // I while its thread lives
    atomic<worker_pool*> counted_pool{nullptr};  // A(canary): the same, for a canary that finds a slot in the registry
    worker* next_in_pool = nullptr;              // P
    bool starts_idle = false;                    // I: born as a spare
    bool is_rescuer = false;                     // I
    bool is_guest = false;                       // I: no thread of its own: an enqueuer's, for one item (guest.hpp)
    worker* outer = nullptr;                     // I: of a guest: the worker that its thread is otherwise, or null
    atomic<bool> unpinned{false};      // T: its affinity is widened for the item it runs; written under workers_lock
    unsigned cpus_seen = 0;            // I: which CPUs it was born with (online_cpus::generation)
    worker_id id = 0;                  // I
    atomic<int> thread_id{0};          // K, once, at its start
    std::uint64_t described_item = 0;  // P: which item `description` is about
    char description[32] = {};         // P: written by the worker

    pool_workqueue* noted_seat = nullptr;  // C: whose place it gives back, with a note that has limit_mark
    std::uint64_t noted_number = 0;        // C: the flusher's: which item its note is about

    // What the watchdog saw at its last tick.
    std::uint64_t seen_item = 0;             // W
    std::int64_t seen_cpu_time = 0;          // W: nanoseconds, when it was first seen in that item
    std::chrono::nanoseconds seen_since{0};  // W: when it was first seen in that item
};

/// The worker that the calling thread is, or null.
inline worker* this_worker_slot() noexcept {
    return static_cast<worker*>(platform::thread_slot());
}

/// Is the calling thread inside a work function that `queue` runs? Guests are inside of two.
inline bool is_inside(const cmwq_queue& queue) noexcept {
    const worker* me = this_worker_slot();
    for (; me != nullptr; me = me->outer) {
        if (me->current.load(memory_order_relaxed) != nullptr && me->queue == &queue) return true;
    }
    return false;
}

/// Is it inside the function of this item?
inline bool is_inside(const work_base& item) noexcept {
    const worker* me = this_worker_slot();
    while (me != nullptr && me->current.load(memory_order_relaxed) != &item) me = me->outer;
    return me != nullptr;
}

/// The body of a worker's thread.
void worker_main(void* self) noexcept;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
