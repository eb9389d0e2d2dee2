// SPDX-License-Identifier: Apache-2.0
//
// Promise 1: enqueuing a pending item is refused and changes nothing, its position included.
#include "support/blocked_queue.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <gtest/gtest.h>
#include <thread>
#include <utility>
#include <vector>

namespace {

std::vector<int> order;

struct numbered : cmwq::work<numbered> {
    explicit numbered(int n) : number{n} {}
    static void run(numbered& self) {
        order.push_back(self.number);
        self.ran_on = cmwq::this_worker::current_queue();
    }
    int number;
    cmwq::queue* ran_on = nullptr;
};

class pending_once : public testing::Test {
protected:
    pending_once() { order.clear(); }
};

TEST_F(pending_once, second_enqueue_is_refused_and_the_item_runs_once) {
    support::blocked_queue held;
    numbered item{1};
    EXPECT_TRUE(held->enqueue(item));
    EXPECT_FALSE(held->enqueue(item));
    EXPECT_FALSE(held->enqueue(&item));
    EXPECT_TRUE(item.pending());
    held.finish();
    EXPECT_EQ(order, (std::vector<int>{1}));
    EXPECT_FALSE(item.pending());
}

TEST_F(pending_once, refused_enqueue_leaves_the_position) {
    support::blocked_queue held;
    numbered first{1}, second{2}, third{3};
    EXPECT_TRUE(held->enqueue(first));
    EXPECT_TRUE(held->enqueue(second));
    EXPECT_TRUE(held->enqueue(third));
    EXPECT_FALSE(held->enqueue(first));
    EXPECT_FALSE(held->enqueue(second));
    held.finish();
    EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST_F(pending_once, refused_enqueue_to_another_queue_leaves_the_item_in_its_own) {
    support::blocked_queue held{"first"};
    auto other = cmwq::make_queue(cmwq::ordered{.name = "second"});
    numbered item{1};
    EXPECT_TRUE(held->enqueue(item));
    EXPECT_FALSE(other->enqueue(item));
    other->flush();
    EXPECT_TRUE(order.empty());
    held.finish();
    EXPECT_EQ(item.ran_on, &*held);
    EXPECT_EQ(order.size(), 1u);
}

TEST_F(pending_once, refused_item_may_be_enqueued_again_after_its_run) {
    auto wq = cmwq::make_queue(cmwq::ordered{.name = "again"});
    numbered item{1};
    for (int round = 0; round < 100; ++round) {
        EXPECT_TRUE(wq->enqueue(item));
        wq->flush();
    }
    EXPECT_EQ(order.size(), 100u);
}

struct shared_item {
    cmwq::work<shared_item> work;
    CMWQ_HAS_WORK(work);
    static void run(cmwq::arc<shared_item>) {}
};

TEST_F(pending_once, owner_of_a_pending_item_comes_back) {
    support::blocked_queue held;
    auto item = cmwq::make_arc<shared_item>();
    EXPECT_TRUE(held->enqueue(item));
    auto refused = held->enqueue(item);
    EXPECT_FALSE(refused);
    EXPECT_EQ(refused.why(), cmwq::refusal::already_pending);
    EXPECT_EQ(refused.take_back(), item);
}

struct counted : cmwq::work<counted> {
    static void run(counted& self) { self.runs.fetch_add(1, std::memory_order_relaxed); }
    std::atomic<int> runs{0};
};

int enqueue_often(cmwq::queue& wq, counted& item) {
    int accepted = 0;
    for (int round = 0; round < support::rounds(100'000); ++round) {
        accepted += wq.enqueue(item) ? 1 : 0;
    }
    return accepted;
}

TEST_F(pending_once, each_accepted_enqueue_is_one_run) {
    counted item;
    auto limited = cmwq::make_queue(cmwq::unbound{.name = "limited", .max_active = 2});
    auto in_order = cmwq::make_queue(cmwq::ordered{.name = "in order"});
    cmwq::queue* targets[] = {&cmwq::system(), &cmwq::system_unbound(), &*limited, &*in_order};
    std::atomic<int> accepted{0};
    {
        std::vector<std::jthread> threads;
        for (cmwq::queue* wq : targets) {
            threads.emplace_back([&, wq] { accepted += enqueue_often(*wq, item); });
        }
    }
    for (cmwq::queue* wq : targets) {
        wq->flush();
    }
    EXPECT_GT(accepted, 0);
    EXPECT_EQ(item.runs, accepted);
}

}  // namespace
