// SPDX-License-Identifier: Apache-2.0
//
// The scheduler as block detector. Each pool has a thread of the lowest priority, pinned to the pool's CPU and runnable
// only while work waits: when the pool's worker leaves the CPU, for whatever reason, the kernel runs this thread about
// a microsecond later. It looks whether the worker is blocked and, if so, wakes another one. It checks and wakes,
// nothing else: it takes no lock (it could be preempted holding it), makes no thread (it would inherit the priority)
// and parks whenever it can do nothing. Correctness never depends on it: the watchdog bounds every stall that it
// leaves.
//
// Beside busy threads of the same process the lowest priority starves. A twin with the batch policy then looks in its
// place, for a second or more; the watchdog says when. Protocol page: docs/design/concurrency.md; measurements and
// rules: docs/adr/0008-the-canary.md.
#pragma once

#include "engine/locking.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace cmwq {
inline namespace v1 {
namespace engine {

struct neighbourhood;
struct sighting;
struct worker;
struct worker_pool;

/// Who found a worker blocked.
enum class detector : std::uint8_t { canary, batch_canary, watchdog };

class canary {
public:
    constexpr explicit canary(worker_pool& pool) noexcept : pool_{pool} {}

    /// Work waits while a worker runs, or while nobody of this pool does. Any thread; a load and a branch when it is
    /// armed already, or does not exist.
    void arm() noexcept {
        if (!armed_.load(memory_order_relaxed)) [[unlikely]]
            wake_up();
    }
    /// The same, if a worker runs and there is work that its CPU is wanted for. By the watchdog.
    void arm_if_wanted() noexcept;
    /// Has the pool watched by a thread with the policy of that tier, which is started if need be. Nothing changes when
    /// it is told the same again: the twin that took over for a while stays. By the watchdog.
    void employ(detector tier) noexcept;
    /// Nobody is to watch the pool from now on; the threads park. By the watchdog.
    void dismiss() noexcept;
    /// CPUs have come or gone. By the watchdog.
    void pin_again() noexcept;
    /// Is the pool watched, or about to be? Any thread.
    bool employed() const noexcept { return serving_.load(memory_order_relaxed) != nobody; }

    /// By the watchdog, at its tick: the pool has work and its worker is blocked, although the canary is armed. Twice
    /// within `ticks_remembered` ticks, and the batch twin looks for a while. True: it does from now on.
    bool missed_a_block(std::chrono::nanoseconds now) noexcept;
    /// By the watchdog, at each tick.
    void tick() noexcept;
    /// Is it in the middle of taking a worker out of the count or of waking one?
    bool in_act() const noexcept {
        return threads_[0].acts.load(memory_order_relaxed) % 2 != 0 ||
               threads_[1].acts.load(memory_order_relaxed) % 2 != 0;
    }
    /// By the watchdog: it keeps the pool's running token and gets no CPU, whatever was done about that.
    bool keeps_token() const noexcept;
    /// By the watchdog: it had another worker run meanwhile. One is enough.
    void token_was_replaced() noexcept { token_replaced_ = true; }
    /// Is it on the look-out? False where nobody watches.
    bool on_duty() const noexcept { return employed() && armed_.load(memory_order_relaxed); }

    /// Ends and joins its threads.
    void end() noexcept;

private:
    /// When a worker was known not to be blocked: seen running, or woken just then. Null: nothing was known of any.
    struct known_awake {
        const worker* who = nullptr;
        std::chrono::nanoseconds at{0};
        std::chrono::nanoseconds cpu_time{0};  // the worker's, by then

        void remember(const worker& other) noexcept;
    };
    struct bird_thread {
        canary* owner = nullptr;
        detector tier = detector::canary;
        atomic<bool> up{false};    // A(canary): written by the watchdog
        atomic<int> thread_id{0};  // A(canary): its own, once it runs
        /// Counted up before and after it takes a worker out of the pool's count or has the running token in hand.
        /// Should it lose the CPU while the number is odd, nobody runs in the pool until it is back.
        atomic<unsigned> acts{0};           // A(canary): its own
        atomic<bool> out_of_policy{false};  // A(canary): raised by the watchdog, lowered by the thread
        known_awake awake;                  // S: this thread
        platform::parker parker;
        platform::thread thread{};
    };
    class act {
    public:
        explicit act(bird_thread& of) noexcept : of_{of} { count(); }
        ~act() { count(); }
        act(const act&) = delete;
        act& operator=(const act&) = delete;

    private:
        void count() noexcept { of_.acts.store(of_.acts.load(memory_order_relaxed) + 1, memory_order_relaxed); }
        bird_thread& of_;
    };
    enum class sight { nothing, between_items, running, acted };
    static constexpr int nobody = -1;
    static constexpr int index_of(detector tier) noexcept { return tier == detector::canary ? 0 : 1; }

    static void thread_main(void* self) noexcept;
    void watch(bird_thread& self) noexcept;
    void stay_awake(bird_thread& self) noexcept;
    bool relieved(const bird_thread& self) const noexcept;
    sight look(bird_thread& self) noexcept;
    sight look_at_worker(bird_thread& self, worker& other) noexcept;
    std::chrono::nanoseconds lateness_of(const bird_thread& self, const worker& other) const noexcept;
    worker* counted_worker() noexcept;
    void wake_up() noexcept;
    bool wake_worker(bird_thread& self) noexcept;
    sight take_out_and_replace(bird_thread& self, const sighting& blocked) noexcept;
    unsigned take_out(bird_thread& self, const sighting& blocked) noexcept;
    void make_up_elsewhere(unsigned left) noexcept;
    bool have_somebody_run(bird_thread& self) noexcept;
    bool pass_token_on() noexcept;
    void help_if_it_gets_stuck() noexcept;
    static void return_to_policy(bird_thread& self) noexcept;
    bool work_waits() const noexcept;
    bool work_waits_at(const neighbourhood& around) const noexcept;
    bool start_thread(bird_thread& thread, detector tier) noexcept;
    bool hand_over_to(detector tier) noexcept;

    worker_pool& pool_;                         // I
    atomic<bool> armed_{true};                  // A(canary): true where nobody watches, so that nobody calls wake_up
    atomic<bool> ending_{false};                // A(canary)
    atomic<int> serving_{nobody};               // A(canary): which thread watches; written by the watchdog
    bird_thread threads_[2];                    // W: idle policy, batch policy
    atomic<std::int64_t> armed_at_{0};          // T: nanoseconds; for the statistics
    std::optional<detector> employed_as_;       // W: as employ was told
    std::chrono::nanoseconds batch_until_{0};   // W: zero, unless the twin looks
    std::chrono::nanoseconds batch_service_{};  // W: how long the twin looked the last time
    unsigned ticks_since_miss_ = 0;             // W
    bool missed_ = false;                       // W
    unsigned act_seen_ = 0;                     // W: the idle twin's number at the last tick
    unsigned ticks_in_act_ = 0;                 // W: so many ticks in a row have seen it in that one act
    bool token_replaced_ = false;               // W: since it keeps the token
};

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
