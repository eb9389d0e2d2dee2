// SPDX-License-Identifier: Apache-2.0
//
// The state word of an item: who may do what with it. Every change of the word is one of the transitions below.
// Protocol page: docs/design/work-word.md.
//
//   bit    0      pending          set by the enqueuer that claims the item, cleared by the worker that is about to run
//                                  it. Whoever turned it on owns the links until the worker turns it off. May be set
//                                  with the item in no list yet (claimed, not published); never clear with the item in
//                                  a list.
//   bit    1      timer armed      the pending instance waits for its time in a timer wheel, and is in no list until
//                                  then
//   bit    2      taken            whoever took the pending instance off its list has it, in no list: everybody else
//                                  waits, as for an enqueuer between claim and push
//   bit    3      held             somebody who holds the lists of its queue decides about the pending instance: a
//                                  worker that has it in hand waits with its claim. Without it "pending and linked"
//                                  could be read of two different instances, one of this queue and one of the next.
//   bits  4..15   disable depth    how often it was disabled and not enabled again; an item with a depth is refused
//   bits 16..31   last worker      id of the worker that ran it last, 0 = none. Set with the clearing of pending. May
//                                  name a worker that has long finished; must never be wrong while that worker still
//                                  runs it.
//   bits 32..55   queue            id of the queue that has it or had it last, 0 = none. Set with pending.
//   bits 56..63   wheel            which timer wheel has it, while the timer is armed; else 0. Set with timer armed.
#pragma once

#include "engine/engine_access.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

using queue_id = std::uint32_t;
using worker_id = std::uint32_t;

namespace work_word {

inline constexpr std::uint64_t pending = 1u << 0;
inline constexpr std::uint64_t timer_armed = 1u << 1;
inline constexpr std::uint64_t taken = 1u << 2;
inline constexpr std::uint64_t held = 1u << 3;
inline constexpr std::uint64_t one_disable = 1u << 4;
inline constexpr std::uint64_t disable_depth = 0xfff * one_disable;
inline constexpr int last_worker_shift = 16;
inline constexpr std::uint64_t last_worker = std::uint64_t{0xffff} << last_worker_shift;
inline constexpr int queue_shift = 32;
inline constexpr std::uint64_t queue = std::uint64_t{0xffffff} << queue_shift;
inline constexpr int wheel_shift = 56;
inline constexpr std::uint64_t wheel = std::uint64_t{0xff} << wheel_shift;

/// An item with any of these is not to be claimed.
inline constexpr std::uint64_t unclaimable = pending | disable_depth;

inline constexpr worker_id max_worker = 0xffff;
inline constexpr queue_id max_queue = 0xffffff;
inline constexpr unsigned max_wheel = 0xff;

}  // namespace work_word

inline queue_id queue_of_word(std::uint64_t word) noexcept {
    return static_cast<queue_id>((word & work_word::queue) >> work_word::queue_shift);
}

inline worker_id last_worker_of_word(std::uint64_t word) noexcept {
    return static_cast<worker_id>((word & work_word::last_worker) >> work_word::last_worker_shift);
}

inline unsigned wheel_of_word(std::uint64_t word) noexcept {
    return static_cast<unsigned>((word & work_word::wheel) >> work_word::wheel_shift);
}

/// Does a timer wheel have the pending instance, or is about to?
inline bool is_armed(std::uint64_t word) noexcept {
    return (word & work_word::timer_armed) != 0;
}

/// The lowest id of the queues of this process. Above 1 in the child of a fork, whose queues have new ids.
inline constinit atomic<queue_id> first_queue_here{1};

/// Is the instance that the word tells of one of the parent's, which was pending when this process was forked? Then the
/// item is idle here.
inline bool is_parents(std::uint64_t word) noexcept {
    return (word & work_word::pending) != 0 && queue_of_word(word) < first_queue_here.load(memory_order_relaxed);
}

/// What the word means in this process.
inline std::uint64_t as_seen_here(std::uint64_t word) noexcept {
    return is_parents(word) ? word & (work_word::last_worker | work_word::disable_depth) : word;
}

