// SPDX-License-Identifier: Apache-2.0
//
// The two halves of stop 1, for those who claim an item in another way than enqueue does.
#pragma once

#include "engine/queue_state.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

/// Nothing to ask of the queue but whether the item is free.
constexpr bool is_plain(unsigned state) noexcept {
    constexpr unsigned slow = cmwq_queue::recorded | cmwq_queue::draining | cmwq_queue::bounded;
    return (state & (cmwq_queue::ready | slow)) == cmwq_queue::ready;
}

/// Would the queue accept a new item now? Makes it ready at its first use. To be asked before the claim.
[[nodiscard]] refusal admit(cmwq_queue& wq, const work_base* item, const call_site& where) noexcept;

/// Gives a claimed item to the workers; to a bounded queue beyond its bound if need be. Lifetime: the item may have run
/// and be gone when this returns.
void publish(cmwq_queue& wq, work_base& item) noexcept;
/// The same, to the workers of the CPU with that index; of a CPU that there is not, or -1: as publish.
void publish_on(cmwq_queue& wq, work_base& item, int cpu) noexcept;
/// The same, of an item for which there is room already, or none is needed.
void publish_with_room(cmwq_queue& wq, work_base& item, int cpu) noexcept;

/// Claims and publishes an item that is to run at once, on a bounded queue that admits it. `cpu` as for publish_on. May
/// block, or run the item. Lifetime: as publish.
[[nodiscard]] refusal submit_bounded(cmwq_queue& wq, work_base& item, const detail::prepare_step& prepare, int cpu,
                                     const call_site& where) noexcept;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
