// SPDX-License-Identifier: Apache-2.0
//
// A queue ends in one of three ways: what is pending runs, is dropped, or is handed to somebody else. No owner is lost.
#include "support/blocked_queue.hpp"
#include "support/gate.hpp"
#include "support/restless.hpp"
#include "support/when_waiting.hpp"

#include <cmwq/cmwq.hpp>

#include <algorithm>
#include <atomic>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;

/// What became of the items of one test.
struct tally {
    std::atomic<int> made{0}, destroyed{0}, runs{0};
};

struct by_unique : cmwq::work<by_unique> {
    using pointer = std::unique_ptr<by_unique>;
    tally& count;
    explicit by_unique(tally& of) : count{of} { ++count.made; }
    ~by_unique() { ++count.destroyed; }
    static pointer make(tally& of) { return std::make_unique<by_unique>(of); }
    static void run(pointer self) { ++self->count.runs; }
};
struct by_arc {
    using pointer = cmwq::arc<by_arc>;
    tally& count;
    cmwq::work<by_arc> work;
    CMWQ_HAS_WORK(work);
    explicit by_arc(tally& of) : count{of} { ++count.made; }
    ~by_arc() { ++count.destroyed; }
    static pointer make(tally& of) { return cmwq::make_arc<by_arc>(of); }
    static void run(pointer self) { ++self->count.runs; }
};
struct by_shared {
    using pointer = std::shared_ptr<by_shared>;
    tally& count;
    cmwq::shared_work<by_shared> work;
    CMWQ_HAS_WORK(work);
    explicit by_shared(tally& of) : count{of} { ++count.made; }
    ~by_shared() { ++count.destroyed; }
    static pointer make(tally& of) { return std::make_shared<by_shared>(of); }
    static void run(pointer self) { ++self->count.runs; }
};

struct by_nobody : cmwq::work<by_nobody> {
    static void run(by_nobody&) {}
};

/// A queue of some kind whose workers all stand in items until open(): what is enqueued meanwhile is pending.
class held {
public:
    template <class Options>
    held(const Options& options, int places) : begun_{places}, queue{cmwq::make_queue(options)} {
        for (int i = 0; i < places; ++i) {
            if (!queue->try_spawn([this] {
                    begun_.count_down();
                    way_out_.pass();
                })) {
                std::abort();
            }
        }
        begun_.wait();
    }
    void open() { way_out_.open(); }

private:
    support::gate way_out_;
    support::countdown begun_;

public:
    cmwq::owned_queue queue;
};

/// One that runs two items at a time, of each of the three ways in which the engine holds pending items.
template <class Test>
void on_each_kind(Test test) {
    {
        SCOPED_TRACE("ordered");
        held one{cmwq::ordered{.name = "ends ordered"}, 1};
        test(one);
    }
    {
        SCOPED_TRACE("limited");
        held two{cmwq::unbound{.name = "ends limited", .max_active = 2}, 2};
        test(two);
    }
}

template <class T>
class shutdown_of : public testing::Test {};
using owners = testing::Types<by_unique, by_arc, by_shared>;
TYPED_TEST_SUITE(shutdown_of, owners);

TYPED_TEST(shutdown_of, a_queue_runs_what_is_pending) {
    on_each_kind([](held& wq) {
        tally count;
        for (int i = 0; i < 100; ++i) {
            ASSERT_TRUE(wq.queue->enqueue(TypeParam::make(count)));
        }
        const support::when_maker_waits opener{[&] { wq.open(); }};
        wq.queue.shutdown(cmwq::pending_items::run);
        EXPECT_FALSE(wq.queue);
        EXPECT_EQ(count.runs, 100);
        EXPECT_EQ(count.destroyed, 100);
    });
}

TYPED_TEST(shutdown_of, a_queue_drops_what_is_pending) {
    on_each_kind([](held& wq) {
        tally count;
        for (int i = 0; i < 100; ++i) {
            ASSERT_TRUE(wq.queue->enqueue(TypeParam::make(count)));
        }
        const support::when_maker_waits opener{[&] { wq.open(); }};
        wq.queue.shutdown(cmwq::pending_items::drop);
        EXPECT_FALSE(wq.queue);
        EXPECT_EQ(count.runs, 0);
        EXPECT_EQ(count.destroyed, 100);
    });
}

TYPED_TEST(shutdown_of, a_queue_hands_what_is_pending_to_another_queue) {
    on_each_kind([](held& wq) {
        tally count;
        for (int i = 0; i < 100; ++i) {
            ASSERT_TRUE(wq.queue->enqueue(TypeParam::make(count)));
        }
        const support::when_maker_waits opener{[&] { wq.open(); }};
        auto fresh = cmwq::make_queue(cmwq::percpu{.name = "fresh"});
        std::atomic<int> taken{0};
        wq.queue.shutdown_leaving([&](cmwq::left_item& left) noexcept {
            if (auto mine = left.take<TypeParam>()) {
                ++taken;
                (void)fresh->enqueue(std::move(mine));
            }
        });
        EXPECT_EQ(taken, 100);
        fresh->flush();
        EXPECT_EQ(count.runs, 100);
        EXPECT_EQ(count.destroyed, 100);
    });
}

TYPED_TEST(shutdown_of, a_queue_lets_go_of_what_its_receiver_does_not_take) {
    tally count;
    held wq{cmwq::ordered{.name = "ends"}, 1};
    for (int i = 0; i < 10; ++i) {
        ASSERT_TRUE(wq.queue->enqueue(TypeParam::make(count)));
    }
    const support::when_maker_waits opener{[&] { wq.open(); }};
    int seen = 0;
    wq.queue.shutdown_leaving(
        [&](cmwq::left_item& left) noexcept { seen += left.is<TypeParam>() && !left.is<by_nobody>() ? 1 : 0; });
    EXPECT_EQ(seen, 10);
    EXPECT_EQ(count.runs, 0);
    EXPECT_EQ(count.destroyed, 10);
}

