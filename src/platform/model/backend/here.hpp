// SPDX-License-Identifier: Apache-2.0
//
// Model backend: in which run the caller is. Asked by each operation several times, so it is a variable and no call.
#pragma once

namespace cmwq {
inline namespace v1 {
namespace model {
namespace detail {

class scheduler;
class weak_memory;

/// Of a function that is not to report its plain accesses, in code that is compiled to do so: the access to the object
/// of an atomic is reported as what it is.
#define CMWQ_MODEL_UNREPORTED __attribute__((no_sanitize("thread")))

/// All of the model lives on one OS thread; others that should call the library see no run.
struct place_of_caller {
    scheduler* run = nullptr;       ///< the run in progress, also in the step hook
    scheduler* active = nullptr;    ///< null in the step hook, where operations are plain
    weak_memory* memory = nullptr;  ///< null in the step hook, and in a run without weak memory
};

// initial-exec: two loads and no call, in a static library too. It is small enough for a program that loads this late.
[[gnu::tls_model("initial-exec")]] extern constinit thread_local place_of_caller here;

/// The run that the caller is a thread of, null: none, or in the step hook (where operations are plain).
CMWQ_MODEL_UNREPORTED inline scheduler* active_scheduler() noexcept {
    return here.active;
}

/// The run in progress, also in the step hook.
CMWQ_MODEL_UNREPORTED inline scheduler* scheduler_of_run() noexcept {
    return here.run;
}

/// Null: the caller is in no run, in the step hook, or in a run without weak memory.
CMWQ_MODEL_UNREPORTED inline weak_memory* weak_memory_of_caller() noexcept {
    return here.memory;
}

}  // namespace detail
}  // namespace model
}  // namespace v1
}  // namespace cmwq
