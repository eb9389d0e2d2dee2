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
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string_view>

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

/// Do power_efficient queues save power (they are unbound then: fewer CPUs are woken, at the price of locality)?
enum class power_saving : std::uint8_t {
    automatic,  ///< CMWQ_POWER_EFFICIENT from the environment, else what the machine does at the runtime's first use:
                ///< yes on battery or where the firmware's profile is "low-power", no where it has neither.
    on,         ///< Yes.
    off,        ///< No.
};

/// Called on a worker's own thread; see runtime_options::on_worker_start.
using worker_hook = void (*)(void* context) noexcept;

/// What a runtime is told once: at construction, or for the standard one before its first use (configure_standard).
///
/// A number out of its range is misuse (misuse_code::runtime_option_out_of_range) and its default is used. Ranges and
/// the environment variable of each option: docs/reference/configuration.md.
///
/// The environment has the last word in the standard runtime, so that whoever runs a program can change what it was
/// built with. Other runtimes ask it only where an option says "automatic"; from_environment() gives them the rest.
struct runtime_options {
    /// Null: print the item's and the queue's name, then std::terminate.
    exception_handler on_exception = nullptr;
    /// How long a superfluous worker stays idle before it ends. 300 s is the kernel's figure (IDLE_WORKER_TIMEOUT).
    std::chrono::nanoseconds idle_worker_timeout = std::chrono::seconds{300};
    /// A bound on the workers, blocked ones included, of each kind of queue (per-CPU or unbound, highpri or not): at
    /// the bound, items wait. 1024 is the default max_active too, so that a queue with the default is held back by
    /// nothing else.
    unsigned max_workers = 1024;
    /// Are power_efficient queues, the system's two included, unbound? The kernel's switch workqueue.power_efficient.
    power_saving power_efficient = power_saving::automatic;
    /// The CPUs that unbound and ordered queues of the runtime may use at all; empty: all. Others that a queue asks for
    /// are left out. The kernel's mask of the same purpose is workqueue.unbound_cpus. To be changed later by
    /// runtime::set_unbound_cpus.
    cpu_mask unbound_cpus{};
    /// What affinity_scope::by_default means for them. The kernel's workqueue.default_affinity_scope.
    affinity_scope default_affinity = affinity_scope::cache;
    /// A choice other than automatic wins over the environment, but for the standard runtime.
    block_detection detect = block_detection::automatic;
    /// A pool that has work and begins no item for this long is reported on stderr, with the items its workers are in
    /// and where these stand in the kernel; again each time as much time has passed. Zero: never. 30 s is the kernel's
    /// figure. A drain that does not come to its end (queue::drain) is reported too, unless this is zero.
    std::chrono::nanoseconds report_stalls_after = std::chrono::seconds{30};
    /// An item that has computed for this long no longer holds back the others of its CPU. Looked at every 10 ms, and
    /// 10 ms is the kernel's figure (workqueue.cpu_intensive_thresh_us).
    std::chrono::nanoseconds cpu_hog_after = std::chrono::milliseconds{10};
    /// The most by which the thread that watches the clock for delayed items asks to be woken before one is due. It
    /// learns how late this machine wakes it, and is there in time; what is then left it waits awake, some microseconds
    /// for one of four items. No item runs early. Zero: it sleeps to the end. The thread belongs to the process: what
    /// counts is the option of the runtime that arms the process's first item.
    std::chrono::nanoseconds timer_advance = std::chrono::microseconds{50};
    /// How often a worker that took items from other CPUs looks for more before it sleeps. Each look costs some 100 ns
    /// of CPU time, and what comes meanwhile is found without a wake. Zero: it sleeps at once, for programs that would
    /// rather have the CPU time.
    unsigned looks_before_sleep = 50;
    /// Stack of each worker, in bytes. Only what items use of it costs memory.
    std::size_t worker_stack_size = 256 * 1024;
    /// What the names of the runtime's threads begin with, at most 6 characters: Linux shows 15 in all. Copied. The
    /// threads that belong to the process and to no runtime keep their names: `cmwq/timers`, which watches the clock
    /// for delayed items, and `cmwq/trial`, which tries for some milliseconds how blocking can be found here.
    std::string_view thread_name_prefix = "cmwq/";
    /// For what a program keeps per thread (an attached virtual machine, a scratch arena): the one is called on each
    /// worker's thread before its first item, the other after its last one, once each; on rescuers and on spare workers
    /// too. The library's other threads (watchdog, canaries, timers) run no items and call neither. Null: nothing is
    /// called.
    ///
    /// A hook may enqueue. Items that the worker was made for wait until it returns, so it is no place for waiting:
    /// flush, drain and the destruction of a queue would wait for items that this thread is to run. Hooks are noexcept:
    /// there is nobody to tell an error to.
    worker_hook on_worker_start = nullptr;
    worker_hook on_worker_stop = nullptr;  ///< See on_worker_start.
    /// Given to both hooks. It must live until the runtime is destroyed; for the standard one, for ever.
    void* worker_hook_context = nullptr;

