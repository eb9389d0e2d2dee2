// SPDX-License-Identifier: Apache-2.0
//
// The backstop: while work is pending, a thread looks every 10 ms whether each pool with work gets on, and helps where
// it does not: a worker that blocks or hogs its CPU leaves the count and another one takes its place; a wake that was
// left out is made up; a thread that could not be created is asked for again. It sleeps without a deadline while
// nothing is pending.
#pragma once

#include "engine/concurrency.hpp"
#include "engine/detection.hpp"
#include "engine/hog_report.hpp"
#include "engine/worker_pool.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

class watchdog {
public:
    constexpr explicit watchdog(runtime_state& runtime) noexcept : runtime_{runtime} {}

    /// Some item is pending and nobody was woken for it. A load and a branch when the watchdog is up already.
    void arm() noexcept {
        if (!armed_.load(memory_order_relaxed)) [[unlikely]]
            wake_up();
    }
    /// A worker is needed and could not be made: try again at the next tick.
    void retry_later() noexcept { arm(); }
    /// The same, but at once: a canary found a blocked worker and nobody to replace it.
    void look_now() noexcept;

    /// Ends and joins the thread.
    void end() noexcept;

    /// False: work may be pending with nobody to look after it, because not even this thread could be started. Whoever
    /// waits for an item then looks himself, every tick.
    bool has_thread() const noexcept { return started_.load(memory_order_relaxed); }
    /// Work was pending when the thread was refused (stand_in.hpp).
    bool needs_stand_in() const noexcept { return refused_.load(memory_order_relaxed); }
    /// In its place: one look, if it is time, and the thread is asked for again. `at_once`: even before it is time.
    /// True: needed again.
    bool look_instead(bool at_once) noexcept;
    /// Once: nobody looks.
    bool has_to_tell() noexcept { return !told_of_nobody_.exchange(true, memory_order_relaxed); }
    /// CPUs may have come or gone: threads, rules and canaries of the runtime follow, if they have not yet. Any thread
    /// that holds no lock.
    void follow_cpus() noexcept;
    /// As if it had followed none yet. For tests, which begin anew with the CPUs.
    void forget_cpus() noexcept;
    /// One look at everything. True: work is still pending.
    bool tick() noexcept;

private:
    static void thread_main(void* self) noexcept;
    void wake_up() noexcept;
    bool start_thread() noexcept;
    void thread_refused() noexcept;
    void tick_locked() noexcept;
    void watch() noexcept;
    /// A worker found stuck in its item of that number.
    struct verdict {
        sighting seen;
        bool hogs;                          ///< it computes, rather than blocks
        std::chrono::nanoseconds lateness;  ///< how long it has not computed, at most
    };
    static constexpr unsigned most_verdicts = 64;  // per pool and tick

    void look_at(worker_pool& pool, bool scope_has_work) noexcept;
    void follow_cpus_locked() noexcept;
    void choose_tier() noexcept;
    void employ_canaries() noexcept;
    void employ_canary(worker_pool& pool, bool scope_has_work) noexcept;
    void judge_canary(worker_pool& pool) noexcept;
    unsigned find_stuck_workers(worker_pool& pool, verdict (&stuck)[most_verdicts]) noexcept;
    static bool has_got_on(worker& other) noexcept;
    bool is_stuck(worker& other, verdict& found) noexcept;
    static std::chrono::nanoseconds lateness_of(const worker& other) noexcept;
    bool states_can_be_read() noexcept;
    void tell_of_loss() noexcept;
    void act_on(worker_pool& pool, const verdict& found) noexcept;
    void summon_rescuers(const pool_scope& scope) noexcept;
    void summon_rescuers_locked(const pool_scope& scope) noexcept;
    static bool anybody_counted(worker_pool& pool) noexcept;
    static std::uint64_t items_begun(worker_pool& pool) noexcept;
    void measure_standstill(std::chrono::nanoseconds now) noexcept;
    void look_for_stall(worker_pool& pool) noexcept;
    template <class Visit>
    void for_each_pool(Visit visit) noexcept;
    bool any_work() const noexcept;

    runtime_state& runtime_;              // I
    atomic<bool> armed_{false};           // A(watchdog)
    atomic<bool> started_{false};         // U
    atomic<bool> ending_{false};          // A(watchdog)
    atomic<bool> look_asked_for_{false};  // A(watchdog)
    atomic<bool> refused_{false};         // A(stand-in): the thread, while there was work
    atomic<bool> told_of_nobody_{false};  // T
    platform::parker parker_;
    platform::thread thread_{};                        // U
    mutex tick_lock_;                                  // one look at a time
    detection_tier forced_ = detection_tier::unknown;  // W: what the options or the environment ask for
    detection_tier tier_ = detection_tier::unknown;    // W: what is in use
    bool states_readable_ = true;                      // W
    bool states_in_doubt_ = true;                      // W: one could not be read since they were last tried
    std::chrono::nanoseconds next_state_check_{0};     // W
    bool told_of_loss_ = false;                        // W
    std::chrono::nanoseconds last_tick_{0};            // W
    std::chrono::nanoseconds stood_still_{0};          // W: before this tick, beyond what counts
    std::chrono::nanoseconds last_whole_tick_{0};      // W
    bool whole_tick_ = false;                          // W: this look comes a tick after the last such; or asked for
    unsigned followed_cpus_ = 0;                       // W: as of that generation of online_cpus
    hog_reports hogs_;                                 // W
};

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