TEST(shutdown, leaves_an_item_that_its_caller_keeps_idle_and_unchanged) {
    struct kept : cmwq::work<kept> {
        int runs = 0;
        static void run(kept& self) { ++self.runs; }
    };
    kept dropped, left, other;
    {
        held wq{cmwq::ordered{.name = "ends"}, 1};
        ASSERT_TRUE(wq.queue->enqueue(dropped));
        const support::when_maker_waits opener{[&] { wq.open(); }};
        wq.queue.shutdown(cmwq::pending_items::drop);
    }
    held wq{cmwq::ordered{.name = "ends too"}, 1};
    ASSERT_TRUE(wq.queue->enqueue(left));
    ASSERT_TRUE(wq.queue->enqueue(other));
    const support::when_maker_waits opener{[&] { wq.open(); }};
    std::vector<kept*> seen;
    wq.queue.shutdown_leaving([&](cmwq::left_item& each) noexcept { seen.push_back(each.take<kept>()); });
    EXPECT_EQ(seen, (std::vector<kept*>{&left, &other}));  // in the queue's order
    for (kept* each : {&dropped, &left, &other}) {
        EXPECT_FALSE(each->busy());
        EXPECT_EQ(each->runs, 0);
        ASSERT_TRUE(cmwq::system().enqueue(*each));
        each->flush();
        EXPECT_EQ(each->runs, 1);
    }
}

TEST(shutdown, hands_over_what_waits_for_its_time) {
    struct armed : cmwq::delayed_work<armed> {
        int runs = 0;
        static void run(armed& self) { ++self.runs; }
    };
    armed item, timeless;
    auto wq = cmwq::make_queue(cmwq::percpu{.name = "ends"});
    ASSERT_TRUE(wq->enqueue_delayed(item, 1h));
    ASSERT_TRUE(wq->enqueue_delayed(timeless, 2h));
    std::vector<armed*> seen;
    wq.shutdown_leaving([&](cmwq::left_item& each) noexcept { seen.push_back(each.take<armed>()); });
    std::sort(seen.begin(), seen.end(), [&](armed* first, armed*) { return first == &item; });
    EXPECT_EQ(seen, (std::vector<armed*>{&item, &timeless}));
    EXPECT_FALSE(item.busy() || timeless.busy());
    EXPECT_EQ(item.runs + timeless.runs, 0);
    EXPECT_TRUE(cmwq::system().enqueue_delayed(item, 0s));
    item.flush();
    EXPECT_EQ(item.runs, 1);
}

TEST(shutdown, drops_functions_that_were_spawned) {
    auto token = std::make_shared<int>(0);
    held wq{cmwq::ordered{.name = "ends"}, 1};
    for (int i = 0; i < 10; ++i) {
        ASSERT_TRUE(wq.queue->try_spawn([token] { ++*token; }));
    }
    EXPECT_EQ(token.use_count(), 11);
    const support::when_maker_waits opener{[&] { wq.open(); }};
    wq.queue.shutdown(cmwq::pending_items::drop);
    EXPECT_EQ(token.use_count(), 1);
    EXPECT_EQ(*token, 0);
}

TEST(shutdown, that_drops_ends_an_item_that_always_enqueues_itself) {
    auto wq = cmwq::make_queue(cmwq::percpu{.name = "restless", .at_end = cmwq::pending_items::drop});
    support::restless item{*wq};
    ASSERT_TRUE(item.begins());
    wq = {};
    EXPECT_FALSE(item.busy());
}

template <class Function>
void run_once_and_let_the_queue_go(Function function) {
    auto wq = cmwq::make_queue(cmwq::percpu{.name = "short-lived"});
    ASSERT_TRUE(wq->try_spawn(function));
    wq = {};
}

TEST(shutdown, by_assignment_of_no_queue_is_none_the_less_one_in_a_template) {
    std::atomic<bool> ran{false};
    run_once_and_let_the_queue_go([&ran] { ran = true; });
    EXPECT_TRUE(ran);
}

TEST(shutdown, at_end_says_what_the_destructor_does) {
    tally count;
    {
        held wq{cmwq::ordered{.name = "drops", .at_end = cmwq::pending_items::drop}, 1};
        ASSERT_TRUE(wq.queue->enqueue(by_unique::make(count)));
        const support::when_maker_waits opener{[&] { wq.open(); }};
        wq.queue = {};
    }
    EXPECT_EQ(count.runs, 0);
    EXPECT_EQ(count.destroyed, 1);
}

TEST(shutdown, waits_for_what_runs_and_counts_what_does_not) {
    cmwq::runtime own;
    auto wq = own.make_queue(cmwq::ordered{.name = "counted"});
    support::gate begun, way_out;
    std::atomic<bool> ended{false};
    ASSERT_TRUE(wq->try_spawn([&] {
        begun.open();
        way_out.pass();
        ended = true;
    }));
    begun.pass();
    for (int i = 0; i < 5; ++i) {
        ASSERT_TRUE(wq->try_spawn([] { ADD_FAILURE(); }));
    }
    const support::when_maker_waits opener{[&] { way_out.open(); }};
    wq.shutdown(cmwq::pending_items::drop);
    EXPECT_TRUE(ended);
    EXPECT_EQ(own.statistics().items_dropped, 5u);
}

TEST(shutdown, without_a_queue_does_nothing) {
    cmwq::owned_queue none;
    none.shutdown(cmwq::pending_items::drop);
    none.shutdown_leaving([](cmwq::left_item&) noexcept { ADD_FAILURE(); });
    EXPECT_FALSE(none);
}

}  // namespace
