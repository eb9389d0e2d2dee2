// SPDX-License-Identifier: Apache-2.0
//
// Promise 6: flush and drain return after everything they waited for; newcomers cannot starve them.
#include "support/blocked_queue.hpp"
#include "support/when_waiting.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <gtest/gtest.h>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace {

cmwq::owned_queue make(int kind) {
    switch (kind) {
    case 0: return cmwq::make_queue(cmwq::percpu{.name = "percpu"});
    case 1: return cmwq::make_queue(cmwq::unbound{.name = "unbound"});
    case 2: return cmwq::make_queue(cmwq::percpu{.name = "percpu, limited", .max_active = 1});
    case 3: return cmwq::make_queue(cmwq::unbound{.name = "unbound, limited", .max_active = 2});
    default: return cmwq::make_queue(cmwq::ordered{.name = "ordered"});
    }
}

class flush : public testing::TestWithParam<int> {
protected:
    cmwq::owned_queue wq = make(GetParam());
};
INSTANTIATE_TEST_SUITE_P(each_kind, flush, testing::Range(0, 5));

TEST_P(flush, returns_after_items_queued_before_it) {
    // Plain stores: the flush alone makes them visible here.
    std::vector<int> done(500, 0);
    for (int round = 1; round <= support::rounds(100); ++round) {
        for (int& slot : done) {
            ASSERT_TRUE(wq->try_spawn([&slot, round] { slot = round; }));
        }
        wq->flush();
        for (const int slot : done) {
            ASSERT_EQ(slot, round);
        }
    }
}

TEST_P(flush, returns_after_a_running_item) {
    support::gate entered, way_out;
    std::atomic<bool> ended{false};
    ASSERT_TRUE(wq->try_spawn([&] {
        entered.open();
        way_out.pass();
        ended = true;
    }));
    ASSERT_TRUE(entered.pass());
    const support::when_maker_waits opener{[&] { way_out.open(); }};
    wq->flush();
    EXPECT_TRUE(ended);
}

TEST_P(flush, returns_at_once_when_there_is_nothing) {
    wq->flush();
    ASSERT_TRUE(wq->try_spawn([] {}));
    wq->flush();
    wq->flush();
}

/// Enqueues itself until it is told to stop.
struct restless : cmwq::work<restless> {
    explicit restless(cmwq::queue& queue) : wq{queue} {}
    static void run(restless& self) {
        self.runs.fetch_add(1, std::memory_order_relaxed);
        if (!self.stop.load(std::memory_order_relaxed)) {
            EXPECT_TRUE(self.wq.enqueue(self));
        }
    }
    cmwq::queue& wq;
    std::atomic<long> runs{0};
    std::atomic<bool> stop{false};
};

TEST_P(flush, is_not_starved_by_items_that_enqueue_themselves) {
    restless items[3] = {restless{*wq}, restless{*wq}, restless{*wq}};
    for (restless& item : items) {
        ASSERT_TRUE(wq->enqueue(item));
    }
    support::gate flushed;
    std::jthread flusher{[&] {
        for (int i = 0; i < 20; ++i) {
            wq->flush();
        }
        flushed.open();
    }};
    EXPECT_TRUE(flushed.pass());
    for (restless& item : items) {
        item.stop = true;
    }
    wq->drain();
}

TEST_P(flush, is_not_starved_by_other_threads) {
    std::atomic<bool> stop{false};
    std::atomic<long> ran{0};
    std::jthread producer{[&] {
        // No more than what is worked off: the queue never empties, and memory does not run out.
        for (long spawned = 0; !stop;) {
            if (spawned - ran > 1000) {
                std::this_thread::yield();
            } else if (wq->try_spawn([&] { ran.fetch_add(1, std::memory_order_relaxed); })) {
                ++spawned;
            }
        }
    }};
    support::gate flushed;
    std::jthread flusher{[&] {
        for (int i = 0; i < 20; ++i) {
            wq->flush();
        }
        flushed.open();
    }};
    EXPECT_TRUE(flushed.pass());
    stop = true;
    flusher.join();
    producer.join();
    wq->flush();
}

TEST_P(flush, of_many_threads_at_once_each_sees_its_own_items_done) {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int round = 0; round < support::rounds(300); ++round) {
                int done[4] = {};
                for (int& slot : done) {
                    ASSERT_TRUE(wq->try_spawn([&slot] { slot = 1; }));
                }
                wq->flush();
                for (const int slot : done) {
                    ASSERT_EQ(slot, 1);
                }
            }
        });
    }
}

