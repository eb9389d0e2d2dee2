// SPDX-License-Identifier: Apache-2.0
//
// Which invariants a step can have broken is told from where it wrote. Most steps write to nothing that an invariant
// speaks of, and the others to one pool or queue; were everything looked at, a look would cost more than the run.
#pragma once

#include "backend/step.hpp"
#include "engine/runtime_state.hpp"

#include <cstdint>

namespace cmwq_test {

/// What is to be looked at.
struct engine_part {
    bool everything = false;                    ///< things have come or gone, or it cannot be told
    cmwq::engine::worker_pool* pool = nullptr;  ///< it, or one of its workers
    cmwq::engine::pool_scope* scope = nullptr;  ///< its count of workers
    cmwq_queue* queue = nullptr;                ///< it, or one of its seats
};

/// Can it have changed anything? A load cannot, nor a compare_exchange that failed.
inline bool is_change(const cmwq::model::detail::trace_entry& step) {
    using cmwq::model::detail::operation;
    constexpr auto bit = [](operation kind) { return std::uint64_t{1} << static_cast<unsigned>(kind); };
    constexpr std::uint64_t no_changes = bit(operation::load) | bit(operation::now) | bit(operation::task_state) |
                                         bit(operation::fence_seq_cst) | bit(operation::fence_all_threads) |
                                         bit(operation::fence_compiler);
    if ((no_changes & bit(step.kind)) != 0) return false;
    return step.kind != operation::compare_exchange || step.result == cmwq::model::detail::verdict::success;
}

/// What a change has changed, but for items; if it unlocked a mutex, with the plain variables that the mutex guards.
engine_part part_changed_by(const cmwq::model::detail::trace_entry& step);

/// Other runtimes are watched from here on.
void forget_engine_memory();

}  // namespace cmwq_test
