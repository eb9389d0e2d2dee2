// SPDX-License-Identifier: Apache-2.0
//
// Promise 5, first half: an ordered queue runs one item at a time, in the order of enqueuing.
#include "support/gate.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <gtest/gtest.h>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace {

/// What an ordered queue's items write: no lock, because they never run side by side.
struct record {
    void enter() {
        if (inside.fetch_add(1) != 0) {
            ++overlaps;
        }
    }
    void leave() { inside.fetch_sub(1); }

    std::atomic<int> inside{0}, overlaps{0};
    std::vector<std::pair<int, int>> ran;  // producer, number
};

struct note : cmwq::work<note> {
    note(record& to, int who, int count) : where{to}, producer{who}, number{count} {}
    static void run(std::unique_ptr<note> self) {
        self->where.enter();
        if (self->number % 50 == 0) {
            std::this_thread::sleep_for(std::chrono::microseconds{50});
        }
        self->where.ran.emplace_back(self->producer, self->number);
        self->where.leave();
    }
    record& where;
    int producer, number;
};

void produce(cmwq::queue& wq, record& to, int producer, int count) {
    for (int i = 0; i < count; ++i) {
        ASSERT_TRUE(wq.enqueue(std::make_unique<note>(to, producer, i)));
    }
}

void expect_order(const record& found, int producers, int count) {
    std::vector<int> next(static_cast<std::size_t>(producers), 0);
    for (const auto& [producer, number] : found.ran) {
        ASSERT_EQ(number, next[static_cast<std::size_t>(producer)]++) << "of producer " << producer;
    }
    EXPECT_EQ(found.ran.size(), static_cast<std::size_t>(producers * count));
    EXPECT_EQ(found.overlaps, 0);
}

TEST(ordered_queue, items_of_one_thread_run_in_the_order_of_enqueuing) {
    auto wq = cmwq::make_queue(cmwq::ordered{.name = "log"});
    record found;
    produce(*wq, found, 0, support::rounds(50'000));
    wq->flush();
    expect_order(found, 1, support::rounds(50'000));
}

TEST(ordered_queue, items_of_many_threads_run_one_at_a_time_each_thread_in_order) {
    auto wq = cmwq::make_queue(cmwq::ordered{.name = "log"});
    record found;
    {
        std::vector<std::jthread> threads;
        for (int producer = 0; producer < 4; ++producer) {
            threads.emplace_back([&, producer] { produce(*wq, found, producer, support::rounds(10'000)); });
        }
    }
    wq->flush();
    expect_order(found, 4, support::rounds(10'000));
}

TEST(ordered_queue, high_priority_queue_keeps_order_too) {
    auto wq = cmwq::make_queue(cmwq::ordered{.name = "log", .highpri = true, .mem_reclaim = true});
    record found;
    produce(*wq, found, 0, 5000);
    wq->flush();
    expect_order(found, 1, 5000);
}

TEST(ordered_queue, blocked_item_holds_back_those_behind_it) {
    auto wq = cmwq::make_queue(cmwq::ordered{.name = "log"});
    support::gate entered, way_out;
    std::atomic<bool> second_ran{false};
    ASSERT_TRUE(wq->try_spawn([&] {
        entered.open();
        way_out.pass();
        EXPECT_FALSE(second_ran);
    }));
    ASSERT_TRUE(wq->try_spawn([&] { second_ran = true; }));
    ASSERT_TRUE(entered.pass());
    // Long enough for several ticks of the watchdog, which starts another worker where one blocks.
    std::this_thread::sleep_for(std::chrono::milliseconds{60});
    EXPECT_FALSE(second_ran);
    way_out.open();
    wq->flush();
    EXPECT_TRUE(second_ran);
}

TEST(ordered_queue, item_that_enqueues_itself_goes_behind_the_waiting_ones) {
    auto wq = cmwq::make_queue(cmwq::ordered{.name = "log"});
    std::vector<int> ran;
    support::gate all_enqueued;
    struct again : cmwq::work<again> {
        static void run(again& self) {
            self.enqueued.pass();
            self.ran.push_back(0);
            if (self.ran.size() == 1) {
                EXPECT_TRUE(self.wq.enqueue(self));
            }
        }
        again(cmwq::queue& queue, std::vector<int>& order, support::gate& gate)
            : wq{queue}, ran{order}, enqueued{gate} {}
        cmwq::queue& wq;
        std::vector<int>& ran;
        support::gate& enqueued;
    } item{*wq, ran, all_enqueued};
    ASSERT_TRUE(wq->enqueue(item));
    ASSERT_TRUE(wq->try_spawn([&] { ran.push_back(1); }));
    ASSERT_TRUE(wq->try_spawn([&] { ran.push_back(2); }));
    all_enqueued.open();
    wq->drain();
    EXPECT_EQ(ran, (std::vector<int>{0, 1, 2, 0}));
}

TEST(ordered_queue, queues_do_not_hold_back_each_other) {
    auto first = cmwq::make_queue(cmwq::ordered{.name = "first"});
    auto second = cmwq::make_queue(cmwq::ordered{.name = "second"});
    support::gate here, there;
    ASSERT_TRUE(first->try_spawn([&] {
        here.open();
        EXPECT_TRUE(there.pass());
    }));
    ASSERT_TRUE(second->try_spawn([&] {
        there.open();
        EXPECT_TRUE(here.pass());
    }));
    first->flush();
    second->flush();
}

}  // namespace
