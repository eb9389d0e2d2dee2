// SPDX-License-Identifier: Apache-2.0
//
// Which way of finding blocked workers is used: the rules for trials, and one real trial.
#include "backend/detection.hpp"

#include "engine/trial_plan.hpp"

#include "support/patience.hpp"

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
namespace platform = cmwq::platform;
using cmwq::engine::detection_tier;
using cmwq::engine::trial_plan;
using platform::thread_policy;
using platform::trial_outcome;

constexpr std::chrono::nanoseconds start = 1000s;

TEST(trial_plan, assumes_the_canary_from_the_start) {
    trial_plan plan;
    EXPECT_EQ(plan.best(), detection_tier::canary);
    EXPECT_FALSE(plan.done());
}

TEST(trial_plan, tries_nothing_before_work_has_waited_for_a_while) {
    trial_plan plan;
    EXPECT_FALSE(plan.due(start));
    EXPECT_FALSE(plan.due(start + 99ms));
    EXPECT_TRUE(plan.due(start + 100ms));
    EXPECT_EQ(plan.policy(), thread_policy::idle);
}

TEST(trial_plan, ends_with_the_first_success) {
    trial_plan plan;
    plan.take_in(trial_outcome::works, start);
    EXPECT_TRUE(plan.done());
    EXPECT_FALSE(plan.due(start + 24h));
    EXPECT_EQ(plan.best(), detection_tier::canary);
}

TEST(trial_plan, a_busy_machine_is_no_verdict_and_is_tried_ever_more_rarely) {
    trial_plan plan;
    auto now = start;
    (void)plan.due(now);
    now += 100ms;
    for (const auto pause : {1'000ms, 10'000ms, 100'000ms, 100'000ms}) {
        ASSERT_TRUE(plan.due(now));
        plan.take_in(trial_outcome::inconclusive, now);
        EXPECT_FALSE(plan.due(now + pause - 1ms));
        now += pause;
    }
    EXPECT_EQ(plan.best(), detection_tier::canary);
    EXPECT_FALSE(plan.done());
}

TEST(trial_plan, a_policy_that_is_not_honoured_makes_room_for_the_next) {
    trial_plan plan;
    plan.take_in(trial_outcome::takes_cpu, start);
    EXPECT_EQ(plan.best(), detection_tier::batch_canary);
    EXPECT_EQ(plan.policy(), thread_policy::batch);
    EXPECT_FALSE(plan.done());
    plan.take_in(trial_outcome::takes_cpu, start);
    EXPECT_EQ(plan.best(), detection_tier::watchdog);
    EXPECT_TRUE(plan.done());
}

TEST(trial_plan, states_that_are_wrong_are_not_asked_for_again) {
    trial_plan plan;
    plan.take_in(trial_outcome::misreads, start);
    EXPECT_EQ(plan.best(), detection_tier::off);
    EXPECT_TRUE(plan.done());
}

// On a busy machine a trial proves nothing, and may say so; it must end, and must not call a sound scheduler unsound.
TEST(detection_trial, ends_and_does_not_rule_out_what_this_machine_can_do) {
    for (const thread_policy policy : {thread_policy::idle, thread_policy::batch}) {
        ASSERT_TRUE(support::eventually([&] { return platform::start_trial(policy, 0); }));
        ASSERT_TRUE(support::eventually([] { return platform::last_trial() != trial_outcome::none; }));
        const trial_outcome seen = platform::last_trial();
        EXPECT_TRUE(seen == trial_outcome::works || seen == trial_outcome::inconclusive) << static_cast<int>(seen);
    }
}

}  // namespace
