// SPDX-License-Identifier: Apache-2.0
//
// Broken contracts: mistakes in the calling program that no result can express, such as a work function that waits for
// itself. They are found in release builds too, and told to one handler with the names of item and queue and the place
// of the call.
//
//     void to_log(const cmwq::misuse& m) noexcept { log("%s at %s:%u", m.sentence, m.where.file, m.where.line); }
//     cmwq::set_misuse_handler(&to_log);
//
// Want of memory, full queues and items that are pending already are no misuse: results say these.
#pragma once

#include <cmwq/call_site.hpp>
#include <cmwq/fwd.hpp>

namespace cmwq {
inline namespace v1 {

/// What contract was broken. The numbers are stable: a log line of an old program still means the same.
///
/// By default misuse is printed and the program aborted in a debug build of the library; in a release build it is
/// printed once per place of the call, and the library carries on as said here.
enum class misuse_code : int {
    /// A queue's name, or the description of a worker, has more than 31 characters. Carries on with the first 31.
    name_too_long = 1,
    /// max_active is neither 0 (the default) nor in 1..2048. Carries on with the nearest allowed value.
    max_active_out_of_range = 2,
    /// Options that exclude each other were given. Carries on without the later one in the order of the struct.
    contradictory_options = 3,
    /// An item was enqueued to a queue that is draining or being destroyed. The item is refused and stays with its
    /// caller. Items that run on the queue itself may enqueue to it while it drains: that is no misuse.
    enqueue_while_draining = 4,
    /// A function waits for its own item to finish. Carries on without waiting.
    flush_from_own_item = 5,
    /// A function waits for all items of the queue that runs it, or of one that has to wait for the only place that the
    /// function's item has (options.hpp, parent). Carries on without waiting.
    flush_own_queue = 6,
    /// A function drains the queue that runs it, or one that has to wait for its place as above. Carries on without
    /// waiting.
    drain_own_queue = 7,
    /// A function destroys the queue that runs it, or shuts it down. Nothing sound can follow: the program is aborted
    /// in every build.
    destroy_own_queue = 8,
    /// A null pointer was enqueued. Nothing is enqueued; the result says refusal::no_item.
    null_item = 9,
    /// A runtime was destroyed while queues made by it exist. Nothing sound can follow: the program is aborted in every
    /// build.
    queue_in_use = 10,
    /// A function cancels its own item and waits for its end. Carries on without waiting: a pending instance is
    /// cancelled.
    cancel_sync_from_own_item = 11,
    /// A function disables its own item and waits for its end. Carries on without waiting: the item is disabled.
    disable_sync_from_own_item = 12,
    /// An item that is not disabled was enabled. Nothing changes.
    enable_without_disable = 13,
    /// An item was disabled 4095 times more often than it was enabled. Carries on without counting this one.
    disabled_too_often = 14,
    /// A runtime was given an option that is out of its range; the sentence names option, range and default. Carries on
    /// with the default.
    runtime_option_out_of_range = 15,
    /// The max_active of an ordered queue was to be changed. It stays one.
    max_active_of_ordered_queue = 16,
    /// enqueue_node of a per-CPU queue, whose items belong to CPUs. Carries on as enqueue.
    node_of_percpu_queue = 17,
    /// The max_pending of a queue's bound is negative. Carries on without a bound.
    max_pending_out_of_range = 18,
    /// A function would wait for room in the queue that runs it, or in one that has to wait for its place (as with
    /// flush_own_queue). Its item is refused (refusal::queue_full) at once.
    wait_for_own_queue = 19,
    /// The attributes of a per-CPU queue were to be changed. Nothing changes.
    attributes_of_percpu_queue = 20,
    /// The parent of a queue is per-CPU, or divided over nodes, or belongs to another runtime, or is the eighth of a
    /// line of parents. Carries on with a queue that has no parent.
    unfit_parent = 21,
    /// Something was asked of a queue with a parent that is the parent's to say: highpri or background other than the
    /// parent's, an affinity, mem_reclaim, or attributes. Carries on with what the parent has.
    option_of_parent = 22,
    /// A queue was destroyed, or shut down, that is the parent of others. Nothing sound can follow: the program is
    /// aborted in every build.
    parent_in_use = 23,
    /// The min_active of a per-CPU or ordered queue was to be changed. Nothing changes.
    queue_without_min_active = 24,
    /// An item of a mem_reclaim queue waits for items of a queue that is none: these may need the memory or the thread
    /// that the first queue was made to do without. Carries on, and waits.
    reclaim_waits_for_ordinary_queue = 25,
};

/// One report. The strings are never null (empty when there is nothing to say) and live until the handler returns.
struct misuse {
    misuse_code code;      ///< Which contract was broken.
    const char* sentence;  ///< What happened, in one sentence without the names below.
    const char* item;      ///< The item's name, or "".
    const char* queue;     ///< The queue's name, or "".
    call_site where;       ///< The caller's place.
};

/// Called on the thread that broke the contract, as deep in the library as the mistake was found: write it down and
/// return (the library carries on as documented at misuse_code), or end the program. It must not call the library.
using misuse_handler = void (*)(const misuse&) noexcept;

/// Replaces the process-wide handler. `nullptr` brings back the default. Returns the former handler, null if it was the
/// default. Context: any thread, any time, static constructors included.
CMWQ_EXPORT misuse_handler set_misuse_handler(misuse_handler handler) noexcept;

}  // namespace v1
}  // namespace cmwq
