// SPDX-License-Identifier: Apache-2.0
//
// Twelve sentences that hold between any two steps of any run of the engine. Every scenario that runs on_cpus(…) or
// on_two_nodes() checks them at each step of each run; of each n-th with CMWQ_MODEL_INVARIANTS=n in the environment.
// After a step those are checked that it can have broken (engine_memory.hpp). Each is one function of invariants.cpp.
//
// The look is from outside: between two steps at most one atomic operation has happened, so that each transition of an
// item's state word is seen, and by whom. Nothing here is a step of the run.
#pragma once

#include "engine/runtime_state.hpp"

#include <cmwq/cmwq.hpp>
#include <string>
#include <vector>

namespace cmwq_test {

namespace engine = cmwq::engine;
namespace platform = cmwq::platform;

/// The value of an atomic as memory has it, without a step.
template <class T>
T peek(const platform::atomic<T>& holder) {
    static_assert(sizeof holder == sizeof(T));
    return reinterpret_cast<const T&>(holder);
}

/// A member of an item whose transitions are to be followed; declared after the counters that it names.
class under_watch {
public:
    under_watch(cmwq::work_base& item, const int& runs, const int& inside);
    ~under_watch();
    under_watch(const under_watch&) = delete;
    under_watch& operator=(const under_watch&) = delete;

private:
    cmwq::work_base* item_;
};

/// The runtimes that exist and are to be looked at, and what is known of them.
void watch_runtime(engine::runtime_state& runtime);
void forget_runtime(engine::runtime_state& runtime);
const std::vector<engine::runtime_state*>& watched_runtimes();

/// For options::on_step: all twelve.
void check_invariants();

/// Or is there none yet? For what else a scenario looks at between steps.
bool last_step_is_change();

/// For options::after_run: whoever was watched is gone.
void forget_all_watched();
/// Has each n-th run looked at from here on; 0: as CMWQ_MODEL_INVARIANTS or the default says.
void look_at_each(std::uint64_t nth);
/// For options::after_run: another run begins, which is looked at or not.
void count_run();

}  // namespace cmwq_test
