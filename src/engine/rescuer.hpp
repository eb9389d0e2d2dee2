// SPDX-License-Identifier: Apache-2.0
//
// Promise 8: a queue marked mem_reclaim gets on when neither a thread nor memory can be had. It has a thread made in
// advance, the rescuer, which sleeps until the watchdog finds a pool with work whose workers cannot be made; it then
// runs the queue's own items out of that pool, one after the other, and nobody else's.
#pragma once

#include "engine/queue_state.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

struct rescuer {
    cmwq_queue* queue = nullptr;  // I
    worker* self = nullptr;       // I: its slot, so that its items are like any others
    atomic<bool> ending{false};   // A(rescuer)
    platform::parker parker;
    platform::thread thread{};
};

/// Makes the queue's rescuer. False: no memory or no thread; the queue cannot keep its promise and is not made.
[[nodiscard]] bool create_rescuer(cmwq_queue& wq) noexcept;
/// Ends and joins it. The queue is drained.
void end_rescuer(cmwq_queue& wq) noexcept;

/// Distress: some pool of the queue's scope has work and cannot make a worker. Any thread, no lock.
void summon_rescuer(cmwq_queue& wq) noexcept;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
