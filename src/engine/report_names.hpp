// SPDX-License-Identifier: Apache-2.0
//
// What reports call items and queues that may be gone by the time they are told of.
#pragma once

#include "engine/queue_state.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

/// The item's name as its kind knows it: usable when the item may be gone.
const char* name_of(const work_class& kind) noexcept;

struct queue_name {
    char text[cmwq_queue::name_size] = "?";
};

/// A copy of the name of the queue with that id, "?" if there is none any more: for whoever has none of its items, so
/// that it may be destroyed at any moment. Takes the registry's lock.
queue_name name_of_queue(queue_id id) noexcept;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
