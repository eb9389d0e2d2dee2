// SPDX-License-Identifier: Apache-2.0
//
// Model backend: stacks and the switch from one to another. Sanitizers are told about each switch.
#pragma once

#include <cstddef>
#include <vector>

namespace cmwq {
inline namespace v1 {
namespace model {
namespace detail {

/// Where a suspended fiber continues.
struct fiber_context {
    void* stack_pointer = nullptr;
    const void* stack_bottom = nullptr;  // lowest address; for AddressSanitizer
    std::size_t stack_size = 0;
    void* fake_stack = nullptr;       // AddressSanitizer's
    void* sanitizer_fiber = nullptr;  // ThreadSanitizer's
    // The C++ runtime keeps exceptions in flight per OS thread; a fiber that is suspended while it handles one takes
    // them along.
    void* caught_exceptions = nullptr;
    unsigned int uncaught_exceptions = 0;
};

/// A stack with a guard page below it.
struct fiber_stack {
    static constexpr std::size_t size = 256 * 1024;

    void* bottom = nullptr;
    void* sanitizer_fiber = nullptr;
};

/// Stacks are kept for the next fiber, the last one given back first.
class stack_pool {
public:
    stack_pool() = default;
    stack_pool(const stack_pool&) = delete;
    stack_pool& operator=(const stack_pool&) = delete;
    ~stack_pool();

    fiber_stack take();
    /// Context: may be called on that very stack, if it is left before anybody takes it.
    void give_back(fiber_stack stack);
    /// Of a fiber that was dropped midway. Under AddressSanitizer such a stack is never used again, so that the leak
    /// checker still sees what its objects own.
    void give_back_abandoned(fiber_stack stack);

private:
    std::vector<fiber_stack> free_;
};

/// Makes `context` start with `entry(argument)` on `stack`. `entry` must not return.
void prepare_context(fiber_context& context, const fiber_stack& stack, void (*entry)(void*), void* argument);

/// Suspends the caller as `from` and continues `to`. Returns when somebody switches to `from`. `from_ends`: nobody
/// will.
void switch_context(fiber_context& from, fiber_context& to, bool from_ends) noexcept;

/// To be called first thing by `entry`: completes the switch that led there.
void complete_switch() noexcept;

}  // namespace detail
}  // namespace model
}  // namespace v1
}  // namespace cmwq
