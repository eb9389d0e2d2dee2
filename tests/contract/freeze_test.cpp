// SPDX-License-Identifier: Apache-2.0
//
// Freezing: running items finish, nothing new starts, and after thaw everything goes on in order.
#include "support/gate.hpp"
#include "support/restless.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <gtest/gtest.h>
#include <memory>
#include <thread>
#include <vector>

namespace {

class freezing : public testing::TestWithParam<int> {
protected:
    cmwq::owned_queue make() {
        switch (GetParam()) {
        case 0: return own.make_queue(cmwq::percpu{.name = "percpu", .freezable = true});
        case 1: return own.make_queue(cmwq::percpu{.name = "percpu 2", .max_active = 2, .freezable = true});
        case 2: return own.make_queue(cmwq::unbound{.name = "unbound", .freezable = true});
        case 3: return own.make_queue(cmwq::power_efficient{.name = "power", .freezable = true});
        default: return own.make_queue(cmwq::ordered{.name = "ordered", .freezable = true});
        }
    }
    bool becomes_quiet() {
        return support::eventually([&] { return own.frozen(); });
    }
    ~freezing() override { own.thaw(); }

    cmwq::runtime own;
    std::atomic<int> runs{0};
};
INSTANTIATE_TEST_SUITE_P(each_kind, freezing, testing::Range(0, 5));

TEST_P(freezing, nothing_starts_until_thaw) {
    auto wq = make();
    EXPECT_FALSE(own.frozen());
    own.freeze();
    ASSERT_TRUE(becomes_quiet());
    for (int i = 0; i < 20; ++i) {
        ASSERT_TRUE(wq->try_spawn([&] { ++runs; }));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{15});  // more than one look of the watchdog
    EXPECT_EQ(runs, 0);
    EXPECT_TRUE(own.frozen());
    own.thaw();
    EXPECT_FALSE(own.frozen());
    wq->flush();
    EXPECT_EQ(runs, 20);
}

TEST_P(freezing, running_item_finishes_and_only_then_is_it_quiet) {
    auto wq = make();
    support::gate started, let_go;
    ASSERT_TRUE(wq->try_spawn([&] {
        started.open();
        let_go.pass();
        ++runs;
    }));
    ASSERT_TRUE(started.pass());
    own.freeze();
    EXPECT_FALSE(own.frozen());
    ASSERT_TRUE(wq->try_spawn([&] { ++runs; }));
    let_go.open();
    ASSERT_TRUE(becomes_quiet());
    EXPECT_EQ(runs, 1);
    own.thaw();
    wq->flush();
    EXPECT_EQ(runs, 2);
}

TEST_P(freezing, queue_made_while_frozen_is_frozen_too) {
    own.freeze();
    auto wq = make();
    ASSERT_TRUE(wq->try_spawn([&] { ++runs; }));
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
    EXPECT_EQ(runs, 0);
    EXPECT_TRUE(own.frozen());
    own.thaw();
    wq->flush();
    EXPECT_EQ(runs, 1);
}

TEST_P(freezing, flush_inside_the_window_returns_after_thaw) {
    auto wq = make();
    own.freeze();
    ASSERT_TRUE(wq->try_spawn([&] { ++runs; }));
    std::atomic<bool> flushed{false};
    std::jthread flusher{[&] {
        wq->flush();
        EXPECT_EQ(runs, 1);
        flushed = true;
    }};
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
    EXPECT_FALSE(flushed);
    own.thaw();
}

TEST_P(freezing, items_can_be_cancelled_inside_the_window) {
    struct item : cmwq::work<item> {
        static void run(item& self) { ++self.runs; }
        std::atomic<int> runs{0};
    } one, another;
    auto wq = make();
    own.freeze();
    ASSERT_TRUE(wq->enqueue(one));
    ASSERT_TRUE(wq->enqueue(another));
    EXPECT_TRUE(one.cancel_sync());
    EXPECT_FALSE(wq->enqueue(another));
    own.thaw();
    wq->flush();
    EXPECT_EQ(one.runs, 0);
    EXPECT_EQ(another.runs, 1);
}

TEST_P(freezing, item_that_enqueues_itself_waits_with_the_others) {
    auto wq = make();
    support::restless endless{*wq};
    ASSERT_TRUE(endless.begins());
    own.freeze();
    ASSERT_TRUE(becomes_quiet());
    const long quiet = endless.runs;
    std::this_thread::sleep_for(std::chrono::milliseconds{3});
    EXPECT_EQ(endless.runs, quiet);
    own.thaw();
    ASSERT_TRUE(support::eventually([&] { return endless.runs > quiet; }));
    (void)endless.cancel_sync();
}

TEST(freeze, keeps_the_order_of_an_ordered_queue) {
    cmwq::runtime own;
    auto wq = own.make_queue(cmwq::ordered{.name = "ordered", .freezable = true});
    std::vector<int> order;
    for (int i = 0; i < 300; ++i) {
        ASSERT_TRUE(wq->try_spawn([&order, i] { order.push_back(i); }));
        if (i % 100 == 30) {
            own.freeze();
        }
        if (i % 100 == 70) {
            own.thaw();
        }
    }
    wq->flush();
    for (int i = 0; i < 300; ++i) {
        ASSERT_EQ(order[static_cast<std::size_t>(i)], i);
    }
}

TEST(freeze, does_not_touch_queues_that_are_not_freezable) {
    cmwq::runtime own;
    std::atomic<int> runs{0};
    own.freeze();
    ASSERT_TRUE(own.system().try_spawn([&] { ++runs; }));
    ASSERT_TRUE(own.system_unbound().try_spawn([&] { ++runs; }));
    own.system().flush();
    own.system_unbound().flush();
    EXPECT_EQ(runs, 2);
    ASSERT_TRUE(own.system_freezable().try_spawn([&] { ++runs; }));
    EXPECT_EQ(runs, 2);
    own.thaw();
    own.system_freezable().flush();
    EXPECT_EQ(runs, 3);
}

TEST(freeze, of_the_process_is_that_of_the_standard_runtime) {
    std::atomic<int> runs{0};
    cmwq::freeze();
    ASSERT_TRUE(cmwq::system_freezable().try_spawn([&] { ++runs; }));
    EXPECT_TRUE(cmwq::frozen());
    EXPECT_EQ(runs, 0);
    cmwq::thaw();
    EXPECT_FALSE(cmwq::frozen());
    cmwq::system_freezable().flush();
    EXPECT_EQ(runs, 1);
}

}  // namespace
