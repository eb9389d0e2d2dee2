// SPDX-License-Identifier: Apache-2.0
//
// Families of queues: a queue with a parent draws from the parent's limit too. Its seat is nested in the parent's: its
// tokens wait there, in order with the parent's own items, until a token of the parent comes by and gives them a turn
// under its place. Protocol page: docs/design/tokens.md.
//
//   enters   a new queue, and the parent that its options name
//   leaves   the same queue, with that parent and what is the parent's to say; or without, and misuse was reported
//   locks    setup_lock
#pragma once

#include "engine/runtime_state.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

/// Gives a queue that is not ready yet its parent, if that one fits. `bound` is what the queue's options ask; what does
/// not go with the parent is taken back.
void nest(cmwq_queue& wq, cmwq_queue& parent, pending_bound& bound, const call_site& where) noexcept;
/// The reverse, of a retired queue.
void leave_parent(cmwq_queue& wq) noexcept;

[[nodiscard]] bool has_children(cmwq_queue& wq) noexcept;

/// Is it nested, at any depth, in `outer`? Not in itself.
inline bool is_nested_in(const cmwq_queue& wq, const cmwq_queue& outer) noexcept {
    const cmwq_queue* next = wq.parent;
    while (next != nullptr && next != &outer) next = next->parent;
    return next != nullptr;
}
[[nodiscard]] bool is_nested_in_freezable(const cmwq_queue& wq) noexcept;

/// Those that are nested in the queue, at any depth. Under setup_lock.
template <class Visit>
void for_each_nested(cmwq_queue& wq, Visit visit) {
    if (wq.nr_children == 0) return;
    for_each_queue(*wq.runtime, [&](cmwq_queue& other) {
        if (is_nested_in(other, wq)) visit(other);
    });
}

/// Is the calling thread inside a function whose item has the only place that items of this queue could run under? To
/// wait for them would never end.
[[nodiscard]] bool is_inside_only_place_of(const cmwq_queue& wq) noexcept;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
