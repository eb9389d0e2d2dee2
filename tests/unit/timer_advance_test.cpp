// SPDX-License-Identifier: Apache-2.0
#include "engine/timer_advance.hpp"

#include <gtest/gtest.h>
#include <random>

namespace {

using cmwq::engine::instant, cmwq::engine::timer_advance;

constexpr instant us = 1'000, ms = 1'000 * us, most = 50 * us;

timer_advance taught(instant late, int times) {
    timer_advance advance{most};
    for (int i = 0; i < times; ++i) advance.learn(late);
    return advance;
}

TEST(timer_advance, asks_for_the_time_itself_until_it_has_learned) {
    EXPECT_EQ(timer_advance{most}.alarm_for(7 * ms, 1 * ms), 7 * ms);
}

TEST(timer_advance, comes_near_to_a_lateness_that_is_always_the_same) {
    const timer_advance advance = taught(30 * us, 1'000);
    EXPECT_LE(advance.advance(), 30 * us);
    EXPECT_GE(advance.advance(), 29 * us);
    EXPECT_EQ(advance.alarm_for(7 * ms, 1 * ms), 7 * ms - advance.advance());
}

TEST(timer_advance, is_never_more_than_it_may_be) {
    EXPECT_EQ(taught(400 * us, 10'000).advance(), most);
    timer_advance off{0};
    for (int i = 0; i < 100; ++i) off.learn(40 * us);
    EXPECT_EQ(off.advance(), 0u);
    EXPECT_EQ(off.alarm_for(7 * ms, 1 * ms), 7 * ms);
}

TEST(timer_advance, is_nothing_where_nobody_is_late) {
    EXPECT_EQ(taught(0, 1'000).advance(), 0u);
    EXPECT_LE(taught(7, 1'000).advance(), 7u);
}

TEST(timer_advance, is_early_for_about_one_in_four) {
    timer_advance advance{most};
    std::mt19937_64 random{3};
    int early = 0;
    for (int i = 0; i < 40'000; ++i) {
        const instant late = 20 * us + random() % (20 * us);
        if (i >= 20'000 && late < advance.advance()) ++early;
        advance.learn(late);
    }
    EXPECT_NEAR(early, 5'000, 700);
}

TEST(timer_advance, leaves_short_sleeps_alone) {
    const timer_advance advance = taught(30 * us, 1'000);
    EXPECT_EQ(advance.alarm_for(ms + 400 * us, ms), ms + 400 * us);
    EXPECT_EQ(advance.alarm_for(ms, ms), ms);
    EXPECT_EQ(advance.alarm_for(ms, 2 * ms), ms) << "what is due already";
    EXPECT_LT(advance.alarm_for(2 * ms, ms), 2 * ms);
}

}  // namespace