/// The word as it is now, for a thread that owns the item or wants a hint.
inline std::uint64_t word_of(work_base& item) noexcept {
    return atomic_ref<std::uint64_t>{access::word(item)}.load(memory_order_relaxed);
}

/// idle, but pending in the parent -> pending with `place`. False: the word changed meanwhile. The links, and the marks
/// in them, are still those of the parent's instance: taken keeps everybody away until they are clear.
[[nodiscard, gnu::cold]] inline bool claim_parents(work_base& item, std::uint64_t seen, std::uint64_t place) noexcept;

/// idle -> pending with `place` (the queue, and for a delayed item the wheel). Anything but none: refused, and the
/// refusal has *written* the word (its old value): so the release that starts the pending run reads from it, and the
/// run sees what the refused caller stored before.
[[nodiscard, gnu::always_inline]] inline refusal claim_for(work_base& item, std::uint64_t place) noexcept {
    atomic_ref<std::uint64_t> word{access::word(item)};
    std::uint64_t seen = word.load(memory_order_relaxed);
    for (;;) {
        const bool refused = (seen & work_word::unclaimable) != 0;
        if (refused && (as_seen_here(seen) & work_word::unclaimable) == 0) [[unlikely]] {
            if (claim_parents(item, seen, place)) return refusal::none;
            seen = word.load(memory_order_relaxed);
            continue;
        }
        const std::uint64_t next = refused ? seen : (seen & work_word::last_worker) | work_word::pending | place;
        // sync work-word.1: acquire-release read-modify-write; pairs with work-word.2, work-word.3, work-word.5,
        // work-word.6, work-word.7, work-word.9, work-word.16; publishes what the caller stored before enqueue, whether
        // it was accepted or refused. Written as a plain load, a refusal between a worker's decision to run and its
        // release would be lost.
        if (word.compare_exchange_weak(seen, next, memory_order_acq_rel, memory_order_relaxed)) {
            if (!refused) return refusal::none;
            return (as_seen_here(seen) & work_word::pending) != 0 ? refusal::already_pending : refusal::disabled;
        }
    }
}

/// Would claim_for refuse the item as it is now? Then it is refused as by claim_for, the word written. none: it could
/// be claimed a moment ago.
[[nodiscard]] inline refusal refuse_unclaimable(work_base& item) noexcept {
    atomic_ref<std::uint64_t> word{access::word(item)};
    std::uint64_t seen = word.load(memory_order_relaxed);
    while ((as_seen_here(seen) & work_word::unclaimable) != 0) {
        // sync work-word.15: release read-modify-write; pairs with work-word.2; as a refusal by work-word.1
        if (!word.compare_exchange_weak(seen, seen, memory_order_release, memory_order_relaxed)) continue;
        return (as_seen_here(seen) & work_word::pending) != 0 ? refusal::already_pending : refusal::disabled;
    }
    return refusal::none;
}

/// The part of the word that says where a pending instance is.
constexpr std::uint64_t in_queue(queue_id id) noexcept {
    return std::uint64_t{id} << work_word::queue_shift;
}
constexpr std::uint64_t in_wheel(queue_id id, unsigned wheel) noexcept {
    return in_queue(id) | work_word::timer_armed | std::uint64_t{wheel} << work_word::wheel_shift;
}

/// idle -> pending, for queue `id`. As claim_for.
[[nodiscard]] inline refusal transition_to_pending(work_base& item, queue_id id) noexcept {
    return claim_for(item, in_queue(id));
}

/// idle -> pending with its timer armed, for queue `id`: the caller puts it into that wheel. As claim_for.
[[nodiscard]] inline refusal transition_to_armed(work_base& item, queue_id id, unsigned wheel) noexcept {
    return claim_for(item, in_wheel(id, wheel));
}

/// pending with its timer armed -> pending, and on its way to its queue. By whoever took it out of its wheel, under the
/// wheel's lock: so whoever holds that lock and reads "armed in this wheel" has the links to himself.
inline void transition_from_armed(work_base& item) noexcept {
    // sync work-word.8: release read-modify-write; pairs with work-word.3, work-word.9; the item is in no wheel any
    // more; who holds it (work-word.3) asks next whether it is linked
    atomic_ref<std::uint64_t>{access::word(item)}.fetch_and(~(work_word::timer_armed | work_word::wheel),
                                                            memory_order_release);
}

