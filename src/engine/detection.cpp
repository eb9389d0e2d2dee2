// SPDX-License-Identifier: Apache-2.0
#include "engine/detection.hpp"

#include "engine/runtime_state.hpp"
#include "engine/trial_plan.hpp"

#include <new>

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

detection_tier from_option(block_detection asked) noexcept {
    switch (asked) {
    case block_detection::automatic: break;
    case block_detection::canary: return detection_tier::canary;
    case block_detection::batch_canary: return detection_tier::batch_canary;
    case block_detection::watchdog: return detection_tier::watchdog;
    case block_detection::off: return detection_tier::off;
    }
    return detection_tier::unknown;
}

/// The trials of this process, whichever runtime's watchdog looks after them.
class process_trials {
public:
    detection_tier best() const noexcept { return best_.load(memory_order_relaxed); }

    /// What was learnt stays; a trial under way in the parent is not the child's.
    void renew_after_fork() noexcept {
        new (&lock_) mutex;
        under_way_ = false;
        platform::forget_trial();
    }

    void look_after(int cpu, std::chrono::nanoseconds now) noexcept {
        if (!lock_.try_lock()) return;  // another watchdog is at it
        advance(cpu, now);
        lock_.unlock();
    }

private:
    void advance(int cpu, std::chrono::nanoseconds now) noexcept {
        if (under_way_) take_in(platform::last_trial(), now);
        if (under_way_ || !plan_.due(now)) return;
        under_way_ = platform::start_trial(plan_.policy(), cpu);
        if (!under_way_) plan_.take_in(platform::trial_outcome::inconclusive, now);
    }

    void take_in(platform::trial_outcome outcome, std::chrono::nanoseconds now) noexcept {
        under_way_ = outcome == platform::trial_outcome::none;
        plan_.take_in(outcome, now);
        best_.store(plan_.best(), memory_order_relaxed);
    }

    atomic<detection_tier> best_{detection_tier::canary};  // T: written under lock_
    mutex lock_;                                           // guards what follows
    trial_plan plan_;
    bool under_way_ = false;
};

constinit process_trials trials;

}  // namespace

detection_tier forced_tier(const runtime_state& runtime) noexcept {
    return from_option(runtime.options.detect);
}

detection_tier best_tier() noexcept {
    return trials.best();
}

void look_after_trials(int cpu, std::chrono::nanoseconds now) noexcept {
    // The usual end of it, known by the platform: the policy that is in use works.
    if (platform::last_trial() == platform::trial_outcome::works) return;
    trials.look_after(cpu, now);
}

void renew_trials_after_fork() noexcept {
    trials.renew_after_fork();
}

bool can_read_states() noexcept {
    // Of itself a thread reads the system call that does the reading; any answer will do.
    return platform::task_state_of(platform::current_thread_id()) != platform::task_state::unknown;
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
