// SPDX-License-Identifier: Apache-2.0
//
// Model backend: threads are fibers of one OS thread; one runs at a time, and the scheduler says which.
#pragma once

#include "platform/thread_options.hpp"

#include <cstdint>

namespace cmwq {
inline namespace v1 {
namespace platform {

class thread {
public:
    /// Starts a thread that runs `body(argument)`. False: model::options::failing_thread_starts says so, or no run is
    /// active. The stack has its own size; options.stack_size is ignored.
    [[nodiscard]] bool start(const thread_options& options, void (*body)(void*), void* argument) noexcept;
    /// Waits until the thread has ended. To be called exactly once after a successful start.
    void join() noexcept;

private:
    int id_ = 0;
    std::uint32_t run_ = 0;  // the run it was started in: a thread of an earlier run has ended
};

/// One pointer per thread, null at first.
void* thread_slot() noexcept;
void set_thread_slot(void* value) noexcept;

/// Another pointer per thread, null at first.
void* trace_slot() noexcept;
/// Sets it. `give_back` is not called: the threads of a run are few, and end with it.
void hold_trace_slot(void* value, void (*give_back)(void*)) noexcept;
void forget_trace_slot() noexcept;

/// The name that it was started with.
void copy_thread_name(char (&name)[16]) noexcept;

/// Index into topology::cpus of the CPU that this thread is said to run on.
int current_cpu() noexcept;

/// Others go first.
void yield() noexcept;

/// Moves the thread to that CPU, or releases it (-1). Without model::options::share_cpus the CPU decides nothing but
/// what current_cpu() answers.
void pin_thread(int thread_id, int cpu) noexcept;

/// As model::options::may_leave_idle_policy says. Without model::options::share_cpus no effect: every thread may be
/// chosen at any step, whatever its policy.
void leave_idle_policy(int thread_id) noexcept;
void take_idle_policy() noexcept;

/// Nobody has a privilege here.
inline int current_niceness() noexcept {
    return 0;
}

/// The thread's number in this run: 1 is the body of the run. 0: outside of a run.
int current_thread_id() noexcept;

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