    /// The defaults, with what the environment says put in. A value in the environment that is not understood or out of
    /// range is told on stderr in one sentence, and the default used. Context: any thread that may call getenv.
    /// Lifetime: thread_name_prefix points into the environment, until the options are given to a runtime.
    CMWQ_EXPORT static runtime_options from_environment() noexcept;
};

/// Counters since the runtime started, and the present size. Each figure is exact for some moment during the call; they
/// are not a snapshot of one moment.
struct runtime_statistics {
    std::uint64_t workers_created = 0;           ///< Worker threads started.
    std::uint64_t workers_destroyed = 0;         ///< Worker threads ended after being idle.
    std::uint64_t worker_creation_failures = 0;  ///< Attempts at starting a thread that the system refused.
    std::uint64_t items_rescued = 0;             ///< Items that rescuers ran because no worker could be made.
    std::uint64_t items_dropped = 0;             ///< Items dropped or left, not run, because their queue was shut down.
    std::uint64_t highpri_by_niceness = 0;       ///< Workers of highpri queues that got a raised niceness.
    std::uint64_t highpri_by_preference = 0;     ///< Those that were refused it: others only give way between items.
    std::uint64_t cpu_hogs = 0;                  ///< Items found computing for more than 10 ms.
    std::uint64_t items_stolen = 0;              ///< Items run by another pool than the one they were enqueued to.
    std::uint64_t wakeups = 0;                   ///< Idle workers woken because an item was enqueued.
    std::uint64_t flushes = 0;                   ///< Flushes of queues that had to wait.
    std::uint64_t blocks_found_by_canary = 0;    ///< Workers found blocked within microseconds.
    std::uint64_t blocks_found_by_batch_canary =
        0;                                       ///< The same, by its twin for CPUs busy with the program's threads.
    std::uint64_t blocks_found_by_watchdog = 0;  ///< Workers found, or assumed, blocked at a 10 ms look.
    std::uint64_t blocks_found_by_worker = 0;    ///< By one that had been blocked itself, came back and took over.
    std::uint64_t canaries_starved = 0;          ///< Times that a batch canary had to look in a canary's place.
    std::uint64_t detection_losses = 0;  ///< Times that a worse way of finding blocks had to be used from then on.

    /// How late canaries and the watchdog found blocks: the sum over the blocks counted above, and the worst. The
    /// lateness of one is the time since the worker was last known to be awake (the finder had seen it running, or
    /// woken it; or the finder was itself woken then, because work began to wait), less the CPU time that the worker
    /// used since. It is an upper bound: time in which the worker wanted to run and other threads had the CPU counts
    /// as late. The watchdog looks every 10 ms and at an item twice, so its lateness is 10 ms and more.
    std::chrono::nanoseconds canary_lateness{};
    std::chrono::nanoseconds most_canary_lateness{};  ///< The worst.
    std::chrono::nanoseconds batch_canary_lateness{};
    std::chrono::nanoseconds most_batch_canary_lateness{};  ///< The worst.
    std::chrono::nanoseconds watchdog_lateness{};
    std::chrono::nanoseconds most_watchdog_lateness{};  ///< The worst.

    unsigned workers = 0;       ///< Workers that exist now.
    unsigned idle_workers = 0;  ///< Of these, the idle ones.
    unsigned pools = 0;         ///< Pools of workers that exist now.
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
    explicit runtime(const runtime_options& options = {}, call_site where = call_site::current());

    /// Drains its system queues, lets go of what is armed for them, and joins its workers. The queues made by it must
    /// be destroyed first (misuse_code::queue_in_use). Context: blocks; not from one of its workers.
    ~runtime();

    runtime(const runtime&) = delete;
    runtime& operator=(const runtime&) = delete;

    /// The runtime of the free functions. Never destroyed: usable in static constructors and destructors.
    static runtime& standard() noexcept;

    /// Sets the options of the standard runtime, which has the defaults otherwise. To be called before anything is
    /// enqueued to a system queue and before a queue is made by the free functions. False: too late, nothing is
    /// changed. Context: any thread.
    [[nodiscard]] static bool configure_standard(const runtime_options& options,
                                                 call_site where = call_site::current()) noexcept;

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

    /// From here on the unbound and ordered queues of the runtime, the system's and those made later included, use
    /// these CPUs only; empty: all. What runtime_options::unbound_cpus or CMWQ_UNBOUND_CPUS said at first. What the
    /// queues were told themselves (queue::apply_attributes) is kept, and holds within the new mask. A mask without any
    /// CPU that the process may use counts as empty. Holds for each item that starts from now on, also for those that
    /// wait; ordered queues keep their order. False: no memory, and all is as before. Context: any thread; does not
    /// wait for items.
    [[nodiscard]] bool set_unbound_cpus(const cpu_mask& cpus) noexcept;

    /// From here on no item of a freezable queue starts but those that are active already (their function runs or is
    /// about to). Enqueues are accepted, and wait. Queues made meanwhile are frozen too. Flushing or draining a frozen
    /// queue waits for thaw; cancelling its items does not. Context: any thread; does not wait.
    void freeze() noexcept;
    /// Frozen, and no item of a freezable queue runs any more.
    bool frozen() noexcept;
    /// What waited goes on, in order. Context: any thread.
    void thaw() noexcept;

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
