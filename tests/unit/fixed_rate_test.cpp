// SPDX-License-Identifier: Apache-2.0
#include <cmwq/fixed_rate.hpp>

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using time_point = cmwq::fixed_rate::clock::time_point;

constexpr time_point start{1h};

TEST(fixed_rate_test, first_time_is_a_period_away) {
    cmwq::fixed_rate rate{100ms};
    EXPECT_EQ(rate.next(start), start + 100ms);
    EXPECT_EQ(rate.missed(), 0u);
}

TEST(fixed_rate_test, times_stay_in_step_whatever_a_run_took) {
    cmwq::fixed_rate rate{100ms};
    (void)rate.next(start);
    EXPECT_EQ(rate.next(start + 130ms), start + 200ms);
    EXPECT_EQ(rate.next(start + 299ms), start + 300ms);
    EXPECT_EQ(rate.next(start + 300ms), start + 400ms);
    EXPECT_EQ(rate.missed(), 0u);
}

TEST(fixed_rate_test, times_that_have_passed_are_skipped_and_counted) {
    cmwq::fixed_rate rate{100ms};
    (void)rate.next(start);
    EXPECT_EQ(rate.next(start + 450ms), start + 500ms);
    EXPECT_EQ(rate.missed(), 3u);
    EXPECT_EQ(rate.next(start + 600ms), start + 700ms);
    EXPECT_EQ(rate.missed(), 4u);
}

TEST(fixed_rate_test, time_that_has_just_come_is_skipped_too) {
    cmwq::fixed_rate rate{100ms};
    (void)rate.next(start);
    EXPECT_EQ(rate.next(start + 200ms), start + 300ms);
    EXPECT_EQ(rate.missed(), 1u);
}

TEST(fixed_rate_test, time_beyond_the_end_of_the_clock_is_its_end) {
    cmwq::fixed_rate rate{std::chrono::hours::max()};
    EXPECT_EQ(rate.next(start), time_point::max());
    EXPECT_EQ(rate.next(start + 1h), time_point::max());
    EXPECT_EQ(rate.missed(), 0u);
}

TEST(fixed_rate_test, period_is_never_zero) {
    cmwq::fixed_rate rate{0ms};
    EXPECT_EQ(rate.next(start), start + 1ns);
    EXPECT_EQ(rate.next(start + 1ns), start + 2ns);
}

}  // namespace
