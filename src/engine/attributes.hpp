// SPDX-License-Identifier: Apache-2.0
//
// From what a queue was told about CPUs to the rule that its tokens obey (placement.hpp).
#pragma once

#include "engine/queue_state.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

/// Sets `wq.where` to the rule for what the queue asks and its runtime allows; null: all CPUs, whichever is free.
/// False: no memory, nothing has changed. Under setup_lock; the runtime is settled.
[[nodiscard]] bool find_placement(cmwq_queue& wq) noexcept;

/// Frees the rules of a runtime whose queues are gone.
void free_placements(runtime_state& runtime) noexcept;

/// Makes `made` the rule for these attributes, in which nothing is by default, on these CPUs.
void make_placement(placement& made, const attributes& wanted, const platform::topology& all) noexcept;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
