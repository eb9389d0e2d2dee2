// SPDX-License-Identifier: Apache-2.0
//
// High and low priority. Workers of highpri pools ask for niceness -20, those of background pools for 19. The one needs
// a permission (CAP_SYS_NICE or RLIMIT_NICE). Where it is refused there is preference only: between two items, the
// other workers of a CPU let its highpri workers go first.
#pragma once

#include "engine/worker_pool.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

/// By each worker at its start: counts whether it got the priority that its pool is to have, and if not, sees to it
/// that the others give way from now on.
void take_note_of_priority(const worker& me) noexcept;

/// A scope made after that was refused. Under setup_lock.
void give_way_in(pool_scope& made) noexcept;

/// A highpri worker of this pool's CPU wants it: then it has it first. For pools that give way.
void let_highpri_go_first(const worker_pool& pool) noexcept;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
