// SPDX-License-Identifier: Apache-2.0
//
// Linux backend: atomics and fences. See platform/port.hpp for the contract.
#pragma once

#include <atomic>

namespace cmwq {
inline namespace v1 {
namespace platform {

template <class T>
using atomic = std::atomic<T>;
template <class T>
using atomic_ref = std::atomic_ref<T>;

/// Full fence of the calling thread.
inline void fence_seq_cst() noexcept {
#if defined(__x86_64__)
    // A locked instruction on the stack is a full fence for ordinary memory and half the price of mfence. It is written
    // as an atomic operation, because ThreadSanitizer understands those and no fences.
    std::atomic<int> anchor{0};
    anchor.fetch_add(0, std::memory_order_seq_cst);
#else
    std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
}

/// Full fence, given that the last memory access of this thread was an atomic read-modify-write with seq_cst order. On
/// x86 that instruction was one already, so only the compiler has to be held.
inline void fence_after_rmw() noexcept {
#if defined(__x86_64__)
    std::atomic_signal_fence(std::memory_order_seq_cst);
#else
    std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
}

/// Holds the compiler only. For code that runs only where has_fence_all_threads().
inline void fence_compiler() noexcept {
    std::atomic_signal_fence(std::memory_order_seq_cst);
}

namespace detail {
enum class membarrier_state : int { unknown, usable, refused };
extern constinit std::atomic<membarrier_state> membarrier;
bool ask_for_membarrier() noexcept;
}  // namespace detail

/// May fence_all_threads() be relied on here? False where membarrier is refused (old kernels, strict sandboxes).
inline bool has_fence_all_threads() noexcept {
    const auto known = detail::membarrier.load(std::memory_order_relaxed);
    if (known == detail::membarrier_state::usable) [[likely]]
        return true;
    return known == detail::membarrier_state::unknown && detail::ask_for_membarrier();
}

/// After this returns, every other thread of the process has executed a full fence: membarrier, private expedited.
/// Costs
/// 0.15 us when no other CPU runs a thread of this process, 16-20 us on a two-CPU virtual machine when one does.
void fence_all_threads() noexcept;

/// The fast half of an asymmetric pair, whose other half is fence_all_threads(): nothing but a load and a branch, or a
/// full fence where the other half cannot do its part.
inline void fence_light() noexcept {
    if (has_fence_all_threads()) [[likely]]
        return fence_compiler();
    fence_seq_cst();
}

/// One step of a bounded spin.
inline void pause() noexcept {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
