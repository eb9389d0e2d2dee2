// SPDX-License-Identifier: Apache-2.0
//
// The seven queues that are always there.
#include "support/gate.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <gtest/gtest.h>
#include <set>
#include <string>

namespace {

struct entry {
    cmwq::queue& (*standard)() noexcept;
    cmwq::queue& (cmwq::runtime::*own)() noexcept;
    const char* name;
};

const entry entries[] = {
    {&cmwq::system, &cmwq::runtime::system, "events"},
    {&cmwq::system_highpri, &cmwq::runtime::system_highpri, "events_highpri"},
    {&cmwq::system_long, &cmwq::runtime::system_long, "events_long"},
    {&cmwq::system_unbound, &cmwq::runtime::system_unbound, "events_unbound"},
    {&cmwq::system_freezable, &cmwq::runtime::system_freezable, "events_freezable"},
    {&cmwq::system_power_efficient, &cmwq::runtime::system_power_efficient, "events_power_efficient"},
    {&cmwq::system_freezable_power_efficient, &cmwq::runtime::system_freezable_power_efficient,
     "events_freezable_pwr_efficient"},
};

class system_queues : public testing::TestWithParam<entry> {};
INSTANTIATE_TEST_SUITE_P(each, system_queues, testing::ValuesIn(entries),
                         [](const auto& param) { return std::string{param.param.name}; });

struct witness : cmwq::work<witness> {
    static void run(witness& self) {
        self.ran_on = cmwq::this_worker::current_queue();
        self.seen = cmwq::this_worker::current();
        ++self.runs;
    }
    cmwq::queue* ran_on = nullptr;
    cmwq::work_base* seen = nullptr;
    int runs = 0;
};

void expect_that_it_runs_items(cmwq::queue& wq) {
    witness item;
    ASSERT_TRUE(wq.enqueue(item));
    wq.flush();
    EXPECT_EQ(item.ran_on, &wq);
    EXPECT_EQ(item.seen, &item);
    std::atomic<int> runs{0};
    for (int i = 0; i < 1000; ++i) {
        ASSERT_TRUE(wq.try_spawn([&] { ++runs; }));
    }
    wq.flush();
    EXPECT_EQ(runs, 1000);
}

TEST_P(system_queues, run_items) {
    expect_that_it_runs_items(GetParam().standard());
    expect_that_it_runs_items((cmwq::runtime::standard().*GetParam().own)());
}

TEST_P(system_queues, of_an_own_runtime_run_items_and_are_not_the_standard_ones) {
    cmwq::runtime own;
    cmwq::queue& wq = (own.*GetParam().own)();
    EXPECT_NE(&wq, &GetParam().standard());
    expect_that_it_runs_items(wq);
}

TEST_P(system_queues, are_the_same_each_time) {
    cmwq::queue& wq = GetParam().standard();
    EXPECT_EQ(&wq, &GetParam().standard());
    EXPECT_EQ(&wq, &(cmwq::runtime::standard().*GetParam().own)());
    EXPECT_EQ(&wq, &cmwq::queue::from_native(wq.native()));
    EXPECT_STREQ(wq.name(), GetParam().name);
}

TEST_P(system_queues, run_items_that_block_without_holding_back_others) {
    cmwq::queue& wq = GetParam().standard();
    support::gate later_ran;
    ASSERT_TRUE(wq.try_spawn([&] { EXPECT_TRUE(later_ran.pass()); }));
    ASSERT_TRUE(wq.try_spawn([&] { later_ran.open(); }));
    wq.flush();
}

TEST(all_system_queues, are_seven_different_ones) {
    std::set<cmwq::queue*> found;
    for (const entry& each : entries) {
        found.insert(&each.standard());
    }
    EXPECT_EQ(found.size(), 7u);
}

}  // namespace
