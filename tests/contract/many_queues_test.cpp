// SPDX-License-Identifier: Apache-2.0
//
// Queues are cheap: thousands can be made, used and destroyed, side by side or one after the other.
#include "support/cpus.hpp"
#include "support/patience.hpp"
#include "support/tasks.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <gtest/gtest.h>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

cmwq::owned_queue make(int number) {
    const std::string name = "queue " + std::to_string(number);
    switch (number % 4) {
    case 0: return cmwq::make_queue(cmwq::percpu{.name = name});
    case 1: return cmwq::make_queue(cmwq::unbound{.name = name});
    case 2: return cmwq::make_queue(cmwq::ordered{.name = name});
    default: return cmwq::make_queue(cmwq::percpu{.name = name, .max_active = 4});
    }
}

TEST(many_queues, live_side_by_side_and_each_runs_its_items) {
    const auto threads_before = support::library_tasks().size();
    std::atomic<int> runs{0};
    std::vector<cmwq::owned_queue> queues;
    for (int i = 0; i < 1000; ++i) {
        queues.push_back(make(i));
        ASSERT_TRUE(queues.back());
    }
    for (int i = 0; i < 1000; ++i) {
        const auto index = static_cast<std::size_t>(i);
        EXPECT_EQ(queues[index]->name(), "queue " + std::to_string(i));
        for (int n = 0; n < 5; ++n) {
            ASSERT_TRUE(queues[index]->try_spawn([&runs, expected = &*queues[index]] {
                runs += cmwq::this_worker::current_queue() == expected ? 1 : 0;
            }));
        }
    }
    queues.clear();
    EXPECT_EQ(runs, 5000);
    // Four kinds of pools at most, two workers per CPU of each, and those that look after them.
    EXPECT_LE(support::library_tasks().size(), threads_before + 12 * support::allowed_cpus().size());
}

TEST(many_queues, come_and_go_one_after_the_other) {
    std::atomic<int> runs{0};
    for (int i = 0; i < support::rounds(5000); ++i) {
        auto wq = make(i);
        ASSERT_TRUE(wq->try_spawn([&] { ++runs; }));
    }
    EXPECT_EQ(runs, support::rounds(5000));
}

TEST(many_queues, come_and_go_on_many_threads_with_one_item_that_visits_them_all) {
    struct visitor : cmwq::work<visitor> {
        static void run(visitor& self) { ++self.runs; }
        int runs = 0;
    };
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([t] {
            visitor item;
            std::vector<cmwq::owned_queue> queues;
            for (int i = 0; i < support::rounds(1000); ++i) {
                auto wq = make(i + t);
                ASSERT_TRUE(wq->enqueue(item));
                if (i % 3 == 0) {
                    wq->flush();
                } else if (i % 3 == 1) {
                    item.flush();
                } else {
                    wq = {};
                }
            }
            EXPECT_EQ(item.runs, support::rounds(1000));
        });
    }
}

TEST(many_queues, owner_of_a_queue_moves_it) {
    std::atomic<int> runs{0};
    cmwq::owned_queue first = make(0);
    cmwq::queue& same = *first;
    cmwq::owned_queue second = std::move(first);
    EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move): moved from means empty
    EXPECT_EQ(&*second, &same);
    ASSERT_TRUE(same.try_spawn([&] { ++runs; }));
    second = make(1);  // the former one is drained and destroyed
    EXPECT_EQ(runs, 1);
}

}  // namespace
