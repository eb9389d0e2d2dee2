// SPDX-License-Identifier: Apache-2.0
//
// Stop 7: what follows from the end of an item that somebody waits for.
//
//   enters   the marks of an item that is over
//   leaves   the waiters woken whose last item it was
//   locks    none for a queue's flush; item_flushes' own for a flush of one item
#pragma once

#include "engine/queue_state.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

/// `item` serves as a name only: it may be gone.
void complete(marks waiting, cmwq_queue& queue, const work_base& item) noexcept;

/// One instance less for the queue's flush round to wait for.
void flush_instance_done(cmwq_queue& queue) noexcept;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
