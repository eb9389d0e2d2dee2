// SPDX-License-Identifier: Apache-2.0
//
// The times of something that is done at a fixed rate. A periodic item is a delayed item that arms itself; this says
// for when:
//
//     struct sampler : cmwq::delayed_work<sampler> {
//         static void run(sampler& self) {
//             self.sample();
//             (void)q.enqueue_delayed(self, self.rate.next());   // every 100 ms, whatever sample() took
//         }
//         cmwq::fixed_rate rate{100ms};
//     };
//
// With a fixed delay between the end of one run and the start of the next no such object is needed: the item arms
// itself with the delay. Either way there is one instance at a time, so runs never pile up; not arming ends it from
// inside, and cancel_sync from outside.
#pragma once

#include <cmwq/delay.hpp>

#include <chrono>
#include <cstdint>

namespace cmwq {
inline namespace v1 {

/// Multiples of a period, counted from the first use. Times that have passed when they are asked for are skipped and
/// counted: an item that was late, or took longer than the period, goes on in step instead of catching up.
///
/// Not synchronised: it belongs to the item's function, which never runs twice at once.
class fixed_rate {
public:
    /// The clock of its times, and of delayed items.
    using clock = std::chrono::steady_clock;

    /// `period` is rounded up to nanoseconds; less than one counts as one, too long for the clock as the longest.
    template <class Rep, class Period>
    constexpr explicit fixed_rate(std::chrono::duration<Rep, Period> period) noexcept
        : period_{detail::whole_nanoseconds(period)} {
        if (period_.count() == 0) ++period_;
    }

    /// The next time after `now` that is in step. The first call starts the series: one period after `now`. Beyond the
    /// end of the clock it is the end of the clock.
    constexpr clock::time_point next(clock::time_point now) noexcept {
        if (last_ == clock::time_point{}) {
            last_ = a_period_after(now);
            return last_;
        }
        const std::int64_t passed = now < a_period_after(last_) ? 0 : (now - last_) / period_;
        missed_ += static_cast<std::uint64_t>(passed);
        last_ = a_period_after(last_ + period_ * passed);
        return last_;
    }
    clock::time_point next() noexcept { return next(clock::now()); }

    /// How many times were skipped in all.
    constexpr std::uint64_t missed() const noexcept { return missed_; }

private:
    constexpr clock::time_point a_period_after(clock::time_point time) const noexcept {
        return time > clock::time_point::max() - period_ ? clock::time_point::max() : time + period_;
    }

    std::chrono::nanoseconds period_;
    clock::time_point last_{};
    std::uint64_t missed_ = 0;
};

}  // namespace v1
}  // namespace cmwq
