// SPDX-License-Identifier: Apache-2.0
//
// How much earlier than something is due the timers' thread asks to be woken. Whoever sleeps until a time wakes late by
// what the machine takes for it: some 40 us where the CPU had been halted, a few where it had not. A thread that asked
// to be woken that much earlier is there in time, and waits awake for the rest. KVM does the same for the timers of its
// guests (lapic_timer_advance_ns). Figures: docs/adr/0020-the-timers-thread-is-early.md.
#pragma once

#include "engine/timer_wheel.hpp"

#include <algorithm>

namespace cmwq {
inline namespace v1 {
namespace engine {

/// Owned by the timers' thread.
class timer_advance {
public:
    constexpr timer_advance() noexcept = default;
    /// `most`: it never asks for more than that. 0: never early.
    constexpr explicit timer_advance(instant most) noexcept : most_{most} {}

    /// When to be woken for something that is due then. Short sleeps are not advanced: what is waited awake stays below
    /// a sixteenth of the time, whatever was learned.
    constexpr instant alarm_for(instant due, instant now) const noexcept {
        return due > now && due - now >= sleep_per_advance * advance_ ? due - advance_ : due;
    }

    /// It was woken so much later than it had asked. Follows the lowest quarter: three of four are still late then, by
    /// less, and one is early, by little. Following the median was twice the waiting for 5 us.
    constexpr void learn(instant late) noexcept {
        if (late > advance_) {
            advance_ = std::min({advance_ + step, late, most_});
        } else {
            advance_ = advance_ > 3 * step ? advance_ - 3 * step : 0;
        }
    }

    constexpr instant advance() const noexcept { return advance_; }

private:
    static constexpr instant step = 250, sleep_per_advance = 16;

    instant most_ = 0;
    instant advance_ = 0;
};

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
