// SPDX-License-Identifier: Apache-2.0
//
// Notes to a worker about the item that it runs right now: "tell me when it is done". The worker pays nothing for the
// possibility: it reads one word of its own slot after each item, and whoever leaves a note pays for the fence.
#pragma once

#include "engine/worker.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

inline constexpr int note_number_shift = 3;
inline constexpr marks all_marks = queue_mark | item_mark | limit_mark;

/// Leaves `waiting` for item number `number` of `other`. Under collide_lock: one writer at a time. The caller then
/// executes fence_all_threads() (once for any number of notes) and calls withdraw_note where note_arrived says no.
inline void leave_note(worker& other, std::uint64_t number, marks waiting) noexcept {
    std::uint64_t seen = other.note.load(memory_order_relaxed);
    std::uint64_t next;
    do {
        const bool same_item = (seen >> note_number_shift) == number;
        next = (number << note_number_shift) | waiting | (same_item ? seen & all_marks : 0);
        // sync note.1: acquire-release read-modify-write; pairs with note.4; publishes what the flusher set up
    } while (!other.note.compare_exchange_weak(seen, next, memory_order_acq_rel, memory_order_relaxed));
    // sync note.2: release read-modify-write; pairs with collision.3, note.6, note.7, note.8, note.9; the worker's
    // store of `current` and its load of this word are separated by the fence_all_threads that follows: it sees the
    // bit, or we see that the item is over
    other.attention.fetch_or(attention::noted, memory_order_release);
}

/// After the fence: is the worker still in that item, so that it will find the note?
inline bool note_arrived(const worker& other, std::uint64_t number) noexcept {
    // sync note.3: acquire; pairs with collision.2; "no longer" means the function's effects happen before this
    return other.current.load(memory_order_acquire) != nullptr &&
           other.item_number.load(memory_order_relaxed) == number;
}

/// Takes `waiting` back from a note that may not have arrived. Under the collide_lock under which it was left. True: it
/// was still there; nobody else will act on it.
[[nodiscard]] inline bool withdraw_note(worker& other, std::uint64_t number, marks waiting) noexcept {
    std::uint64_t seen = other.note.load(memory_order_relaxed);
    while ((seen >> note_number_shift) == number && (seen & waiting) != 0) {
        // Flusher and worker (note.4) decide who has the mark. Relaxed: a mark that is still there was written under
        // the lock that the caller has, and what another flusher set up for his goes on through a read-modify-write.
        if (other.note.compare_exchange_weak(seen, seen & ~std::uint64_t{waiting}, memory_order_relaxed,
                                             memory_order_relaxed)) {
            return true;
        }
    }
    return false;
}

/// The worker's side: who waits for the item just done. A note about an earlier item stays for the flusher, who finds
/// that it came too late and takes it back: taken by the worker, it would count for the wrong item.
inline marks take_note(worker& me) noexcept {
    me.attention.fetch_and(~attention::noted, memory_order_relaxed);
    const std::uint64_t number = me.item_number.load(memory_order_relaxed);
    std::uint64_t seen = me.note.load(memory_order_relaxed);
    do {
        if ((seen >> note_number_shift) != number) return 0;
        // sync note.4: acquire-release read-modify-write; pairs with note.1; sees what the flusher set up
    } while (!me.note.compare_exchange_weak(seen, 0, memory_order_acq_rel, memory_order_relaxed));
    return static_cast<marks>(seen & all_marks);
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
