// SPDX-License-Identifier: Apache-2.0
//
// Model backend: the operations that are nothing but a scheduling point, and the clock.
#include "backend/atomic.hpp"
#include "backend/clock.hpp"
#include "backend/scheduler.hpp"
#include "backend/thread.hpp"

namespace cmwq {
inline namespace v1 {
namespace platform {

using model::detail::active_scheduler;
using model::detail::operation;

namespace {

void fence_of_caller() noexcept {
    auto& run = *active_scheduler();
    run.memory()->fence(run.current_id());
}

}  // namespace

void fence_seq_cst(model::detail::site at) noexcept {
    model::detail::step(operation::fence_seq_cst, nullptr);
    if (model::detail::weak_memory_of_caller() != nullptr && model::detail::fence_stands_here(at)) fence_of_caller();
}

void fence_after_rmw() noexcept {
    model::detail::step(operation::fence_seq_cst, nullptr);
    if (model::detail::weak_memory_of_caller() == nullptr) return;
    auto& run = *active_scheduler();
    if (!run.memory()->last_was_seq_cst_modify(run.current_id()))
        run.fail("fence_after_rmw, and the last access was no seq_cst read-modify-write");
    fence_of_caller();
}

void fence_compiler() noexcept {
    model::detail::step(operation::fence_compiler, nullptr);
}

bool has_fence_all_threads() noexcept {
    const auto* run = model::detail::scheduler_of_run();
    return run == nullptr || run->how().has_fence_all_threads;
}

void fence_all_threads(model::detail::site at) noexcept {
    model::detail::step(operation::fence_all_threads, nullptr);
    if (model::detail::weak_memory_of_caller() == nullptr || !model::detail::fence_stands_here(at)) return;
    auto& run = *active_scheduler();
    run.memory()->fence_all(run.current_id());
}

void pause() noexcept {
    if (auto* run = active_scheduler()) run->yield(operation::pause);
}

void yield() noexcept {
    if (auto* run = active_scheduler()) run->yield(operation::yield);
}

std::chrono::nanoseconds now() noexcept {
    auto* run = model::detail::scheduler_of_run();
    if (run == nullptr) return std::chrono::nanoseconds(0);
    if (run->in_hook()) return std::chrono::nanoseconds(run->now());
    auto& entry = run->step(operation::now, nullptr, std::memory_order_seq_cst);
    entry.after = static_cast<std::uint64_t>(run->now());
    return std::chrono::nanoseconds(run->now());
}

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
