// SPDX-License-Identifier: Apache-2.0
//
// Which trial of the canary is due, and what to conclude from those that were made. Pure rules, for one thread at a
// time.
#pragma once

#include "engine/detection.hpp"
#include "engine/locking.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

class trial_plan {
public:
    /// The best tier that was not ruled out.
    constexpr detection_tier best() const noexcept { return best_; }
    /// A verdict was reached: nothing is due any more.
    constexpr bool done() const noexcept { return done_; }
    /// What to try: the lowest priority first, then the batch policy.
    constexpr platform::thread_policy policy() const noexcept { return policy_; }

    /// Is a trial to be started now? The first one waits until work has been waiting for a while: a short program needs
    /// none.
    constexpr bool due(std::chrono::nanoseconds now) noexcept {
        if (next_at_ == std::chrono::nanoseconds::zero()) next_at_ = now + pause_;
        return !done_ && now >= next_at_;
    }

    constexpr void take_in(platform::trial_outcome outcome, std::chrono::nanoseconds now) noexcept {
        switch (outcome) {
        case platform::trial_outcome::none: break;
        case platform::trial_outcome::works: done_ = true; break;
        case platform::trial_outcome::takes_cpu: move_down(); break;
        case platform::trial_outcome::misreads: settle_for(detection_tier::off); break;
        case platform::trial_outcome::inconclusive: try_again_later(now); break;
        }
    }

    static constexpr std::chrono::nanoseconds first_pause = std::chrono::milliseconds{100};
    static constexpr std::chrono::nanoseconds longest_pause = std::chrono::seconds{100};

private:
    /// The machine was busy: more of the same soon would only make it busier.
    constexpr void try_again_later(std::chrono::nanoseconds now) noexcept {
        pause_ = pause_ < longest_pause ? pause_ * 10 : longest_pause;
        next_at_ = now + pause_;
    }

    constexpr void move_down() noexcept {
        if (policy_ == platform::thread_policy::batch) return settle_for(detection_tier::watchdog);
        policy_ = platform::thread_policy::batch;
        best_ = detection_tier::batch_canary;
    }

    constexpr void settle_for(detection_tier tier) noexcept {
        best_ = tier;
        done_ = true;
    }

    detection_tier best_ = detection_tier::canary;
    bool done_ = false;
    platform::thread_policy policy_ = platform::thread_policy::idle;
    std::chrono::nanoseconds pause_ = first_pause;
    std::chrono::nanoseconds next_at_{0};
};

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
