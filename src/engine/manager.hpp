// SPDX-License-Identifier: Apache-2.0
//
// Makes workers, keeps the idle ones, and ends those that nobody needed for long.
#pragma once

#include "engine/worker_pool.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

/// Starts a worker that has the running token of `pool`, which the caller took. False: the system refused a thread, or
/// the scope has as many workers as it may; the token is still the caller's.
[[nodiscard]] bool create_worker(worker_pool& pool) noexcept;

/// The worker that went idle last, off the stack: the caller owns its next wake. Null when there is none. Lock-free.
[[nodiscard]] worker* pop_idle(worker_pool& pool) noexcept;

/// Is there a worker on the idle stack?
[[nodiscard]] bool has_idle(const worker_pool& pool) noexcept;

/// Goes idle: puts the worker on the stack. It must not be running any more in the sense of nr_running.
void push_idle(worker& self) noexcept;

/// Sleeps until somebody hands over a running token. False: idle for longer than the runtime keeps surplus workers, or the
/// runtime ends: the thread is to end.
[[nodiscard]] bool wait_for_token(worker& self) noexcept;

/// Ends and joins all idle workers of the pool. Nothing may be enqueued to it any more.
void end_workers(worker_pool& pool) noexcept;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
