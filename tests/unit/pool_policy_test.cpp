// SPDX-License-Identifier: Apache-2.0
//
// The rules of the pools, as tables.
#include "engine/pool_policy.hpp"

#include <gtest/gtest.h>

namespace {

namespace policy = cmwq::engine::pool_policy;

TEST(pool_policy_test, worker_is_needed_for_work_that_nobody_looks_after) {
    EXPECT_TRUE(policy::need_more_worker(true, 0));
    EXPECT_FALSE(policy::need_more_worker(true, 1));
    EXPECT_FALSE(policy::need_more_worker(true, 5));
    EXPECT_FALSE(policy::need_more_worker(false, 0));
}

TEST(pool_policy_test, worker_goes_on_while_it_is_the_only_one) {
    EXPECT_TRUE(policy::keep_working(true, 1));
    EXPECT_TRUE(policy::keep_working(true, 0));
    EXPECT_FALSE(policy::keep_working(true, 2));
    EXPECT_FALSE(policy::keep_working(false, 1));
}

TEST(pool_policy_test, two_idle_workers_and_a_quarter_of_the_busy_ones_stay) {
    struct row {
        unsigned workers, idle;
        bool too_many;
    };
    constexpr row rows[] = {
        {0, 0, false},   {1, 1, false},    {2, 2, false}, {3, 3, true},   {7, 3, true},
        {8, 3, false},   {30, 30, true},   {30, 8, true}, {30, 7, false}, {100, 2, false},
        {102, 22, true}, {103, 22, false}, {1, 2, false},  // the two counts are read one after the other
        {2, 3, true},
    };
    for (const row& each : rows) {
        EXPECT_EQ(policy::too_many_workers(each.workers, each.idle), each.too_many)
            << each.idle << " idle of " << each.workers;
    }
}

TEST(pool_policy_test, neighbour_is_woken_for_a_backlog_that_nobody_looks_for) {
    EXPECT_TRUE(policy::may_wake_neighbour(policy::backlog_for_neighbour, 0, true));
    EXPECT_FALSE(policy::may_wake_neighbour(policy::backlog_for_neighbour - 1, 0, true));
    EXPECT_FALSE(policy::may_wake_neighbour(policy::backlog_for_neighbour, 1, true));
    EXPECT_FALSE(policy::may_wake_neighbour(policy::backlog_for_neighbour, 0, false));
    EXPECT_FALSE(policy::may_wake_neighbour(0, 0, true));
}

TEST(pool_policy_test, local_worker_is_woken_unless_one_runs_or_a_thief_is_on_its_way) {
    EXPECT_TRUE(policy::may_wake_local(0, 0, 1));
    EXPECT_FALSE(policy::may_wake_local(1, 0, 1));
    EXPECT_FALSE(policy::may_wake_local(0, 1, 1));
    EXPECT_FALSE(policy::may_wake_local(0, 1, policy::backlog_unseen - 1));
    EXPECT_TRUE(policy::may_wake_local(0, 1, policy::backlog_unseen));
    EXPECT_FALSE(policy::may_wake_local(1, 1, policy::backlog_unseen));
}

TEST(pool_policy_test, thief_takes_half_of_a_running_victim_and_all_of_an_idle_one) {
    EXPECT_EQ(policy::items_to_steal(0, true), 0u);
    EXPECT_EQ(policy::items_to_steal(1, true), 1u);
    EXPECT_EQ(policy::items_to_steal(2, true), 1u);
    EXPECT_EQ(policy::items_to_steal(7, true), 4u);
    EXPECT_EQ(policy::items_to_steal(0, false), 0u);
    EXPECT_EQ(policy::items_to_steal(7, false), 7u);
}

TEST(pool_policy_test, thief_takes_a_bounded_number) {
    const auto most = policy::items_to_steal(1'000'000, true);
    EXPECT_LE(most, 4096u);
    EXPECT_EQ(policy::items_to_steal(10'000'000, true), most);
    EXPECT_EQ(policy::items_to_steal(1'000'000, false), policy::items_to_steal(10'000'000, false));
}

TEST(pool_policy_test, thief_that_finds_little_waits_longer_each_time) {
    unsigned pause = 0;
    for (const unsigned expected : {2u, 4u, 8u, 16u, 32u, 64u, 64u}) {
        pause = policy::next_steal_pause(1, pause);
        EXPECT_EQ(pause, expected);
    }
    EXPECT_EQ(policy::next_steal_pause(64, pause), 0u);
}

}  // namespace
