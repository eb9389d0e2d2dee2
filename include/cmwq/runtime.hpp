// SPDX-License-Identifier: Apache-2.0
//
// The runtime: the workers, their pools and what they were told. Most programs never name it: the free functions
// (system(), make_queue()) use runtime::standard(), which starts when the first item is enqueued. Tests and
// simulations make their own.
#pragma once

#include <cmwq/options.hpp>
#include <cmwq/owned_queue.hpp>
#include <cmwq/queue.hpp>

#include <chrono>
#include <cstdint>
#include <exception>

namespace cmwq {
inline namespace v1 {

/// An exception that left a work function. There is nobody on the worker's stack to catch it, so by default it ends the
/// program, as it does in std::thread; a program that can do better sets runtime_options::on_exception. A function that
/// must tell its failure to somebody stores it in the item.
///
/// The names are never null and live until the handler returns.
struct escaped_exception {
    const char* item;          ///< The item's name. The item itself may be gone.
    const char* queue;         ///< The name of the queue that ran it.
    std::exception_ptr error;  ///< Null when the library was built without exceptions.
};

/// Called on the worker, after the function was left and the owner it held was released. If the handler returns, the
/// item counts as finished and the worker goes on.
using exception_handler = void (*)(const escaped_exception&) noexcept;

/// How a runtime learns that a running item blocks (docs/guide/blocking.md). Only speed depends on it, never progress.
enum class block_detection : std::uint8_t {
    automatic,     ///< CMWQ_BLOCK_DETECT from the environment, else the best that works here, found out by trying.
    canary,        ///< A thread of the lowest priority per CPU, which the kernel runs when the worker does not.
    batch_canary,  ///< The same with ordinary priority: for CPUs that are busy with other threads.
    watchdog,      ///< A look at the state of the workers every 10 ms.
    off,           ///< No look at states: a worker that does not end its item within 10 ms counts as blocked.
};

/// What a runtime is told once, at construction.
struct runtime_options {
    /// Null: print the item's and the queue's name, then std::terminate.
    exception_handler on_exception = nullptr;
    /// How long a superfluous worker stays idle before it ends. 300 s is the kernel's figure (IDLE_WORKER_TIMEOUT).
    std::chrono::nanoseconds idle_worker_timeout = std::chrono::seconds{300};
    /// A bound on the workers, blocked ones included, of each kind of queue (per-CPU or unbound, highpri or not): at
    /// the bound, items wait. 1024 is the default max_active too, so that a queue with the default is held back by
    /// nothing else.
    unsigned max_workers = 1024;
    /// Makes power_efficient queues unbound: fewer CPUs are woken, at the price of locality.
    bool power_efficient = false;
    /// A fixed choice wins over the environment. In the environment: CMWQ_BLOCK_DETECT=auto|canary|batch|watchdog|off.
    block_detection detect = block_detection::automatic;
    /// A pool that has work and begins no item for this long is reported on stderr, with the items its workers are in and
    /// where these stand in the kernel; again each time as much time has passed. Zero: never. 30 s is the kernel's figure.
    std::chrono::nanoseconds report_stalls_after = std::chrono::seconds{30};
};

/// Counters since the runtime started, and the present size. Each figure is exact for some moment during the call; they
/// are not a snapshot of one moment.
struct runtime_statistics {
    std::uint64_t workers_created = 0;           ///< Worker threads started.
    std::uint64_t workers_destroyed = 0;         ///< Worker threads ended after being idle.
    std::uint64_t worker_creation_failures = 0;  ///< Attempts at starting a thread that the system refused.
    std::uint64_t items_rescued = 0;             ///< Items that rescuers ran because no worker could be made.
    std::uint64_t cpu_hogs = 0;                  ///< Items found computing for more than 10 ms.
    std::uint64_t items_stolen = 0;              ///< Items run by another pool than the one they were enqueued to.
    std::uint64_t wakeups = 0;                   ///< Idle workers woken because an item was enqueued.
    std::uint64_t flushes = 0;                   ///< Flushes of queues that had to wait.
    std::uint64_t blocks_found_by_canary = 0;    ///< Workers found blocked within microseconds.
    std::uint64_t blocks_found_by_batch_canary =
        0;                                       ///< The same, by its twin for CPUs busy with the program's threads.
    std::uint64_t blocks_found_by_watchdog = 0;  ///< Workers found blocked, or hogging the CPU, at a 10 ms look.
    unsigned workers = 0;                        ///< Workers that exist now.
    unsigned idle_workers = 0;                   ///< Of these, the idle ones.
    unsigned pools = 0;                          ///< Pools of workers that exist now.
};

/// A set of pools and workers with its own seven system queues. Two runtimes share nothing, so one that is flooded does
/// not hold up the other; but each has workers for all CPUs, so a program rarely wants two.
///
///     cmwq::runtime mine{{.on_exception = &log_and_carry_on}};
///     auto q = mine.make_queue(cmwq::unbound{.name = "imports"});
///
/// Thread-safe; neither copied nor moved.
class CMWQ_EXPORT runtime {
public:
    /// Context: any thread. Starts no thread; workers come with the first item. Throws std::bad_alloc when there is no
    /// memory (std::terminate where exceptions are switched off).
    explicit runtime(const runtime_options& options = {});

    /// Drains its system queues and joins its workers. The queues made by it must be destroyed first
    /// (misuse_code::queue_in_use). Context: blocks; not from one of its workers.
    ~runtime();

    runtime(const runtime&) = delete;
    runtime& operator=(const runtime&) = delete;

    /// The runtime of the free functions. Never destroyed: usable in static constructors and destructors.
    static runtime& standard() noexcept;

    /// This runtime's system queues: the meaning is that of the free functions in system_queues.hpp. They live as long
    /// as the runtime.
    queue& system() noexcept;
    queue& system_highpri() noexcept;
    queue& system_long() noexcept;
    queue& system_unbound() noexcept;
    queue& system_freezable() noexcept;
    queue& system_power_efficient() noexcept;
    queue& system_freezable_power_efficient() noexcept;

    /// Makes a queue on this runtime, as the free functions in owned_queue.hpp do on the standard one. The queue must
    /// be destroyed before the runtime.
    owned_queue make_queue(const percpu& options, call_site where = call_site::current()) noexcept;
    owned_queue make_queue(const unbound& options, call_site where = call_site::current()) noexcept;
    owned_queue make_queue(const ordered& options, call_site where = call_site::current()) noexcept;
    owned_queue make_queue(const power_efficient& options, call_site where = call_site::current()) noexcept;

    /// Context: any thread; takes the pools' locks one after the other, so not for hot paths.
    runtime_statistics statistics() const noexcept;

private:
    friend struct detail::engine_access;
    struct impl;

    constexpr explicit runtime(impl* standard) noexcept : impl_{standard} {}

    impl* impl_;
};

}  // namespace v1
}  // namespace cmwq
