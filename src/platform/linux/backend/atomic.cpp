// SPDX-License-Identifier: Apache-2.0
#include "backend/atomic.hpp"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace cmwq {
inline namespace v1 {
namespace platform {

namespace {

bool register_membarrier() noexcept {
    return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

}  // namespace

bool has_fence_all_threads() noexcept {
    static const bool usable = register_membarrier();
    return usable;
}

void fence_all_threads() noexcept {
    fence_seq_cst();
    syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
