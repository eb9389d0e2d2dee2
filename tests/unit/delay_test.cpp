// SPDX-License-Identifier: Apache-2.0
#include <cmwq/delay.hpp>

#include <chrono>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <ratio>

namespace {

using cmwq::delay;
using namespace std::chrono_literals;

constexpr std::int64_t longest = std::numeric_limits<std::int64_t>::max();

std::int64_t nanoseconds(delay d) {
    return d.nanoseconds();
}

TEST(delay_test, durations_of_all_units_are_nanoseconds) {
    EXPECT_EQ(nanoseconds(7ns), 7);
    EXPECT_EQ(nanoseconds(3us), 3'000);
    EXPECT_EQ(nanoseconds(2h), 7'200'000'000'000);
    EXPECT_EQ(nanoseconds(std::chrono::years{1}), 31'556'952'000'000'000);
    EXPECT_EQ(nanoseconds(std::chrono::duration<double>{0.25}), 250'000'000);
    EXPECT_EQ(nanoseconds(std::chrono::duration<int, std::ratio<1, 3>>{2}), 666'666'667);
}

TEST(delay_test, parts_of_a_nanosecond_are_rounded_up) {
    using picoseconds = std::chrono::duration<std::int64_t, std::pico>;
    EXPECT_EQ(nanoseconds(picoseconds{1}), 1);
    EXPECT_EQ(nanoseconds(picoseconds{1'000}), 1);
    EXPECT_EQ(nanoseconds(picoseconds{1'001}), 2);
    EXPECT_EQ(nanoseconds(std::chrono::duration<double, std::nano>{1.25}), 2);
}

TEST(delay_test, long_durations_of_integers_are_exact) {
    EXPECT_EQ(nanoseconds(std::chrono::nanoseconds{longest - 1}), longest - 1);
    EXPECT_EQ(nanoseconds(std::chrono::seconds{longest / 1'000'000'000}), longest / 1'000'000'000 * 1'000'000'000);
}

TEST(delay_test, durations_beyond_the_clock_become_the_longest) {
    EXPECT_EQ(nanoseconds(std::chrono::hours::max()), longest);
    EXPECT_EQ(nanoseconds(std::chrono::nanoseconds::max()), longest);
    EXPECT_EQ(nanoseconds(std::chrono::years{300}), longest);
    EXPECT_EQ(nanoseconds(std::chrono::duration<double>{std::numeric_limits<double>::infinity()}), longest);
}

TEST(delay_test, zero_negative_and_no_number_mean_at_once) {
    EXPECT_EQ(nanoseconds(0s), 0);
    EXPECT_EQ(nanoseconds(-5s), 0);
    EXPECT_EQ(nanoseconds(std::chrono::hours::min()), 0);
    EXPECT_EQ(nanoseconds(std::chrono::duration<double>{std::nan("")}), 0);
}

TEST(delay_test, steady_time_points_are_kept_as_they_are) {
    const std::chrono::steady_clock::time_point when{5s};
    EXPECT_EQ(delay{when}.nanoseconds(), 5'000'000'000);
    EXPECT_TRUE(delay{when}.absolute());
    EXPECT_EQ(delay{std::chrono::steady_clock::time_point::max()}.nanoseconds(), longest);
}

TEST(delay_test, time_points_of_other_clocks_become_the_time_that_is_left) {
    const delay in_an_hour{std::chrono::system_clock::now() + 1h};
    EXPECT_FALSE(in_an_hour.absolute());
    EXPECT_LE(in_an_hour.nanoseconds(), nanoseconds(1h));
    EXPECT_GT(in_an_hour.nanoseconds(), nanoseconds(50min));
    EXPECT_EQ(delay{std::chrono::system_clock::now() - 1h}.nanoseconds(), 0);
    EXPECT_EQ(delay{std::chrono::system_clock::time_point::min()}.nanoseconds(), 0);
    EXPECT_GT(delay{std::chrono::system_clock::time_point::max()}.nanoseconds(), 0);
}

TEST(delay_test, time_points_beyond_the_clock_in_coarse_units_are_far_away) {
    using hours = std::chrono::time_point<std::chrono::system_clock, std::chrono::hours>;
    EXPECT_EQ(delay{hours::max()}.nanoseconds(), longest);
    EXPECT_EQ(delay{hours::min()}.nanoseconds(), 0);
}

static_assert(delay{std::chrono::milliseconds{1}}.nanoseconds() == 1'000'000);

}  // namespace
