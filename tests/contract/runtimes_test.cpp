// SPDX-License-Identifier: Apache-2.0
//
// Runtime objects: several at once, with items that move between them, made and ended while others go on.
#include "support/gate.hpp"
#include "support/tasks.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <gtest/gtest.h>
#include <memory>
#include <thread>
#include <vector>

namespace {

struct counted : cmwq::work<counted> {
    static void run(counted& self) {
        EXPECT_EQ(self.inside.fetch_add(1), 0);
        ++self.runs;
        self.inside.fetch_sub(1);
    }
    std::atomic<int> inside{0};
    int runs = 0;
};

TEST(runtimes, own_one_runs_items_and_takes_its_threads_along) {
    const auto before = support::library_tasks().size();
    {
        cmwq::runtime own;
        counted item;
        ASSERT_TRUE(own.system().enqueue(item));
        own.system().flush();
        EXPECT_EQ(item.runs, 1);
        EXPECT_GT(support::library_tasks().size(), before);
    }
    // A joined thread may be listed for a moment longer.
    EXPECT_TRUE(support::eventually([&] { return support::library_tasks().size() <= before; }));
}

TEST(runtimes, unused_one_comes_and_goes) {
    for (int i = 0; i < 1000; ++i) {
        const cmwq::runtime own;
    }
}

TEST(runtimes, end_runs_what_its_system_queues_have) {
    std::atomic<int> runs{0};
    for (int i = 0; i < support::rounds(200); ++i) {
        cmwq::runtime own;
        for (int n = 0; n < 20; ++n) {
            ASSERT_TRUE(own.system_unbound().try_spawn([&] { ++runs; }));
            ASSERT_TRUE(own.system().try_spawn([&] { ++runs; }));
        }
    }
    EXPECT_EQ(runs, support::rounds(200) * 40);
}

TEST(runtimes, item_moves_between_them_and_does_not_run_twice_at_once) {
    cmwq::runtime first, second;
    counted item;
    std::atomic<int> accepted{0};
    {
        std::vector<std::jthread> threads;
        for (cmwq::runtime* own : {&first, &second}) {
            threads.emplace_back([&, own] {
                for (int i = 0; i < support::rounds(50'000); ++i) {
                    cmwq::queue& wq = i % 2 == 0 ? own->system() : own->system_unbound();
                    accepted += wq.enqueue(item) ? 1 : 0;
                }
            });
        }
    }
    for (cmwq::runtime* own : {&first, &second}) {
        own->system().flush();
        own->system_unbound().flush();
    }
    EXPECT_EQ(item.runs, accepted);
}

TEST(runtimes, item_outlives_the_one_that_ran_it) {
    counted item;
    for (int i = 0; i < 100; ++i) {
        cmwq::runtime own;
        ASSERT_TRUE(own.system().enqueue(item));
        item.flush();
    }
    EXPECT_FALSE(item.busy());
    EXPECT_FALSE(item.flush());
    EXPECT_EQ(item.runs, 100);
}

TEST(runtimes, many_at_once_from_many_threads) {
    std::atomic<int> runs{0};
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([&] {
                for (int i = 0; i < support::rounds(50); ++i) {
                    cmwq::runtime own;
                    auto wq = own.make_queue(cmwq::ordered{.name = "own"});
                    for (int n = 0; n < 10; ++n) {
                        ASSERT_TRUE(wq->try_spawn([&] { ++runs; }));
                        ASSERT_TRUE(own.system().try_spawn([&] { ++runs; }));
                    }
                }
            });
        }
    }
    EXPECT_EQ(runs, 4 * support::rounds(50) * 20);
}

TEST(runtimes, one_blocked_does_not_hold_back_another) {
    cmwq::runtime first, second;
    support::gate way_out;
    ASSERT_TRUE(first.system().try_spawn([&] { EXPECT_TRUE(way_out.pass()); }));
    ASSERT_TRUE(second.system().try_spawn([&] { way_out.open(); }));
    first.system().flush();
    second.system().flush();
}

TEST(runtimes, power_saving_one_makes_power_efficient_queues_unbound) {
    cmwq::runtime saving{{.power_efficient = cmwq::power_saving::on}};
    std::atomic<int> runs{0};
    auto wq = saving.make_queue(cmwq::power_efficient{.name = "saving"});
    ASSERT_TRUE(wq->try_spawn([&] { ++runs; }));
    ASSERT_TRUE(saving.system_power_efficient().try_spawn([&] { ++runs; }));
    wq->flush();
    saving.system_power_efficient().flush();
    EXPECT_EQ(runs, 2);
    std::string names;
    for (const auto& [id, task] : support::library_tasks()) {
        names += task.name + " ";
    }
    EXPECT_NE(names.find("cmwq/u"), std::string::npos) << names;
}

TEST(runtimes, statistics_tell_what_happened) {
    cmwq::runtime own;
    EXPECT_EQ(own.statistics().pools, 0u);
    ASSERT_TRUE(own.system().try_spawn([] {}));
    own.system().flush();
    const cmwq::runtime_statistics now = own.statistics();
    EXPECT_GE(now.workers_created, 1u);
    EXPECT_EQ(now.workers, now.workers_created - now.workers_destroyed);
    EXPECT_GE(now.pools, 1u);
    EXPECT_EQ(now.worker_creation_failures, 0u);
}

}  // namespace
