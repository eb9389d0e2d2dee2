// SPDX-License-Identifier: Apache-2.0
#include "backend/mutex.hpp"

#include "backend/scheduler.hpp"

namespace cmwq {
inline namespace v1 {
namespace platform {

using model::detail::operation;
using model::detail::verdict;
using model::detail::waiting_for;

namespace {

// Whoever locks outside of a run, or in the step hook.
constexpr int no_thread = -1;

}  // namespace

int mutex::owner() const noexcept {
    return run_ == model::detail::current_run() ? owner_ : 0;
}

void mutex::take(int thread_id) noexcept {
    owner_ = thread_id;
    run_ = model::detail::current_run();
}

void mutex::lock() noexcept {
    auto* run = model::detail::active_scheduler();
    if (run == nullptr) {
        if (owner() != 0) model::detail::fail_or_die("a mutex is locked where nobody can wait, and it is held");
        return take(no_thread);
    }
    run->step(operation::mutex_lock, this, std::memory_order_acquire);
    const int self = run->current().id;
    if (owner() == self) run->fail("a thread locks a mutex that it holds");
    if (owner() != 0) {
        run->wait(waiting_for::mutex, this);  // runs again only while the mutex is free: see suspend_waiters_of
        run->record(operation::mutex_acquired, this);
    }
    take(self);
    if (run->memory() != nullptr) run->memory()->acquire(self, this);
    run->suspend_waiters_of(this);
}

bool mutex::try_lock() noexcept {
    auto* run = model::detail::active_scheduler();
    if (run == nullptr) {
        if (owner() != 0) return false;
        take(no_thread);
        return true;
    }
    auto& entry = run->step(operation::mutex_try_lock, this, std::memory_order_acquire);
    const bool taken = owner() == 0;
    entry.result = taken ? verdict::success : verdict::failure;
    if (!taken) return false;
    take(run->current().id);
    if (run->memory() != nullptr) run->memory()->acquire(run->current().id, this);
    run->suspend_waiters_of(this);
    return true;
}

void mutex::unlock() noexcept {
    auto* run = model::detail::active_scheduler();
    if (run == nullptr) {
        if (owner() != no_thread) model::detail::fail_or_die("a mutex is unlocked by somebody who does not hold it");
        return take(0);
    }
    run->step(operation::mutex_unlock, this, std::memory_order_release);
    if (owner() != run->current().id) run->fail("a thread unlocks a mutex that it does not hold");
    if (run->memory() != nullptr) run->memory()->release(run->current().id, this);
    take(0);
    run->wake_waiters_of(this);
}

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
