// SPDX-License-Identifier: Apache-2.0
//
// On which CPUs the threads of a pool may run: on the pool's own, or on all that the process may use while that one is
// gone, or while an item computes for long that may leave it.
//
//   enters   a thread that is born, a CPU that comes or goes, a worker whose item hogs its CPU
//   leaves   the thread's affinity as it is to be
//   locks    the pool's workers_lock
#pragma once

#include "engine/worker_pool.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

/// The CPU to pin a thread of that CPU's pool to; -1: all that the process may use.
[[nodiscard]] int cpu_to_pin_to(int cpu) noexcept;

/// By a worker at its start: from now on pin_workers finds it, and what has changed since it was made is made up for.
void announce_thread(worker& me) noexcept;

/// After a change: all workers of the pool.
void pin_workers(worker_pool& pool) noexcept;

/// By the watchdog: the worker's item computes for long, and may run on any CPU until it ends.
void widen(worker& other) noexcept;
/// The item has ended, or was none of that kind: back to the pool's CPU, if it was widened. Any thread.
void narrow(worker& other) noexcept;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
