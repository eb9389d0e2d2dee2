// SPDX-License-Identifier: Apache-2.0
//
// What code inside a work function may ask and say.
#include "engine/concurrency.hpp"
#include "engine/misuse.hpp"
#include "engine/queue_state.hpp"
#include "engine/recorder.hpp"
#include "engine/stand_in.hpp"

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
    engine::locked hold{me->pool->workers_lock};  // a report may read it
    const std::size_t length = std::min(text.size(), sizeof me->description - 1);
    std::memcpy(me->description, text.data(), length);
    me->description[length] = '\0';
    me->described_item = me->item_number.load(engine::memory_order_relaxed);
    if ((me->attention.load(engine::memory_order_relaxed) & engine::attention::recorded) != 0) {
        engine::record_text({me->description, length});
    }
}

bool is_rescuer() noexcept {
    const engine::worker* me = engine::this_worker_slot();
    return me != nullptr && me->is_rescuer;
}

// A plain store: the canary, which runs when the call has really blocked, reads it and saves itself the question to the
// kernel. Waking somebody here instead would let him preempt before the call has blocked. Only without a canary is the
// count left at once.
blocking_region::blocking_region() noexcept {
    engine::worker* me = engine::this_worker_slot();
    if (me == nullptr || current() == nullptr || me->blocking_depth++ != 0) return;
    engine::look_for_watchdogs_if_needed();
    me->in_blocking_region.store(true, engine::memory_order_relaxed);
    if (!me->pool->bird.employed()) engine::make_up_for(*me->pool, engine::leave_counts(*me));
}

blocking_region::~blocking_region() {
    engine::worker* me = engine::this_worker_slot();
    if (me == nullptr || current() == nullptr || --me->blocking_depth != 0) return;
    me->in_blocking_region.store(false, engine::memory_order_relaxed);
    engine::join_running_count(*me);
}

}  // namespace this_worker
}  // namespace v1
}  // namespace cmwq