TEST_P(flush, from_an_item_of_another_queue_waits_too) {
    std::atomic<int> done{0};
    bool seen = false;
    auto other = cmwq::make_queue(cmwq::percpu{.name = "other"});
    ASSERT_TRUE(other->try_spawn([&] {
        for (int i = 0; i < 100; ++i) {
            ASSERT_TRUE(wq->try_spawn([&] { ++done; }));
        }
        wq->flush();
        seen = done == 100;
    }));
    other->flush();
    EXPECT_TRUE(seen);
}

// ---- one item ----

struct slow : cmwq::work<slow> {
    static void run(slow& self) {
        self.entered.open();
        self.way_out.pass();
        self.done = true;
    }
    support::gate entered, way_out;
    bool done = false;
};

struct quick : cmwq::work<quick> {
    static void run(quick& self) { ++self.runs; }
    int runs = 0;
};

TEST_P(flush, of_an_idle_item_says_that_there_was_nothing) {
    quick item;
    EXPECT_FALSE(item.flush());
    ASSERT_TRUE(wq->enqueue(item));
    wq->flush();
    EXPECT_FALSE(item.flush());
}

TEST_P(flush, of_a_running_item_returns_after_it) {
    slow item;
    ASSERT_TRUE(wq->enqueue(item));
    ASSERT_TRUE(item.entered.pass());
    const support::when_maker_waits opener{[&] { item.way_out.open(); }};
    EXPECT_TRUE(item.flush());
    EXPECT_TRUE(item.done);
}

TEST_P(flush, of_a_pending_item_returns_after_its_run) {
    for (int round = 1; round <= support::rounds(2000); ++round) {
        quick item;
        ASSERT_TRUE(wq->enqueue(item));
        item.flush();
        ASSERT_EQ(item.runs, 1);
    }
}

TEST_P(flush, of_an_item_is_not_starved_by_its_own_later_runs) {
    restless item{*wq};
    ASSERT_TRUE(wq->enqueue(item));
    support::gate flushed;
    std::jthread flusher{[&] {
        for (int i = 0; i < 20; ++i) {
            item.flush();
        }
        flushed.open();
    }};
    EXPECT_TRUE(flushed.pass());
    item.stop = true;
    wq->drain();
}

TEST(flush_of_an_item, does_not_wait_for_others) {
    auto wq = cmwq::make_queue(cmwq::unbound{.name = "others"});
    slow other;
    quick item;
    ASSERT_TRUE(wq->enqueue(other));
    ASSERT_TRUE(other.entered.pass());
    ASSERT_TRUE(wq->enqueue(item));
    item.flush();
    EXPECT_EQ(item.runs, 1);
    EXPECT_FALSE(other.done);
    other.way_out.open();
    wq->flush();
}

// ---- drain and destruction ----

TEST_P(flush, drain_waits_for_what_the_items_enqueue) {
    std::atomic<int> runs{0};
    struct chain : cmwq::work<chain> {
        chain(cmwq::queue& queue, std::atomic<int>& counter) : wq{queue}, runs{counter} {}
        static void run(chain& self) {
            if (++self.runs < 1000) {
                EXPECT_TRUE(self.wq.enqueue(self));
            }
        }
        cmwq::queue& wq;
        std::atomic<int>& runs;
    } item{*wq, runs};
    ASSERT_TRUE(wq->enqueue(item));
    wq->drain();
    EXPECT_EQ(runs, 1000);
    ASSERT_TRUE(wq->try_spawn([&] { ++runs; }));  // a drained queue goes on
    wq->flush();
    EXPECT_EQ(runs, 1001);
}

TEST_P(flush, destruction_runs_everything_first) {
    std::atomic<int> runs{0};
    cmwq::queue& inside = *wq;
    for (int i = 0; i < 100; ++i) {
        ASSERT_TRUE(wq->try_spawn([&] {
            ASSERT_TRUE(inside.try_spawn([&] { ++runs; }));
            ++runs;
        }));
    }
    wq = {};
    EXPECT_EQ(runs, 200);
}

TEST_P(flush, drain_of_several_threads_at_once_ends) {
    std::atomic<int> runs{0};
    for (int i = 0; i < 1000; ++i) {
        ASSERT_TRUE(wq->try_spawn([&] { ++runs; }));
    }
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 3; ++t) {
            threads.emplace_back([&] {
                wq->drain();
                EXPECT_EQ(runs, 1000);
            });
        }
    }
    ASSERT_TRUE(wq->try_spawn([&] { ++runs; }));
    wq->flush();
    EXPECT_EQ(runs, 1001);
}

}  // namespace
