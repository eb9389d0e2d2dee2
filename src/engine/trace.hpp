// SPDX-License-Identifier: Apache-2.0
//
// The four trace points, with the kernel's names: queue_work, activate_work, execute_start, execute_end. Each is a
// static probe of the platform (on Linux a USDT probe: a single no-op instruction unless somebody attaches).
//     bpftrace -e 'usdt:./program:cmwq:execute_start { @[str(arg2)] = count(); }'
#pragma once

#include "backend/probe.hpp"
#include "engine/queue_state.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

/// An item was accepted: item, queue, queue's name.
inline void trace_queue_work(const work_base* item, const cmwq_queue* queue) noexcept {
    CMWQ_PROBE(queue_work, item, queue, queue->name);
}
/// A limited queue's item got a token and is about to be executed.
inline void trace_activate_work(const work_base* item, const cmwq_queue* queue) noexcept {
    CMWQ_PROBE(activate_work, item, queue, queue->name);
}
/// The item's function is about to be called. From here on `item` is a name only.
inline void trace_execute_start(const work_base* item, const cmwq_queue* queue) noexcept {
    CMWQ_PROBE(execute_start, item, queue, queue->name);
}
inline void trace_execute_end(const work_base* item, const cmwq_queue* queue) noexcept {
    CMWQ_PROBE(execute_end, item, queue, queue->name);
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
