// SPDX-License-Identifier: Apache-2.0
//
// A guest: a worker's slot for an enqueuer that runs one item itself, because the queue is full. With a slot of its own
// it is found like any worker by flushes, cancels, and by workers that get the same item meanwhile; and it is none of
// its pool's workers, which are counted.
//
//   enters   a claimed item, in no list
//   leaves   the item run, or left with the worker that runs it already
//   locks    none while the function runs
#pragma once

#include "engine/queue_state.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

/// A slot for the calling thread. Null: there is none to be had, or the thread is a guest already: each enqueue inside
/// of an item would go one deeper into its stack.
[[nodiscard]] worker* become_guest(cmwq_queue& wq) noexcept;

/// Not a guest after all.
void leave_unused(worker& guest) noexcept;

/// Runs the item, which is pending and counted as such, and ends the guest.
void run_as_guest(worker& guest, work_base& item) noexcept;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
