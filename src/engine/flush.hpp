// SPDX-License-Identifier: Apache-2.0
//
// Stop 8: waiting. A flush marks every instance of its queue that exists at one moment, pending or running, and waits
// until the last marked one is over. Nothing is counted while nobody flushes; newcomers are not marked and cannot delay
// it. Protocol page: docs/design/flush.md; why marks and not counters: docs/adr/0004-flush-marks-items.md.
//
//   enters   a caller that wants to know that what was enqueued before is done
//   leaves   the caller, with the effects of all those items visible to it
//   locks    all worklists that can hold an item of the queue, then collide_lock, while marking
#pragma once

#include "engine/queue_state.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

/// Waits for all instances that exist now. Returns how many the round that covered the call had found.
std::size_t flush_queue(cmwq_queue& wq) noexcept;

/// Refuses newcomers from outside the queue's own items and flushes until nothing is left.
void drain_queue(cmwq_queue& wq) noexcept;

/// Waits for the last instance of the item. False: it was idle.
bool flush_one(work_base& item) noexcept;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
