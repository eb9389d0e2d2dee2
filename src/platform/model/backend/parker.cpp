// SPDX-License-Identifier: Apache-2.0
#include "backend/parker.hpp"

#include "backend/scheduler.hpp"

namespace cmwq {
inline namespace v1 {
namespace platform {

using model::detail::operation;
using model::detail::waiting_for;

// A parker in static storage must not carry the token, or a dropped waiter, of an earlier run into this one.
void parker::forget_earlier_runs() noexcept {
    const std::uint32_t run = model::detail::current_run();
    if (run_ == run) return;
    run_ = run;
    token_ = false;
    waiter_ = 0;
}

bool parker::take_token() noexcept {
    forget_earlier_runs();
    if (!token_) return false;
    token_ = false;
    auto* run = model::detail::active_scheduler();
    if (run != nullptr && run->memory() != nullptr) run->memory()->acquire(run->current().id, this);
    return true;
}

bool parker::wait(std::int64_t deadline) noexcept {
    auto& run = *model::detail::active_scheduler();
    if (waiter_ != 0) run.fail("two threads wait on one parker");
    const bool disturbed = run.wait_is_disturbed();
    if (disturbed) {
        run.step(operation::park_disturbed, this, std::memory_order_acquire);
        if (take_token()) return true;
        if (deadline <= run.now()) return false;
    }
    waiter_ = run.current().id;
    run.wait(waiting_for::token, this, deadline);
    waiter_ = 0;
    if (disturbed) run.hold_up();
    // A token that came between the time-out and this thread's turn is taken all the same.
    const bool taken = take_token();
    run.record(taken ? operation::unparked : operation::park_timed_out, this);
    return taken;
}

void parker::park() noexcept {
    auto* run = model::detail::active_scheduler();
    if (run != nullptr) run->step(operation::park, this, std::memory_order_acquire);
    if (take_token()) return;
    if (run == nullptr) model::detail::fail_or_die("a thread parks where nobody can wake it");
    wait(model::detail::no_deadline);
}

bool parker::park_until(std::chrono::nanoseconds when) noexcept {
    auto* run = model::detail::active_scheduler();
    if (run != nullptr) {
        auto& entry = run->step(operation::park_until, this, std::memory_order_acquire);
        entry.after = static_cast<std::uint64_t>(when.count());
    }
    if (take_token()) return true;
    if (run == nullptr || when.count() <= run->now()) return false;
    return wait(when.count());
}

void parker::unpark() noexcept {
    auto* run = model::detail::active_scheduler();
    if (run != nullptr) run->step(operation::unpark, this, std::memory_order_release);
    forget_earlier_runs();
    if (run != nullptr && run->memory() != nullptr) run->memory()->release(run->current().id, this);
    token_ = true;
    if (run == nullptr || waiter_ == 0) return;
    model::detail::fiber& waiter = *run->find(waiter_);
    if (waiter.runnable_index < 0) run->wake(waiter);
}

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
