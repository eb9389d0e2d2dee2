// SPDX-License-Identifier: Apache-2.0
#include "backend/atomic.hpp"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace cmwq {
inline namespace v1 {
namespace platform {

namespace detail {

constinit std::atomic<membarrier_state> membarrier{membarrier_state::unknown};

bool ask_for_membarrier() noexcept {
    const bool usable = syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
    membarrier.store(usable ? membarrier_state::usable : membarrier_state::refused, std::memory_order_relaxed);
    return usable;
}

}  // namespace detail

namespace {

/// When the library is loaded, which is as a rule before the program's second thread: asked for later, the kernel lets
/// all of its CPUs pass a grace period first, some 20 ms in which the worker that asked cannot run an item.
[[gnu::constructor]] void ask_early() noexcept {
    (void)has_fence_all_threads();
}

}  // namespace

void fence_all_threads() noexcept {
    fence_seq_cst();
    if (has_fence_all_threads()) syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
