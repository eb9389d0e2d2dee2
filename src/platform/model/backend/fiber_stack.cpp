// SPDX-License-Identifier: Apache-2.0
#include "backend/fiber_stack.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cxxabi.h>
#include <sys/mman.h>
#include <unistd.h>

// CMWQ_MODEL_PORTABLE_SWITCH: use ucontext where the own switch would do, to test it.
#if defined(__x86_64__) && !defined(CMWQ_MODEL_PORTABLE_SWITCH)
#define CMWQ_MODEL_OWN_SWITCH 1
#else
#include <new>
#include <ucontext.h>
#endif

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CMWQ_MODEL_ADDRESS_SANITIZER 1
#endif
#if __has_feature(thread_sanitizer)
#define CMWQ_MODEL_THREAD_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define CMWQ_MODEL_ADDRESS_SANITIZER 1
#endif
#if defined(__SANITIZE_THREAD__)
#define CMWQ_MODEL_THREAD_SANITIZER 1
#endif

#if defined(CMWQ_MODEL_ADDRESS_SANITIZER)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#endif
#if defined(CMWQ_MODEL_THREAD_SANITIZER)
#include <sanitizer/tsan_interface.h>
#endif

// ---- the bare switch -----------------------------------------------------------------------------------------------

#if defined(CMWQ_MODEL_OWN_SWITCH)

// Saves what the calling convention lets a function keep, on the stack that is left; swapcontext would add a system
// call to each switch. The floating-point control words are not switched: nobody here changes them.
extern "C" void cmwq_model_switch_stack(void** save_stack_pointer, void* stack_pointer) noexcept;
extern "C" void cmwq_model_enter_fiber() noexcept;

asm(R"(
    .text
    .p2align 4
    .globl cmwq_model_switch_stack
    .hidden cmwq_model_switch_stack
    .type cmwq_model_switch_stack, @function
cmwq_model_switch_stack:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size cmwq_model_switch_stack, . - cmwq_model_switch_stack

    .p2align 4
    .globl cmwq_model_enter_fiber
    .hidden cmwq_model_enter_fiber
    .type cmwq_model_enter_fiber, @function
cmwq_model_enter_fiber:
    .cfi_startproc
    .cfi_undefined rip
    movq %r12, %rdi
    callq *%r13
    ud2
    .cfi_endproc
    .size cmwq_model_enter_fiber, . - cmwq_model_enter_fiber
)");

#endif

