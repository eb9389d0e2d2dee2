// SPDX-License-Identifier: Apache-2.0
//
// What code inside a work function may ask and say.
#include "engine/misuse.hpp"
#include "engine/queue_state.hpp"

#include <cmwq/this_worker.hpp>

#include <algorithm>
#include <cstring>

namespace cmwq {
inline namespace v1 {
namespace this_worker {

work_base* current() noexcept {
    const engine::worker* me = engine::this_worker_slot();
    return me != nullptr ? me->current.load(engine::memory_order_relaxed) : nullptr;
}

queue* current_queue() noexcept {
    const engine::worker* me = engine::this_worker_slot();
    return me != nullptr && current() != nullptr ? me->queue : nullptr;
}

void describe(std::string_view text) noexcept {
    engine::worker* me = engine::this_worker_slot();
    if (me == nullptr || current() == nullptr) return;
    if (text.size() >= sizeof me->description) engine::report({misuse_code::name_too_long, current(), me->queue, {}});
    const std::size_t length = std::min(text.size(), sizeof me->description - 1);
    std::memcpy(me->description, text.data(), length);
    me->description[length] = '\0';
    me->described_item = me->item_number.load(engine::memory_order_relaxed);
}

bool is_rescuer() noexcept {
    return false;  // rescuers come with mem_reclaim's progress guarantee; no worker is one yet
}

}  // namespace this_worker
}  // namespace v1
}  // namespace cmwq
