// SPDX-License-Identifier: Apache-2.0
//
// Whoever looks in a watchdog's place. A worker's thread and the watchdog's own may both be refused; then items are
// pending and nobody is there who would ask again. Until the watchdog has its thread, all who come by do: a worker that
// has nothing to do and the timers' thread every 10 ms, and whoever asks the library something. If no thread of the
// library is there at all, the program is told.
//
// One flag for the whole process, false but for such times: it is read where a thread is about to sleep, and where a
// caller gets to hear that an item is pending still.
#pragma once

#include "engine/queue_state.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

/// How often a watchdog looks, or whoever does it in its place.
inline constexpr std::chrono::nanoseconds time_between_ticks = std::chrono::milliseconds{10};

/// Some watchdog without a thread has work to look after.
inline constinit atomic<bool> stand_ins_needed{false};  // A(stand-in)

/// One look for each watchdog that has no thread, `at_once` or if it is time. Any thread that holds no lock.
void look_for_watchdogs(bool at_once) noexcept;

/// For callers who would wait for nothing. A load and a branch.
inline void look_for_watchdogs_if_needed() noexcept {
    if (stand_ins_needed.load(memory_order_relaxed)) [[unlikely]]
        look_for_watchdogs(true);
}

/// For a worker that is on the idle stack by now, and is about to sleep.
inline bool needs_stand_ins() noexcept {
    // sync stand-in.2: seq_cst load; pairs with stand-in.1; the other half of that race
    return stand_ins_needed.load(memory_order_seq_cst);
}

/// The watchdog of `runtime` could not get a thread: somebody is to do its work, or the program is told that nobody is
/// there. Any thread that holds no lock.
void call_stand_in(runtime_state& runtime) noexcept;

/// An idle worker does the work, as long as it is needed. True: it got its wake meanwhile.
bool stand_in_until_woken(worker& self) noexcept;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
