// SPDX-License-Identifier: Apache-2.0
#include "backend/thread.hpp"

#include "backend/scheduler.hpp"
#include "backend/task_state.hpp"
#include "backend/topology.hpp"

#include <cstdio>

namespace cmwq {
inline namespace v1 {
namespace platform {

using model::detail::active_scheduler;
using model::detail::operation;
using model::detail::waiting_for;

namespace {

// The slot of whoever runs outside of runs.
thread_local void* outside_slot = nullptr;

void*& slot_of_caller() noexcept {
    auto* run = model::detail::scheduler_of_run();
    return run != nullptr ? run->current().slot : outside_slot;
}

}  // namespace

bool thread::start(const thread_options& options, void (*body)(void*), void* argument) noexcept {
    auto* run = active_scheduler();
    if (run == nullptr) return false;
    auto& entry = run->step(operation::thread_start, nullptr, std::memory_order_release);
    if (run->thread_start_fails()) {
        entry.kind = operation::thread_refused;
        return false;
    }
    model::detail::fiber_start how;
    how.name = options.name;
    how.cpu = options.cpu;
    how.idle_policy = options.policy == thread_policy::idle;
    how.entry = body;
    how.argument = argument;
    id_ = run->start(std::move(how)).id;
    run_ = model::detail::current_run();
    entry.after = static_cast<std::uint64_t>(id_);
    return true;
}

void thread::join() noexcept {
    if (id_ == 0) model::detail::fail_or_die("join of a thread that was not started, or was joined before");
    const int id = id_;
    id_ = 0;
    auto* run = active_scheduler();
    if (run == nullptr || run_ != model::detail::current_run()) return;
    run->step(operation::join, nullptr, std::memory_order_acquire).after = static_cast<std::uint64_t>(id);
    if (!run->find(id)->finished) {
        run->wait_for_thread(id);
        run->record(operation::joined, nullptr, static_cast<std::uint64_t>(id));
    }
    if (run->memory() != nullptr) run->memory()->joined(run->current_id(), id);
}

void* thread_slot() noexcept {
    return slot_of_caller();
}

void set_thread_slot(void* value) noexcept {
    slot_of_caller() = value;
}

void* trace_slot() noexcept {
    auto* run = model::detail::scheduler_of_run();
    return run != nullptr ? run->current().trace_slot : nullptr;
}

void hold_trace_slot(void* value, void (*)(void*)) noexcept {
    auto* run = model::detail::scheduler_of_run();
    if (run != nullptr) run->current().trace_slot = value;
}

void forget_trace_slot() noexcept {
    hold_trace_slot(nullptr, nullptr);
}

void copy_thread_name(char (&name)[16]) noexcept {
    auto* run = model::detail::scheduler_of_run();
    std::snprintf(name, sizeof name, "%.15s", run != nullptr ? run->current().name : "");
}

int current_cpu() noexcept {
    auto* run = model::detail::scheduler_of_run();
    return run != nullptr ? run->cpu_of(run->current()) : 0;
}

void pin_thread(int thread_id, int cpu) noexcept {
    auto* run = model::detail::scheduler_of_run();
    if (run != nullptr) run->pin(thread_id, cpu);
}

void leave_idle_policy(int thread_id) noexcept {
    auto* run = model::detail::scheduler_of_run();
    if (run != nullptr && run->how().may_leave_idle_policy) run->set_idle_policy(thread_id, false);
}

void take_idle_policy() noexcept {
    auto* run = model::detail::scheduler_of_run();
    if (run != nullptr) run->set_idle_policy(run->current().id, true);
}

int current_thread_id() noexcept {
    auto* run = model::detail::scheduler_of_run();
    return run != nullptr ? run->current().id : 0;
}

task_state task_state_of(int thread_id) noexcept {
    auto* run = model::detail::scheduler_of_run();
    if (run == nullptr) return task_state::unknown;
    if (!run->in_hook()) {
        run->step(operation::task_state, nullptr, std::memory_order_relaxed).after = static_cast<unsigned>(thread_id);
    }
    const auto* f = run->find(thread_id);
    if (f == nullptr || f->finished) return task_state::unknown;
    const bool on_cpu = f->runnable_index >= 0 || f->reason == waiting_for::burn || f->reason == waiting_for::turn;
    return on_cpu ? task_state::running : task_state::blocked;
}

std::chrono::nanoseconds cpu_time_of(int thread_id) noexcept {
    auto* run = model::detail::scheduler_of_run();
    const auto* f = run != nullptr ? run->find(thread_id) : nullptr;
    return std::chrono::nanoseconds(f != nullptr ? f->cpu_time : 0);
}

const topology& discover_topology() noexcept {
    static constinit topology single;
    auto* run = model::detail::scheduler_of_run();
    return run != nullptr ? run->cpus() : single;
}

usable_cpus read_usable_cpus() noexcept {
    auto* run = model::detail::scheduler_of_run();
    if (run != nullptr) return run->usable;
    usable_cpus single;
    single.allowed.add(0);
    return single;
}

void use_cpus(const cpu_indices& online) noexcept {
    if (auto* run = model::detail::scheduler_of_run()) run->use(online);
}

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