namespace cmwq {
inline namespace v1 {
namespace model {
namespace detail {

namespace {

std::size_t page_size() {
    static const std::size_t size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return size;
}

fiber_stack map_stack() {
    const std::size_t guard = page_size();
    void* memory = mmap(nullptr, guard + fiber_stack::size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED || mprotect(memory, guard, PROT_NONE) != 0) {
        std::fputs("cmwq model: no memory for a fiber stack\n", stderr);
        std::abort();
    }
    fiber_stack stack;
    stack.bottom = static_cast<char*>(memory) + guard;
#if defined(CMWQ_MODEL_THREAD_SANITIZER)
    stack.sanitizer_fiber = __tsan_create_fiber(0);
#endif
    return stack;
}

void unmap_stack(const fiber_stack& stack) {
#if defined(CMWQ_MODEL_THREAD_SANITIZER)
    __tsan_destroy_fiber(stack.sanitizer_fiber);
#endif
    munmap(static_cast<char*>(stack.bottom) - page_size(), page_size() + fiber_stack::size);
}

}  // namespace

stack_pool::~stack_pool() {
    for (const auto& stack : free_) unmap_stack(stack);
}

fiber_stack stack_pool::take() {
    if (free_.empty()) return map_stack();
    fiber_stack stack = free_.back();
    free_.pop_back();
#if defined(CMWQ_MODEL_ADDRESS_SANITIZER)
    // The frames that ended here left their red zones in the shadow memory.
    __asan_unpoison_memory_region(stack.bottom, fiber_stack::size);
#endif
#if defined(CMWQ_MODEL_THREAD_SANITIZER)
    // Its shadow call stack still holds the frames in which the last fiber ended.
    __tsan_destroy_fiber(stack.sanitizer_fiber);
    stack.sanitizer_fiber = __tsan_create_fiber(0);
#endif
    return stack;
}

void stack_pool::give_back(fiber_stack stack) {
    free_.push_back(stack);
}

void stack_pool::give_back_abandoned(fiber_stack stack) {
#if defined(CMWQ_MODEL_ADDRESS_SANITIZER)
    __lsan_register_root_region(stack.bottom, fiber_stack::size);
#else
    free_.push_back(stack);
#endif
}

// ---- contexts ------------------------------------------------------------------------------------------------------

namespace {

// The head of the C++ ABI's per-thread exception record (Itanium C++ ABI, exception handling, 2.2.2).
struct exception_record {
    void* caught;
    unsigned int uncaught;
};

exception_record& exceptions_of_this_thread() noexcept {
    static constinit thread_local exception_record* record = nullptr;  // asking for it is half of a switch
    if (record == nullptr) record = reinterpret_cast<exception_record*>(abi::__cxa_get_globals());
    return *record;
}

void switch_exceptions(fiber_context& from, const fiber_context& to) noexcept {
    exception_record& record = exceptions_of_this_thread();
    from.caught_exceptions = record.caught;
    from.uncaught_exceptions = record.uncaught;
    record.caught = to.caught_exceptions;
    record.uncaught = to.uncaught_exceptions;
}

#if defined(CMWQ_MODEL_ADDRESS_SANITIZER)
fiber_context* previous_context = nullptr;
#endif

// Both are inlined because ThreadSanitizer keeps a shadow call stack per fiber: no call may begin on one and end on the
// other, except the one of switch_context itself, which every fiber is in while it is suspended.
[[gnu::always_inline]] inline void announce_switch([[maybe_unused]] fiber_context& from,
                                                   [[maybe_unused]] fiber_context& to,
                                                   [[maybe_unused]] bool from_ends) noexcept {
#if defined(CMWQ_MODEL_ADDRESS_SANITIZER)
    previous_context = &from;
    __sanitizer_start_switch_fiber(from_ends ? nullptr : &from.fake_stack, to.stack_bottom, to.stack_size);
#endif
#if defined(CMWQ_MODEL_THREAD_SANITIZER)
    if (from.sanitizer_fiber == nullptr) from.sanitizer_fiber = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(to.sanitizer_fiber, 0);
#endif
}

[[gnu::always_inline]] inline void arrive([[maybe_unused]] void* fake_stack) noexcept {
#if defined(CMWQ_MODEL_ADDRESS_SANITIZER)
    // The OS thread's own stack is known by nobody else: its bounds are learnt when it is left.
    __sanitizer_finish_switch_fiber(fake_stack, &previous_context->stack_bottom, &previous_context->stack_size);
#endif
}

}  // namespace

void complete_switch() noexcept {
    arrive(nullptr);
}

#if defined(CMWQ_MODEL_OWN_SWITCH)

void prepare_context(fiber_context& context, const fiber_stack& stack, void (*entry)(void*), void* argument) {
    context = {};
    context.stack_bottom = stack.bottom;
    context.stack_size = fiber_stack::size;
    context.sanitizer_fiber = stack.sanitizer_fiber;
    // What cmwq_model_switch_stack pops: r15 r14 r13 r12 rbx rbp and the return address, which leaves the stack
    // pointer where the calling convention wants it before a call, at a multiple of 16.
    auto* top = reinterpret_cast<std::uintptr_t*>(static_cast<char*>(stack.bottom) + fiber_stack::size - 16);
    *--top = reinterpret_cast<std::uintptr_t>(&cmwq_model_enter_fiber);
    *--top = 0;
    *--top = 0;
    *--top = reinterpret_cast<std::uintptr_t>(argument);
    *--top = reinterpret_cast<std::uintptr_t>(entry);
    *--top = 0;
    *--top = 0;
    context.stack_pointer = top;
}

void switch_context(fiber_context& from, fiber_context& to, bool from_ends) noexcept {
    switch_exceptions(from, to);
    announce_switch(from, to, from_ends);
    cmwq_model_switch_stack(&from.stack_pointer, to.stack_pointer);
    arrive(from.fake_stack);
}

#else

namespace {

struct portable_start {
    ucontext_t registers;
    void (*entry)(void*);
    void* argument;
};

// makecontext passes ints only.
void enter_portable(unsigned int high, unsigned int low) {
    const auto address = (static_cast<std::uintptr_t>(high) << 32) | low;
    const auto* start = reinterpret_cast<const portable_start*>(address);
    start->entry(start->argument);
}

}  // namespace

void prepare_context(fiber_context& context, const fiber_stack& stack, void (*entry)(void*), void* argument) {
    context = {};
    context.stack_bottom = stack.bottom;
    context.stack_size = fiber_stack::size;
    context.sanitizer_fiber = stack.sanitizer_fiber;
    // The start record lives at the bottom of the stack that it starts: it is dead long before the stack gets there.
    auto* start = new (stack.bottom) portable_start{{}, entry, argument};
    getcontext(&start->registers);
    start->registers.uc_stack.ss_sp = stack.bottom;
    start->registers.uc_stack.ss_size = fiber_stack::size;
    const auto address = reinterpret_cast<std::uintptr_t>(start);
    makecontext(&start->registers, reinterpret_cast<void (*)()>(&enter_portable), 2,
                static_cast<unsigned int>(address >> 32), static_cast<unsigned int>(address));
    context.stack_pointer = &start->registers;
}

void switch_context(fiber_context& from, fiber_context& to, bool from_ends) noexcept {
    ucontext_t here;
    switch_exceptions(from, to);
    announce_switch(from, to, from_ends);
    from.stack_pointer = &here;
    swapcontext(&here, static_cast<ucontext_t*>(to.stack_pointer));
    arrive(from.fake_stack);
}

#endif

}  // namespace detail
}  // namespace model
}  // namespace v1
}  // namespace cmwq