/// pending with its timer armed -> pending and taken. As transition_from_armed; the instance is the caller's, who lets
/// it go by transition_to_cancelled, transition_to_moved or transition_from_taken.
inline void transition_from_armed_to_taken(work_base& item, unsigned wheel) noexcept {
    constexpr std::uint64_t changed = work_word::timer_armed | work_word::taken;
    // Exclusive or: an armed instance is not taken, and its wheel is known. Relaxed, as transition_to_taken.
    atomic_ref<std::uint64_t>{access::word(item)}.fetch_xor(changed | std::uint64_t{wheel} << work_word::wheel_shift,
                                                            memory_order_relaxed);
}

/// taken -> pending, and on its way to its queue.
inline void transition_from_taken(work_base& item) noexcept {
    // sync work-word.13: release read-modify-write; pairs with work-word.3; as an enqueuer between claim and push
    atomic_ref<std::uint64_t>{access::word(item)}.fetch_and(~work_word::taken, memory_order_release);
}

/// taken -> pending in another place: a queue, or a wheel. By whoever took the instance out of its list or wheel.
/// Enqueuers may be refused meanwhile, and others disable the item.
inline void transition_to_moved(work_base& item, std::uint64_t place) noexcept {
    atomic_ref<std::uint64_t> word{access::word(item)};
    constexpr std::uint64_t replaced = work_word::taken | work_word::queue;
    std::uint64_t seen = word.load(memory_order_relaxed);
    // sync work-word.10: release read-modify-write; pairs with work-word.2, work-word.3, work-word.9; the item is where
    // it was no more
    while (!word.compare_exchange_weak(seen, (seen & ~replaced) | place, memory_order_release, memory_order_relaxed)) {}
}

inline bool claim_parents(work_base& item, std::uint64_t seen, std::uint64_t place) noexcept {
    const std::uint64_t next =
        (seen & work_word::last_worker) | work_word::pending | work_word::taken | (place & work_word::queue);
    // sync work-word.14: acquire read-modify-write; pairs with work-word.7; as work-word.1. What the caller stored, and
    // the clear links, are published by work-word.10
    if (!atomic_ref<std::uint64_t>{access::word(item)}.compare_exchange_strong(seen, next, memory_order_acquire,
                                                                               memory_order_relaxed)) {
        return false;
    }
    access::prev_and_home(item) = 0;
    transition_to_moved(item, place);
    return true;
}

/// The word as it is now, for whoever looks for an armed item: its wheel, and its links as they were when it was
/// claimed.
inline std::uint64_t armed_word_of(work_base& item) noexcept {
    // sync work-word.9: acquire; pairs with work-word.1, work-word.8, work-word.10; sees the item as its last
    // owner left it
    return atomic_ref<std::uint64_t>{access::word(item)}.load(memory_order_acquire);
}

/// pending -> idle, last run by `me`. False: the word changed meanwhile; `seen` is its value now and the caller looks
/// again, in particular at the last worker.
[[nodiscard]] inline bool transition_to_running(work_base& item, std::uint64_t& seen, worker_id me) noexcept {
    seen &= ~work_word::held;  // held: the exchange fails, and the caller looks again until it is not
    const std::uint64_t next =
        (seen & ~(work_word::pending | work_word::last_worker)) | (std::uint64_t{me} << work_word::last_worker_shift);
    // sync work-word.2: seq_cst read-modify-write; pairs with work-word.1, work-word.10, work-word.15;
    // sees the stores of every enqueue call, refused or not, that saw the item pending. seq_cst, because the store of
    // `current` before it and the load of `attention` after it race with a worker that hands over (collision.1): one of
    // the two must see the other.
    return atomic_ref<std::uint64_t>{access::word(item)}.compare_exchange_strong(seen, next, memory_order_seq_cst,
                                                                                 memory_order_relaxed);
}

