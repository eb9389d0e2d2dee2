// SPDX-License-Identifier: Apache-2.0
//
// Whom to wake, and when nobody: the component that decides more about speed than all atomics together. The rules are
// predicates in pool_policy.hpp; here they meet the atomics. Protocol page with proof sketch: docs/design/wake.md.
#pragma once

#include "engine/worker_pool.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

/// After a push of an item that the other pools may not take: nobody else comes round to it.
void wake_after_push_to_place(worker_pool& pool) noexcept;

/// Wakes (or makes) a worker of the pool if there is work and nobody runs. Safe to call at any time, from any thread
/// that holds no lock.
void kick(worker_pool& pool) noexcept;
/// Has one more worker run, although one is said to run: whoever has the running token does not get on. Should he come
/// round after all, one runs too many for a while. False: there is no worker to be had.
bool run_one_more(worker_pool& pool) noexcept;
/// Wakes the pool's idle workers, though they may find nothing to do, so that they lie down once again. False: there
/// are none.
bool rouse_idle(worker_pool& pool) noexcept;

/// Wakes (or makes) a worker of some pool that runs nothing, so that it takes from those of this neighbourhood: a pool
/// of the neighbourhood, or else one of a few from elsewhere.
void kick_neighbour(worker_pool& busy) noexcept;

/// The same, after `busy` got an item that they may take, or to have them look again whether there is one.
void offer_to_neighbour(worker_pool& busy) noexcept;

/// kick for each pool of the neighbourhood.
void kick_all(pool_scope& scope, const neighbourhood& all) noexcept;

/// Takes the right to run in an idle pool: true for exactly one caller, who then must hand it to a worker or give it
/// back.
[[nodiscard]] bool take_running_token(worker_pool& pool) noexcept;
void give_back_running_token(worker_pool& pool) noexcept;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
