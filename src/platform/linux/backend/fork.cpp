// SPDX-License-Identifier: Apache-2.0
#include "backend/fork.hpp"

#include "backend/atomic.hpp"
#include "backend/task_files.hpp"
#include "backend/topology.hpp"

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace cmwq {
inline namespace v1 {
namespace platform {

void at_fork(void (*prepare)(), void (*in_parent)(), void (*in_child)()) noexcept {
    pthread_atfork(prepare, in_parent,
                   in_child);  // fails for want of memory only: then a child must not use the library
}

void renew_after_fork() noexcept {
    // The kernel keeps the registration across fork; asked again, because nothing promises that.
    detail::membarrier.store(detail::membarrier_state::unknown, std::memory_order_relaxed);
    forget_task_files();
    forget_witness();  // a thread of the parent's
}

void end_this_thread() noexcept {
    // Not pthread_exit: its unwinding would run the destructors of frames that belong to the parent.
    for (;;) syscall(SYS_exit, 0);
}

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
