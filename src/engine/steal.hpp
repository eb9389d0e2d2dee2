// SPDX-License-Identifier: Apache-2.0
//
// What a worker does when its own pool is empty: it takes items from the other pools of its
// neighbourhood, or of the one that it was woken to help.
#pragma once

#include "engine/worker_pool.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

/// Moves items of another pool to the worker's own list, the oldest first. False: there was nothing worth
/// taking, or the worker is not to go on (another one of its pool runs).
[[nodiscard]] bool steal(worker& me) noexcept;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
