// SPDX-License-Identifier: Apache-2.0
//
// How long a delayed item waits: any duration, or until any time point.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace cmwq {
inline namespace v1 {

namespace detail {

inline constexpr std::int64_t longest_delay = std::numeric_limits<std::int64_t>::max();

/// Nanoseconds, rounded up, from zero to longest_delay. Not by duration_cast alone: that overflows for long durations,
/// and rounds down.
template <class Rep, class Period>
constexpr std::int64_t whole_nanoseconds(std::chrono::duration<Rep, Period> given) noexcept {
    using factor = std::ratio_divide<Period, std::nano>;
    if constexpr (std::is_same_v<Rep, std::int64_t> && factor::num == 1 && factor::den == 1) {
        return given.count() > 0 ? given.count()
                                 : 0;  // nanoseconds already: no arithmetic, least of all in floating point
    }
    const long double wanted = static_cast<long double>(given.count()) * factor::num / factor::den;
    if (!(wanted > 0)) {
        return 0;  // not a number: at once, too
    }
    if (wanted >= static_cast<long double>(longest_delay)) {
        return longest_delay;
    }
    constexpr bool exact = std::is_integral_v<Rep>;
    if (exact && wanted * factor::den < static_cast<long double>(longest_delay)) {
        const std::int64_t product = static_cast<std::int64_t>(given.count()) * factor::num;
        return product / factor::den + (product % factor::den != 0 ? 1 : 0);
    }
    const auto below = static_cast<std::int64_t>(wanted);
    return below + (static_cast<long double>(below) < wanted ? 1 : 0);
}

}  // namespace detail

/// How long an item waits before it is enqueued. Made from any std::chrono duration or time point:
///
///     q.enqueue_delayed(item, 250ms);
///     q.enqueue_delayed(item, std::chrono::duration<double>{0.25});
///     q.enqueue_delayed(item, std::chrono::steady_clock::now() + 2h);
///
/// A duration is rounded up to nanoseconds; one that is too long for the clock (292 years) becomes the longest one;
/// zero, negative, or a time that has passed means at once. An item never starts early.
///
/// Time is that of std::chrono::steady_clock: it stands still while the machine is suspended, as the kernel's timers
/// do, and does not jump. A time point of another clock is turned into a duration when the delay is made: should that
/// clock be set afterwards, the item does not follow. An item that must follow looks at the clock when it runs, and
/// waits again if it is early.
class delay {
public:
    /// From now, that is from the call that takes it.
    template <class Rep, class Period>
    constexpr delay(std::chrono::duration<Rep, Period> wait) noexcept : nanoseconds_{detail::whole_nanoseconds(wait)} {}

    /// Until then.
    template <class Clock, class Duration>
    constexpr delay(std::chrono::time_point<Clock, Duration> when) noexcept : nanoseconds_{0} {
        if constexpr (std::is_same_v<Clock, std::chrono::steady_clock>) {
            nanoseconds_ = detail::whole_nanoseconds(when.time_since_epoch());
            absolute_ = true;
        } else {
            // Not `when - now`: in the clock's own units that can overflow, and a far future would be the past.
            using nanoseconds = std::chrono::duration<long double, std::nano>;
            const nanoseconds now = Clock::now().time_since_epoch();
            nanoseconds_ = detail::whole_nanoseconds(nanoseconds{when.time_since_epoch()} - now);
        }
    }

    /// From now, or if absolute since the epoch of std::chrono::steady_clock.
    constexpr std::int64_t nanoseconds() const noexcept { return nanoseconds_; }
    /// Was it made from a time point of std::chrono::steady_clock?
    constexpr bool absolute() const noexcept { return absolute_; }

private:
    std::int64_t nanoseconds_;
    bool absolute_ = false;
};

}  // namespace v1
}  // namespace cmwq
