// SPDX-License-Identifier: Apache-2.0
//
// The engine's process-wide tables after a run. Of a failed one they are what its abandoned threads left: they are
// overwritten.
#pragma once

#include "engine/fork.hpp"
#include "engine/item_flush.hpp"
#include "engine/online_cpus.hpp"
#include "engine/recorder.hpp"
#include "engine/registry.hpp"
#include "engine/runtime_state.hpp"
#include "engine/stand_in.hpp"
#include "engine/timers.hpp"

#include <new>

namespace cmwq_test {

inline void forget_run(bool failed) {
    namespace engine = cmwq::engine;
    new (&engine::online_cpus::instance()) engine::online_cpus;          // may have been asked without a runtime
    engine::access::impl(cmwq::runtime::standard())->dog.forget_cpus();  // it lives on, and follows those of each run
    new (&engine::stand_ins_needed) engine::atomic<bool>{false};
    // Its thread has ended with the last runtime; how far its wheels had turned is seen by who arms the next item.
    new (&engine::timers::instance()) engine::timers;
    if (!failed) return;
    engine::forget_listed_runtimes();
    new (&engine::registry::instance()) engine::registry;
    new (&engine::item_flushes::instance()) engine::item_flushes;
    new (&engine::recorder::instance()) engine::recorder;
}

}  // namespace cmwq_test
