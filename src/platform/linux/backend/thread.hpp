// SPDX-License-Identifier: Apache-2.0
//
// Linux backend: threads, the calling thread's slot, and where it runs.
#pragma once

#include "platform/thread_options.hpp"

#include <atomic>
#include <cstdint>
#include <pthread.h>
#include <sys/rseq.h>

namespace cmwq {
inline namespace v1 {
namespace platform {

class thread {
public:
    /// Starts a thread that runs `body(argument)` with every signal blocked. False: the system refused (then nothing
    /// happened). A CPU or niceness that is refused is not an error: the thread runs without it. Without a wish it gets
    /// the process's own niceness, whatever that of the calling thread is.
    [[nodiscard]] bool start(const thread_options& options, void (*body)(void*), void* argument) noexcept;
    /// Waits until the thread has ended. To be called exactly once after a successful start, or detach.
    void join() noexcept;
    /// Nobody will wait for it. For this backend's own use: the engine joins every thread that it starts.
    void detach() noexcept;

private:
    pthread_t handle_{};
};

namespace detail {
extern constinit thread_local void* slot __attribute__((tls_model("initial-exec")));

constexpr int max_os_cpus = 4096;
/// Index into topology::cpus of each CPU of the system's numbering; zero until discovered: index 0 always exists.
extern constinit std::atomic<std::uint16_t> index_of_os_cpu[max_os_cpus];
/// For threads without rseq.
int ask_for_cpu() noexcept;
}  // namespace detail

/// One pointer per thread, null at first.
inline void* thread_slot() noexcept {
    return detail::slot;
}
inline void set_thread_slot(void* value) noexcept {
    detail::slot = value;
}

/// Index into topology::cpus of the CPU that this thread runs on now. Under 1 ns where the C library registered rseq.
inline int current_cpu() noexcept {
    // The C library registers rseq for each thread (glibc 2.35); a negative id says that it could not.
    const auto* area = reinterpret_cast<const volatile struct rseq*>(  //
        static_cast<const char*>(__builtin_thread_pointer()) + __rseq_offset);
    const auto cpu = static_cast<int>(area->cpu_id);
    if (cpu < 0 || cpu >= detail::max_os_cpus) [[unlikely]]
        return detail::ask_for_cpu();
    return detail::index_of_os_cpu[cpu].load(std::memory_order_relaxed);
}

/// Lets other threads of this CPU run.
void yield() noexcept;

/// Restricts a thread to the CPU with that index, or with -1 lets it run on all of topology::cpus. No effect where the
/// system refuses.
void pin_thread(int thread_id, int cpu) noexcept;

/// Takes a thread out of the idle policy, so that it gets its share of a busy CPU. No effect where the system refuses:
/// the unprivileged need a RLIMIT_NICE of 20.
void leave_idle_policy(int thread_id) noexcept;
/// The calling thread goes back to it.
void take_idle_policy() noexcept;

/// The niceness of the calling thread less that of the process; negative: it goes before the others.
int current_niceness() noexcept;

/// The kernel's id of the calling thread.
int current_thread_id() noexcept;

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