/// pending -> pending and held, if it is pending on queue `id` and waits for a worker, not for its time: from here on
/// nobody claims that instance. By a thread that holds all the lists of that queue, and not for long. Then "linked"
/// (item_list.hpp) says truly whether it is in one of them.
[[nodiscard]] inline bool transition_to_held(work_base& item, queue_id id) noexcept {
    atomic_ref<std::uint64_t> word{access::word(item)};
    std::uint64_t seen = word.load(memory_order_relaxed);
    do {
        if ((seen & (work_word::pending | work_word::taken)) != work_word::pending) return false;
        if (is_armed(seen) || queue_of_word(seen) != id) return false;
        // sync work-word.3: acquire read-modify-write; pairs with work-word.1, work-word.8, work-word.10,
        // work-word.13; sees the item as it was enqueued: else "linked" could be said of an earlier instance, in
        // another queue's list
    } while (!word.compare_exchange_weak(seen, seen | work_word::held, memory_order_acquire, memory_order_relaxed));
    return true;
}

/// held -> as before.
inline void transition_from_held(work_base& item) noexcept {
    // What was done to a linked item meanwhile goes with the lists to whoever pops it. Of one that is not linked it was
    // read that it is not: whoever claims it next writes there, under other locks.
    // sync work-word.16: release read-modify-write; pairs with work-word.1; we have looked before the next one links it
    atomic_ref<std::uint64_t>{access::word(item)}.fetch_and(~work_word::held, memory_order_release);
}

/// held -> taken: by the thread that holds it, still with the lists. Without this bit the next thread to hold the lists
/// could find it pending on their queue, see it become idle and be enqueued elsewhere, and take the links of that list
/// for its own.
inline void transition_to_taken(work_base& item) noexcept {
    // Held and not taken: nobody else can change either. Relaxed: while it is taken nobody touches it but the caller,
    // who lets it go by work-word.5, work-word.10 or work-word.13.
    atomic_ref<std::uint64_t>{access::word(item)}.fetch_xor(work_word::held | work_word::taken, memory_order_relaxed);
}

/// taken -> idle: the instance was taken off its list or out of its wheel by the caller, and will not run.
inline void transition_to_cancelled(work_base& item) noexcept {
    // sync work-word.5: release read-modify-write; pairs with work-word.1; the next enqueuer finds the links and the
    // owner's place free
    atomic_ref<std::uint64_t>{access::word(item)}.fetch_and(~(work_word::pending | work_word::taken),
                                                            memory_order_release);
}

/// One disable more. From here on no instance is accepted; one that is pending stays. False: too many already.
[[nodiscard]] inline bool transition_to_disabled(work_base& item) noexcept {
    atomic_ref<std::uint64_t> word{access::word(item)};
    std::uint64_t seen = word.load(memory_order_relaxed);
    do {
        if ((seen & work_word::disable_depth) == work_word::disable_depth) return false;
        // sync work-word.6: acquire read-modify-write; pairs with work-word.1, work-word.7; whoever disables it after
        // another one has enabled it sees what was done while it was disabled. An enqueuer is refused, or its instance
        // is seen by the cancel that follows
    } while (
        !word.compare_exchange_weak(seen, seen + work_word::one_disable, memory_order_acquire, memory_order_relaxed));
    return true;
}

enum class enabled { now, not_yet, was_already };

/// One disable less.
[[nodiscard]] inline enabled transition_to_enabled(work_base& item) noexcept {
    atomic_ref<std::uint64_t> word{access::word(item)};
    std::uint64_t seen = word.load(memory_order_relaxed);
    do {
        if ((seen & work_word::disable_depth) == 0) return enabled::was_already;
        // sync work-word.7: release read-modify-write; pairs with work-word.1, work-word.6, work-word.14; whoever
        // enqueues it next sees what was done while it was disabled
    } while (
        !word.compare_exchange_weak(seen, seen - work_word::one_disable, memory_order_release, memory_order_relaxed));
    return (seen & work_word::disable_depth) == work_word::one_disable ? enabled::now : enabled::not_yet;
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
