// SPDX-License-Identifier: Apache-2.0
//
// fork(): the parent goes on as if nothing had happened, and the child begins with the same runtimes and queues, empty
// and without threads. What was pending or running in the parent stays the parent's. Guide:
// docs/guide/fork-and-shutdown.md.
//
// Of all the parent's state, the child needs only what is changed under few locks: which runtimes and queues there are,
// and what they were asked to be. So only those locks are taken before a fork. Everything else (lists, pools, workers,
// seats, notes, timers) is made anew, whatever some thread was doing to it at that moment, and no thread has to be
// stopped.
//
// Items cannot be found and reset: one may just have been claimed by a thread and be in no list. Instead all queues
// have new ids in the child, above all former ones: an item that says it is pending on a queue with an older id is the
// parent's, and is idle here (work_word.hpp).
#pragma once

#include "engine/runtime_state.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

/// A runtime other than the standard one begins or ends: forks have to know it. No lock is held.
void list_runtime(runtime_state& runtime) noexcept;
void unlist_runtime(runtime_state& runtime) noexcept;

/// A trace begins or ends: follow_recorder for every queue of every runtime. No lock is held.
void follow_recorder_everywhere() noexcept;
/// For tests that abandon a run midway: its runtimes are gone.
void forget_listed_runtimes() noexcept;

/// CPUs have come or gone: watchdog::follow_cpus of every runtime. No lock is held.
void follow_cpus_everywhere() noexcept;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
