// SPDX-License-Identifier: Apache-2.0
//
// Makes workers, keeps the idle ones, and ends those that nobody needed for long.
#pragma once

#include "engine/worker_pool.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

/// Starts a worker: one that has the running token of `pool`, which the caller took, or a spare that goes idle first.
/// False: the system refused a thread, or the scope has as many workers as it may; a token is still the caller's.
[[nodiscard]] bool create_worker(worker_pool& pool, bool as_spare) noexcept;

/// In a pool whose workers block: sees to it that an idle worker exists or is being born. Called by a worker before it
/// runs items, so that the canary, which makes no threads, finds somebody to wake.
void keep_spare(worker_pool& pool) noexcept;

/// The worker that went idle last, off the stack: the caller owns its next wake. Null when there is none. Lock-free,
/// and never waits.
[[nodiscard]] worker* pop_idle(worker_pool& pool) noexcept;

/// The worker that pop_idle would most likely return; it stays where it is. Null when there is none.
[[nodiscard]] const worker* top_idle(const worker_pool& pool) noexcept;

/// Somebody is about to be woken: fetches the line of the worker that pop_idle would return.
void expect_wake(const worker_pool& pool) noexcept;

/// Is there a worker on the idle stack?
[[nodiscard]] bool has_idle(const worker_pool& pool) noexcept;

/// Goes idle: puts the worker on the stack. It must not be running any more in the sense of nr_running.
void push_idle(worker& self) noexcept;

/// Sleeps until somebody hands over a running token. False: idle for longer than the runtime keeps surplus workers, or
/// the runtime ends: the thread is to end.
[[nodiscard]] bool wait_for_token(worker& self) noexcept;

/// Joins workers that ended after being idle for long.
void reap_ended(worker_pool& pool) noexcept;

/// Ends and joins all idle workers of the pool. Nothing may be enqueued to it any more.
void end_workers(worker_pool& pool) noexcept;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
