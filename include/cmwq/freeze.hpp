// SPDX-License-Identifier: Apache-2.0
//
// Freezing: before a checkpoint, a suspend, a fork or an upgrade nothing of the freezable queues is to run.
//
//     cmwq::freeze();
//     while (!cmwq::frozen()) { … wait a little … }
//     take_checkpoint();
//     cmwq::thaw();
//
// Running items finish. What is enqueued meanwhile waits, and goes on in order after thaw. Which queues take part is an
// option of theirs (`freezable`); system_freezable() does.
#pragma once

#include <cmwq/fwd.hpp>

namespace cmwq {
inline namespace v1 {

/// As runtime::freeze, of the standard runtime. Context: any thread; does not wait.
CMWQ_EXPORT void freeze() noexcept;
/// Frozen, and no item of a freezable queue of the standard runtime runs any more.
CMWQ_EXPORT bool frozen() noexcept;
/// What waited goes on, in order.
CMWQ_EXPORT void thaw() noexcept;

}  // namespace v1
}  // namespace cmwq
