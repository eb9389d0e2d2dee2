// SPDX-License-Identifier: Apache-2.0
//
// What a queue can be: one struct per kind, for designated initialisers, so that senseless combinations (an ordered
// queue with a max_active) do not compile.
//
//     auto log = cmwq::make_queue(cmwq::ordered{.name = "log"});
//     auto scan = cmwq::make_queue(cmwq::unbound{.name = "scan", .max_active = 4});
#pragma once

#include <cmwq/attributes.hpp>
#include <cmwq/fwd.hpp>

#include <chrono>
#include <cstdint>
#include <string_view>

namespace cmwq {
inline namespace v1 {

// Common to all kinds:
//   name         at most 31 characters, copied. Appears in reports and tools.
//   max_active   how many items of the queue may be running or ready to run at once: per CPU for percpu, of the whole
//                queue for unbound. 1..2048; 0 means the default, 1024. Further items wait, in order. Both figures are
//                the kernel's (WQ_DFL_ACTIVE, WQ_MAX_ACTIVE).
//   highpri      its items run on the high-priority workers: niceness -20, or the lowest that RLIMIT_NICE allows. Where
//                the system refuses, other workers of the CPU give way to them between two items, which is less:
//                runtime_statistics::highpri_by_niceness and highpri_by_preference say which it was.
//   background   its items run on low-priority workers: niceness 19, which needs no permission. They get what the
//                others leave. Not together with highpri: misuse_code::contradictory_options.
//   freezable    takes part in freezing (freeze.hpp). Its items go through a list of its own, which costs them some 10
//                ns.
//   mem_reclaim  for queues that free memory: makes progress when neither memory nor a new thread is to be had, by a
//                thread of its own made in advance, the rescuer. If that cannot be had, the queue is not made.
//
//   at_end       what becomes of items that are still pending when the queue is destroyed: see pending_items.
//   bound        how many items may be pending, and what a full queue does with the next one: see pending_bound.
//   parent       a queue whose max_active counts the items of this one too. See below.
//
// A parent bounds several queues together: of its own items and those of all its children no more than its max_active
// run at once. A child's own max_active bounds the child inside of that.
//
//     auto io = cmwq::make_queue(cmwq::unbound{.name = "io", .max_active = 4});
//     auto slow = cmwq::make_queue(cmwq::unbound{.name = "slow io", .max_active = 2, .parent = &*io});
//
// - Parent and child are unbound or ordered queues of one runtime; per-CPU queues have no parent. The children of an
//   ordered queue exclude each other; an ordered child has its order inside the parent's bound. A child can be a
//   parent, up to eight queues deep (misuse_code::unfit_parent).
// - Places go round: a parent's items and its children come in turn. While others wait, a child has 16 items a turn for
//   each of its places.
// - A child runs on its parent's workers: highpri, background, affinity, attributes and mem_reclaim are the parent's to
//   say (misuse_code::option_of_parent), and hold for its children. What else a queue can be, a child can be for
//   itself; but full_queue::run_in_caller goes neither with an ordered nor with a freezable parent, at any depth
//   (misuse_code::contradictory_options). While the parent is frozen nothing of its children starts.
// - flush, drain and destruction are about a queue's own items. So an item that waits for items of another queue of the
//   family keeps a place that those may need; where it is the only one this is found and reported
//   (misuse_code::flush_own_queue and others).
// - The parent outlives its children (misuse_code::parent_in_use).
//
// What a queue cannot be is a compile error here where possible. Figures that are only known at run time are checked by
// make_queue, and bad ones reported as misuse with the caller's place.

/// What becomes of the items that are pending when their queue ends; those that run are always waited for.
enum class pending_items : std::uint8_t {
    run,   ///< They run, and so do those that they enqueue.
    drop,  ///< They do not run: their owners are let go. An item that its caller keeps alive is idle again.
};

/// What a queue does with an item that is enqueued while it has as many pending items as it may.
enum class full_queue : std::uint8_t {
    /// The item is refused (refusal::queue_full), its owner handed back.
    refuse,
    /// The enqueuer waits until there is room, its turn in the order of coming; after pending_bound::timeout the item
    /// is refused. A worker that waits lets another one run, as in a blocking_region. An item never waits for the queue
    /// that runs it (misuse_code::wait_for_own_queue): it is refused.
    wait,
    /// The item runs in the enqueuer, before enqueue returns: as on a worker, but as one more than max_active, and on
    /// the enqueuer's stack, with its locks held. While the same item runs elsewhere it is left to the queue, beyond
    /// the bound. An item that runs so, and enqueues to a full queue of this kind itself, is refused; so is one that is
    /// bound to a CPU (enqueue_on of a per-CPU queue). Not for ordered and freezable queues:
    /// misuse_code::contradictory_options.
    run_in_caller,
};

/// The most items of a queue that may be pending, and what happens to the next one.
///
///     auto in = cmwq::make_queue(cmwq::unbound{.name = "in", .bound = {.max_pending = 64}});
///
/// Pending are the items that wait in the queue: not those that run, and not those that wait for their time, whose
/// timers are never refused: an item that was accepted with a delay comes into the queue at its time, beyond the bound
/// if need be, and so does one that mod_delayed or flush_delayed moves there. An item that is pending already takes no
/// room: it is refused as such, full queue or not. A bound costs each item of its queue two read-modify-writes.
struct pending_bound {
    /// 0: no bound. Negative is misuse (misuse_code::max_pending_out_of_range), and no bound.
    int max_pending = 0;
    full_queue when_full = full_queue::refuse;
    /// How long full_queue::wait waits. Zero and less: not at all.
    std::chrono::nanoseconds timeout = std::chrono::nanoseconds::max();
};

/// Items run on the workers of the CPU that enqueued them, for as long as that does not make them wait: many short
/// items, hot caches. A worker that blocks is replaced by another, so an item may sleep.
struct percpu {
    /// Common to all kinds, explained above.
    std::string_view name;
    int max_active = 0;
    bool highpri = false;
    bool freezable = false;
    bool mem_reclaim = false;
    /// The items compute for long: they do not count against their CPU's concurrency, so that others start beside them.
    /// They run on the unbound workers.
    bool cpu_intensive = false;
    bool background = false;
    pending_items at_end = pending_items::run;
    pending_bound bound = {};
};

/// Items run wherever there is room within the affinity scope: long or unpredictable work, left to the scheduler.
struct unbound {
    /// Common to all kinds, explained above.
    std::string_view name;
    int max_active = 0;
    bool highpri = false;
    bool freezable = false;
    bool mem_reclaim = false;
    /// Which CPUs count as near to each other (attributes.hpp); a CPU mask is given by queue::apply_attributes.
    affinity_scope affinity = affinity_scope::by_default;
    /// The scope is a bound: items never run outside it. Otherwise it says where they start. With
    /// affinity_scope::system there is nothing to bind to: misuse_code::contradictory_options.
    bool affinity_strict = false;
    bool background = false;
    pending_items at_end = pending_items::run;
    pending_bound bound = {};
    queue* parent = nullptr;
    /// max_active is divided over the NUMA nodes, by how many of the queue's CPUs each has, rounded up, as the kernel
    /// does: items that are enqueued on a node (or to one of its CPUs) share the node's part, whichever CPU runs them.
    /// So the sum may be more than max_active, by the rounding and by min_active. On a machine with one node nothing is
    /// divided. A queue that is divided cannot be a parent (misuse_code::unfit_parent).
    bool per_node = false;
    /// What each node's part is at least, so that items which wait for each other can all run. 0 means the default, the
    /// smaller of 8 and max_active; queue::set_min_active changes it.
    int min_active = 0;
};

/// One item at a time, in the order of enqueuing: a mutex that nobody waits on.
struct ordered {
    /// Common to all kinds, explained above.
    std::string_view name;
    bool highpri = false;
    bool freezable = false;
    bool mem_reclaim = false;
    pending_items at_end = pending_items::run;
    pending_bound bound = {};
    queue* parent = nullptr;
};

/// percpu, or unbound when the runtime was told to save power (runtime_options::power_efficient).
struct power_efficient {
    /// Common to all kinds, explained above.
    std::string_view name;
    int max_active = 0;
    bool highpri = false;
    bool freezable = false;
    bool mem_reclaim = false;
    pending_items at_end = pending_items::run;
    pending_bound bound = {};
};

}  // namespace v1
}  // namespace cmwq
