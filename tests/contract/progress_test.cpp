// SPDX-License-Identifier: Apache-2.0
//
// What "concurrency-managed" means: an item that blocks, or computes for long, does not stop the others, on queues of
// every kind that may run more than one item.
#include "support/cpus.hpp"
#include "support/gate.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <gtest/gtest.h>
#include <memory>
#include <thread>
#include <tuple>
#include <vector>

namespace {

using cmwq::block_detection;

cmwq::owned_queue make(cmwq::runtime& on, int kind) {
    switch (kind) {
    case 0: return on.make_queue(cmwq::percpu{.name = "percpu"});
    case 1: return on.make_queue(cmwq::percpu{.name = "percpu, highpri", .highpri = true});
    case 2: return on.make_queue(cmwq::unbound{.name = "unbound"});
    case 3: return on.make_queue(cmwq::percpu{.name = "limited, far away", .max_active = 500});
    default: return on.make_queue(cmwq::power_efficient{.name = "power efficient"});
    }
}

/// Each kind of queue, with each way of finding out that a worker blocks.
class progress : public testing::TestWithParam<std::tuple<int, block_detection>> {
protected:
    cmwq::runtime own{{.detect = std::get<block_detection>(GetParam())}};
    cmwq::owned_queue wq = make(own, std::get<int>(GetParam()));
    support::pinned_to place{support::allowed_cpus().front()};  // one pool gets everything
};
INSTANTIATE_TEST_SUITE_P(each_kind, progress,
                         testing::Combine(testing::Range(0, 5),
                                          testing::Values(block_detection::automatic, block_detection::canary,
                                                          block_detection::batch_canary, block_detection::watchdog,
                                                          block_detection::off)));

TEST_P(progress, items_that_wait_for_a_later_one_do_not_hold_it_back) {
    for (const int waiting : {1, 8, 64}) {
        support::gate last_ran;
        std::atomic<int> passed{0};
        for (int i = 0; i < waiting; ++i) {
            ASSERT_TRUE(wq->try_spawn([&] { passed += last_ran.pass() ? 1 : 0; }));
        }
        ASSERT_TRUE(wq->try_spawn([&] { last_ran.open(); }));
        wq->flush();
        EXPECT_EQ(passed, waiting);
    }
}

TEST_P(progress, items_that_each_wait_for_the_next_all_end) {
    constexpr int count = 40;
    std::vector<std::unique_ptr<support::gate>> gates;
    for (int i = 0; i <= count; ++i) {
        gates.push_back(std::make_unique<support::gate>());
    }
    std::atomic<int> passed{0};
    for (std::size_t i = 0; i < count; ++i) {
        ASSERT_TRUE(wq->try_spawn([&, i] {
            passed += gates[i + 1]->pass() ? 1 : 0;
            gates[i]->open();
        }));
    }
    ASSERT_TRUE(wq->try_spawn([&] { gates[count]->open(); }));
    wq->flush();
    EXPECT_EQ(passed, count);
}

TEST_P(progress, items_that_spin_until_a_later_one_has_run_do_not_hold_it_back) {
    std::atomic<bool> last_ran{false};
    const auto limit = std::chrono::steady_clock::now() + support::patience();
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(wq->try_spawn([&] {
            while (!last_ran && std::chrono::steady_clock::now() < limit) {}
        }));
    }
    ASSERT_TRUE(wq->try_spawn([&] { last_ran = true; }));
    wq->flush();
    EXPECT_LT(std::chrono::steady_clock::now(), limit);
}

TEST_P(progress, sleeping_items_sleep_side_by_side) {
    constexpr int count = 20;
    support::countdown all_asleep{count};
    for (int i = 0; i < count; ++i) {
        ASSERT_TRUE(wq->try_spawn([&] {
            all_asleep.count_down();
            EXPECT_TRUE(all_asleep.wait());
        }));
    }
    wq->flush();
}

TEST_P(progress, item_may_flush_another_queue_whose_items_need_the_same_workers) {
    auto other = own.make_queue(cmwq::ordered{.name = "other"});
    std::atomic<int> runs{0};
    for (int i = 0; i < 4; ++i) {
        ASSERT_TRUE(wq->try_spawn([&] {
            ASSERT_TRUE(other->try_spawn([&] {
                ASSERT_TRUE(own.system_long().try_spawn([&] { ++runs; }));
                own.system_long().flush();
                ++runs;
            }));
            other->flush();
        }));
    }
    wq->flush();
    EXPECT_EQ(runs, 8);
}

TEST_P(progress, item_may_make_and_destroy_queues) {
    std::atomic<int> runs{0};
    for (int i = 0; i < 4; ++i) {
        ASSERT_TRUE(wq->try_spawn([&] {
            auto mine = own.make_queue(cmwq::percpu{.name = "mine", .max_active = 1});
            for (int n = 0; n < 10; ++n) {
                ASSERT_TRUE(mine->try_spawn([&] { ++runs; }));
            }
        }));
    }
    wq->flush();
    EXPECT_EQ(runs, 40);
}

}  // namespace
