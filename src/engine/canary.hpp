// SPDX-License-Identifier: Apache-2.0
//
// The scheduler as block detector. Each pool has a thread of the lowest priority, pinned to the pool's CPU and runnable only
// while work waits: when the pool's worker leaves the CPU, for whatever reason, the kernel runs this thread about a
// microsecond later. It looks whether the worker is blocked and, if so, wakes another one. It checks and wakes, nothing
// else: it takes no lock (it could be preempted holding it), makes no thread (it would inherit the priority) and parks
// whenever it can do nothing. Correctness never depends on it: the watchdog bounds every stall that it leaves.
//
// Beside busy threads of the same process the lowest priority starves. A twin with the batch policy then takes over for a
// second; the watchdog says when. Protocol page: docs/design/concurrency.md; measurements and rules:
// docs/adr/0008-the-canary.md.
#pragma once

#include "engine/locking.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

struct worker;
struct worker_pool;

/// Who found a worker blocked.
enum class detector { canary, batch_canary, watchdog };

class canary {
public:
    constexpr explicit canary(worker_pool& pool) noexcept : pool_{pool} {}

    /// Work waits while a worker runs, or while nobody of this pool does. Any thread; a load and a branch when it is
    /// armed already, or does not exist.
    void arm() noexcept {
        if (!armed_.load(memory_order_relaxed)) [[unlikely]]
            wake_up();
    }
    /// Starts its thread with the policy of the tier. By the watchdog's thread.
    void start(detector tier) noexcept;
    bool started() const noexcept {
        return threads_[0].up.load(memory_order_relaxed) || threads_[1].up.load(memory_order_relaxed);
    }

    /// By the watchdog, at its tick: the pool has work and its worker is blocked, although the canary is armed. Twice
    /// within `ticks_remembered` ticks, and the batch twin takes over for a while.
    void missed_a_block(std::chrono::nanoseconds now) noexcept;
    /// By the watchdog, at each tick.
    void tick() noexcept;
    /// Is it on the look-out? False where it does not exist.
    bool on_duty() const noexcept { return started() && armed_.load(memory_order_relaxed); }

    /// Ends and joins its threads.
    void end() noexcept;

private:
    struct bird_thread {
        canary* owner = nullptr;
        detector tier = detector::canary;
        atomic<bool> up{false};  // A(canary): written by the watchdog
        platform::parker parker;
        platform::thread thread{};
    };
    enum class sight { nothing, busy, acted };

    static void thread_main(void* self) noexcept;
    void watch(bird_thread& self) noexcept;
    void stay_awake(bird_thread& self) noexcept;
    bool relieved(const bird_thread& self) const noexcept;
    sight look(detector tier) noexcept;
    sight look_at_worker(worker& other, detector tier) noexcept;
    bool counts_here(const worker& slot) const noexcept;
    worker* counted_worker() noexcept;
    void wake_up() noexcept;
    bool wake_worker() noexcept;
    bool work_waits() const noexcept;
    bird_thread& in_service() noexcept;
    bool start_thread(bird_thread& thread, detector tier) noexcept;

    worker_pool& pool_;                        // I
    atomic<bool> armed_{true};                 // A(canary): true where there is none, so that nobody calls wake_up
    atomic<bool> ending_{false};               // A(canary)
    atomic<bool> batch_in_service_{false};     // A(canary): written by the watchdog
    bird_thread threads_[2];                   // W: idle policy, batch policy
    std::chrono::nanoseconds batch_until_{0};  // W
    unsigned ticks_since_miss_ = 0;            // W
    bool missed_ = false;                      // W
};

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
