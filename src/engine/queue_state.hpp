// SPDX-License-Identifier: Apache-2.0
//
// A queue as the engine sees it: the object behind cmwq::queue& and the C handle.
#pragma once

#include "engine/pool_workqueue.hpp"

#include <cmwq/queue.hpp>

namespace cmwq {
inline namespace v1 {
namespace engine {
struct rescuer;
struct queue_bound;
}  // namespace engine
}  // namespace v1
}  // namespace cmwq

/// Constant-initialised, so that the system queues can be used from static constructors; made ready at first use.
struct alignas(cmwq::engine::cache_line) cmwq_queue final : cmwq::queue {
    static constexpr std::size_t name_size = 32;

    /// What enqueue has to know, in one word.
    static constexpr unsigned ready = 1;        ///< has its pools
    static constexpr unsigned recorded = 2;     ///< a trace is being recorded; never lasting without one
    static constexpr unsigned draining = 4;     ///< only its own items may enqueue to it
    static constexpr unsigned closing = 8;      ///< being destroyed: what is armed for it from now on is dropped
    static constexpr unsigned has_timers = 16;  ///< an item has been armed for it
    static constexpr unsigned bounded = 32;     ///< an enqueue needs room first; set with ready

    /// A system queue: its runtime is set by whoever owns the set (the standard set has the standard runtime).
    constexpr cmwq_queue(const char* name, cmwq::engine::scope_kind kind) noexcept : kind{kind} {
        for (std::size_t i = 0; i + 1 < name_size && name[i] != '\0'; ++i) this->name[i] = name[i];
    }
    cmwq_queue(const char* name, std::size_t length, cmwq::engine::scope_kind kind) noexcept;

    // Read by every enqueue.
    cmwq::engine::atomic<unsigned> state{0};    // A(queue): bits above
    cmwq::engine::queue_id id = 0;              // I
    cmwq::engine::pool_scope* scope = nullptr;  // I
    /// A(limit): one per CPU (percpu queues), one per node, or one in all; null: no limit. Once there, they stay.
    cmwq::engine::atomic<cmwq::engine::pool_workqueue*> seats{nullptr};
    int nr_seats = 0;           // set before `seats`
    bool per_node = false;      // I: the limit is divided over the NUMA nodes, a seat for each
    char name[name_size] = {};  // I

    // What it was asked to be.
    cmwq::engine::scope_kind kind;                    // I
    bool one_at_a_time = false;                       // I: an ordered queue
    bool freezable = false;                           // I
    bool mem_reclaim = false;                         // I
    bool to_be_filled = false;                        // U: it has got places, for which items may wait
    bool retiring = false;                            // U: it is drained, and its seats give no place any more
    bool drops_at_end = false;                        // I
    bool cpu_intensive = false;                       // I: a per-CPU queue on the unbound pools
    unsigned max_active = 0;                          // U: 0 = default
    unsigned min_active = 0;                          // U: what a node's part of it is at least
    cmwq::attributes asked;                           // U
    const cmwq::engine::placement* where = nullptr;   // U: what follows from them; null: anywhere
    cmwq::engine::runtime_state* runtime = nullptr;   // I
    cmwq::engine::rescuer* saviour = nullptr;         // I: of a mem_reclaim queue
    cmwq_queue* next_in_runtime = nullptr;            // U
    cmwq_queue* parent = nullptr;                     // I: whose limit it draws from too (nesting.hpp); null: none
    unsigned nr_children = 0;                         // U
    bool leaving = false;                             // R: not to be pinned any more
    unsigned nr_pins = 0;                             // R: who looks at it without holding one of its items
    cmwq::platform::parker* last_unpinned = nullptr;  // R: its destroyer, who waits for them

    /// Who gets the items in place of their functions, while the queue is shut down; null: nobody, they run.
    cmwq::engine::atomic<const cmwq::detail::item_receiver*> ending{nullptr};  // A(queue)
    cmwq::engine::queue_bound* bound = nullptr;  // I: beside `ending`, which every run reads; null: none

    // Flush (flush.cpp).
    cmwq::engine::mutex flush_lock;
    bool flushing = false;                                 // Q: a round is on
    struct cmwq_flush_waiter* next_round = nullptr;        // Q: who waits for the one after it
    unsigned nr_drainers = 0;                              // Q
    cmwq::engine::atomic<std::size_t> flush_remaining{0};  // A(flush): marked instances not done yet, +1 while marking
    cmwq::platform::parker* flush_leader = nullptr;        // set before flush_remaining, by the round's leader

    /// The first seat; null: it has no limit.
    cmwq::engine::pool_workqueue* first_seat() const noexcept {
        // sync limit.1: acquire; pairs with limit.2; sees the seats as they were made, and how many
        return seats.load(cmwq::engine::memory_order_acquire);
    }
    /// The seat for an enqueue from this CPU. There are seats.
    cmwq::engine::pool_workqueue& seat_here(cmwq::engine::pool_workqueue* first) const noexcept {
        return seat_on(first, cmwq::platform::current_cpu());
    }
    /// The seat for an enqueue to that CPU.
    cmwq::engine::pool_workqueue& seat_on(cmwq::engine::pool_workqueue* first, int cpu) const noexcept {
        if (nr_seats == 1) return *first;
        return first[per_node ? cmwq::platform::discover_topology().cpus[cpu].node : cpu];
    }
    /// Does an item that is enqueued to a CPU run there and nowhere else? Of an unbound queue that is where it starts.
    bool binds_to_cpu() const noexcept { return cpu_intensive || !scope->unbound(); }
};

namespace cmwq {
inline namespace v1 {
namespace engine {

inline cmwq_queue& as_engine(queue& wq) noexcept {
    return static_cast<cmwq_queue&>(wq);
}

/// Does an item of a mem_reclaim queue ask, about a queue whose items may need memory or threads that are not to be
/// had?
inline bool is_wait_of_a_reclaimer(const cmwq_queue& wq) noexcept {
    const worker* me = this_worker_slot();
    return me != nullptr && me->current.load(memory_order_relaxed) != nullptr && me->queue->mem_reclaim &&
           !wq.mem_reclaim;
}

/// The kernel's figures: WQ_DFL_ACTIVE and WQ_MAX_ACTIVE since 6.14.
inline constexpr unsigned default_max_active = 1024, most_max_active = 2048;
/// WQ_DFL_MIN_ACTIVE.
inline constexpr unsigned default_min_active = 8;

/// What the caller of make_queue or set_max_active asked for, as a figure in range.
unsigned checked_max_active(int asked) noexcept;

/// Makes the queue usable: pools, id, seats. False: no memory, nothing has changed. Any thread; idempotent.
[[nodiscard]] bool make_ready(cmwq_queue& wq) noexcept;
/// The reverse, for a drained queue.
void retire_queue(cmwq_queue& wq) noexcept;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
