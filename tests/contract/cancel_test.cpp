// SPDX-License-Identifier: Apache-2.0
//
// Cancel, disable, enable and flush of one item, in every state that it can be in: idle, pending, running, running and
// pending again, disabled. The table of the kernel's answers is docs/kernel-map.md.
#include "support/blocked_queue.hpp"
#include "support/restless.hpp"
#include "support/tasks.hpp"
#include "support/when_waiting.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <gtest/gtest.h>
#include <memory>
#include <thread>
#include <vector>

namespace {

using cmwq::refusal;

/// Runs until it is let go, when told to.
struct item : cmwq::work<item> {
    static void run(item& self) {
        if (++self.inside != 1) {
            ++self.overlaps;
        }
        ++self.runs;
        if (self.waits) {
            self.started.open();
            self.let_go.pass();
        }
        --self.inside;
    }
    std::atomic<int> runs{0}, inside{0}, overlaps{0};
    std::atomic<bool> waits{false};
    support::gate started, let_go;
};

cmwq::owned_queue make(int kind) {
    switch (kind) {
    case 0: return cmwq::make_queue(cmwq::percpu{.name = "percpu"});
    case 1: return cmwq::make_queue(cmwq::percpu{.name = "percpu, one", .max_active = 1});
    case 2: return cmwq::make_queue(cmwq::unbound{.name = "unbound, two", .max_active = 2});
    default: return cmwq::make_queue(cmwq::ordered{.name = "ordered"});
    }
}

class each_queue : public testing::TestWithParam<int> {
protected:
    ~each_queue() override { it.let_go.open(); }

    /// Its function has started and does not end before it is let go.
    void make_it_run() {
        it.waits = true;
        ASSERT_TRUE(wq->enqueue(it));
        ASSERT_TRUE(it.started.pass());
        it.waits = false;
    }
    void expect_idle() {
        EXPECT_FALSE(it.pending());
        EXPECT_FALSE(it.busy());
    }

    cmwq::owned_queue wq = make(GetParam());
    item it;
};
INSTANTIATE_TEST_SUITE_P(cancel, each_queue, testing::Range(0, 4));

// ---- idle ----

TEST_P(each_queue, nothing_is_cancelled_or_waited_for_in_an_idle_item) {
    EXPECT_FALSE(it.cancel());
    EXPECT_FALSE(it.cancel_sync());
    EXPECT_FALSE(it.flush());
    EXPECT_FALSE(it.disable());
    EXPECT_FALSE(it.disable_sync());
    EXPECT_FALSE(it.enable());
    EXPECT_TRUE(it.enable());
    expect_idle();
}

TEST_P(each_queue, item_that_has_run_is_idle_again) {
    ASSERT_TRUE(wq->enqueue(it));
    wq->flush();
    EXPECT_FALSE(it.cancel());
    EXPECT_FALSE(it.cancel_sync());
    EXPECT_FALSE(it.flush());
    EXPECT_EQ(it.runs, 1);
}

// ---- pending ----

TEST(cancel, of_a_pending_item_takes_it_off_its_queue) {
    support::blocked_queue held;
    item first, second, third;
    for (item* one : {&first, &second, &third}) {
        ASSERT_TRUE(held->enqueue(*one));
    }
    EXPECT_TRUE(second.cancel());
    EXPECT_FALSE(second.pending());
    EXPECT_FALSE(second.cancel());
    EXPECT_TRUE(first.cancel_sync());
    EXPECT_TRUE(third.disable());
    held.finish();
    EXPECT_EQ(first.runs + second.runs + third.runs, 0);
    EXPECT_TRUE(third.enable());
}

TEST(cancel, of_the_first_the_last_and_the_only_item_leaves_the_others_in_order) {
    support::blocked_queue held;
    std::vector<int> order;
    struct numbered : cmwq::work<numbered> {
        static void run(numbered& self) { self.to->push_back(self.number); }
        std::vector<int>* to = nullptr;
        int number = 0;
    };
    std::vector<numbered> items(6);
    for (int i = 0; i < 6; ++i) {
        items[static_cast<std::size_t>(i)].to = &order;
        items[static_cast<std::size_t>(i)].number = i;
        ASSERT_TRUE(held->enqueue(items[static_cast<std::size_t>(i)]));
    }
    EXPECT_TRUE(items[0].cancel());
    EXPECT_TRUE(items[5].cancel());
    EXPECT_TRUE(items[3].cancel());
    ASSERT_TRUE(held->enqueue(items[0]));  // behind all others now
    held.finish();
    EXPECT_EQ(order, (std::vector<int>{1, 2, 4, 0}));
    support::blocked_queue alone;
    ASSERT_TRUE(alone->enqueue(items[0]));
    EXPECT_TRUE(items[0].cancel());
    alone.finish();
    EXPECT_EQ(order.size(), 4u);
}

TEST(cancel, lets_flushes_of_item_and_queue_return) {
    support::blocked_queue held;
    item it;
    ASSERT_TRUE(held->enqueue(it));
    std::atomic<bool> item_flushed{false}, waited{false};
    std::jthread flusher{[&] {
        waited = it.flush();
        item_flushed = true;
    }};
    std::jthread queue_flusher{[&] { held->flush(); }};
    std::this_thread::sleep_for(std::chrono::milliseconds{5});  // so that they wait, mostly: right either way
    EXPECT_FALSE(item_flushed && waited);
    EXPECT_TRUE(it.cancel());
    flusher.join();
    held.finish();
    EXPECT_EQ(it.runs, 0);
}

TEST(cancel, frees_the_place_of_an_item_in_a_limited_queue) {
    auto wq = cmwq::make_queue(cmwq::unbound{.name = "limited", .max_active = 1});
    item running, waiting, next;
    running.waits = true;
    ASSERT_TRUE(wq->enqueue(running));
    ASSERT_TRUE(running.started.pass());
    ASSERT_TRUE(wq->enqueue(waiting));
    ASSERT_TRUE(wq->enqueue(next));
    EXPECT_TRUE(waiting.cancel());
    running.let_go.open();
    wq->flush();
    EXPECT_EQ(waiting.runs, 0);
    EXPECT_EQ(next.runs, 1);
}

// ---- running ----

TEST_P(each_queue, cancel_does_not_disturb_a_running_item) {
    make_it_run();
    EXPECT_FALSE(it.cancel());
    EXPECT_TRUE(it.busy());
    it.let_go.open();
    EXPECT_TRUE(it.flush() || !it.busy());
    EXPECT_EQ(it.runs, 1);
}

TEST_P(each_queue, cancel_sync_waits_for_a_running_item) {
    make_it_run();
    const support::when_maker_waits later{[&] { it.let_go.open(); }};
    EXPECT_FALSE(it.cancel_sync());
    EXPECT_EQ(it.inside, 0);
    expect_idle();
}

TEST_P(each_queue, disable_sync_waits_for_a_running_item_and_shuts_it_out) {
    make_it_run();
    std::jthread later{[&] { it.let_go.open(); }};
    EXPECT_FALSE(it.disable_sync());
    EXPECT_EQ(it.inside, 0);
    EXPECT_FALSE(wq->enqueue(it));
    EXPECT_TRUE(it.enable());
    EXPECT_TRUE(wq->enqueue(it));
    it.flush();
    EXPECT_EQ(it.runs, 2);
}

// ---- running and pending again ----

TEST_P(each_queue, cancel_takes_the_pending_instance_of_a_running_item) {
    make_it_run();
    ASSERT_TRUE(wq->enqueue(it));
    EXPECT_TRUE(it.cancel());
    EXPECT_FALSE(it.pending());
    EXPECT_TRUE(it.busy());
    it.let_go.open();
    wq->flush();
    EXPECT_EQ(it.runs, 1);
}

TEST_P(each_queue, cancel_sync_takes_the_pending_instance_and_waits_for_the_running_one) {
    make_it_run();
    ASSERT_TRUE(wq->enqueue(it));
    const support::when_maker_waits later{[&] { it.let_go.open(); }};
    EXPECT_TRUE(it.cancel_sync());
    EXPECT_EQ(it.inside, 0);
    EXPECT_EQ(it.runs, 1);
    expect_idle();
}

TEST_P(each_queue, instance_that_is_pending_on_another_queue_is_cancelled_and_the_running_one_waited_for) {
    make_it_run();
    {
        auto other = cmwq::make_queue(cmwq::unbound{.name = "other"});
        ASSERT_TRUE(other->enqueue(it));
        EXPECT_TRUE(it.cancel());
    }
    // The queue that had it last is gone; it still runs on the first one.
    const support::when_maker_waits later{[&] { it.let_go.open(); }};
    EXPECT_FALSE(it.cancel_sync());
    EXPECT_EQ(it.inside, 0);
    EXPECT_EQ(it.runs, 1);
}

TEST_P(each_queue, item_that_enqueues_itself_all_the_time_is_stopped_by_cancel_sync) {
    support::restless endless{*wq};
    ASSERT_TRUE(endless.begins());
    (void)endless.cancel_sync();
    const long stopped = endless.runs;
    EXPECT_FALSE(endless.busy());
    wq->flush();
    EXPECT_EQ(endless.runs, stopped);
}

// ---- disabled ----

TEST_P(each_queue, disabled_item_is_refused_until_it_was_enabled_as_often) {
    EXPECT_FALSE(it.disable());
    EXPECT_FALSE(it.disable());
    EXPECT_FALSE(wq->enqueue(it));
    EXPECT_FALSE(it.flush());
    EXPECT_FALSE(it.cancel_sync());
    EXPECT_FALSE(it.enable());
    EXPECT_FALSE(wq->enqueue(it));
    EXPECT_TRUE(it.enable());
    EXPECT_TRUE(wq->enqueue(it));
    wq->flush();
    EXPECT_EQ(it.runs, 1);
}

TEST_P(each_queue, enable_and_enqueue_enqueues_once_the_last_disable_is_gone) {
    EXPECT_FALSE(it.disable());
    EXPECT_FALSE(it.disable());
    EXPECT_FALSE(wq->enable_and_enqueue(it));
    EXPECT_TRUE(wq->enable_and_enqueue(it));
    wq->flush();
    EXPECT_EQ(it.runs, 1);
}

TEST_P(each_queue, item_may_cancel_and_disable_itself) {
    struct selfish : cmwq::work<selfish> {
        static void run(selfish& self) {
            ++self.runs;
            self.accepted = self.wq->enqueue(self);
            self.cancelled = self.cancel();
            (void)self.wq->enqueue(self);
            self.disabled = self.disable();
            self.refused = !self.wq->enqueue(self);
        }
        cmwq::queue* wq = nullptr;
        int runs = 0;
        bool accepted = false, cancelled = false, disabled = false, refused = false;
    } me;
    me.wq = &*wq;
    ASSERT_TRUE(wq->enqueue(me));
    wq->flush();
    EXPECT_TRUE(me.accepted && me.cancelled && me.disabled && me.refused);
    EXPECT_EQ(me.runs, 1);
    EXPECT_TRUE(me.enable());
}

// ---- many at once ----

TEST_P(each_queue, every_accepted_enqueue_is_run_or_cancelled_whoever_cancels) {
    std::atomic<long> accepted{0}, cancelled{0};
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 3; ++t) {
            threads.emplace_back([&, t] {
                for (int i = 0; i < 2000; ++i) {
                    if (wq->enqueue(it)) {
                        ++accepted;
                    }
                    if (i % 3 == t) {
                        cancelled += i % 2 == 0 ? it.cancel() : it.cancel_sync();
                    }
                }
            });
        }
    }
    wq->flush();
    EXPECT_EQ(it.runs + cancelled, accepted);
    EXPECT_EQ(it.overlaps, 0);
    expect_idle();
}

TEST_P(each_queue, all_who_cancel_and_wait_find_it_idle) {
    for (int round = 0; round < 20; ++round) {
        item one;
        one.waits = true;
        ASSERT_TRUE(wq->enqueue(one));
        ASSERT_TRUE(one.started.pass());
        one.waits = false;
        std::atomic<int> not_idle{0};
        {
            std::vector<std::jthread> threads;
            for (int t = 0; t < 4; ++t) {
                threads.emplace_back([&] {
                    (void)one.cancel_sync();
                    not_idle += one.inside != 0 ? 1 : 0;
                });
            }
            one.let_go.open();
        }
        EXPECT_EQ(not_idle, 0);
        EXPECT_EQ(one.runs, 1);
    }
}

// ---- owners ----

std::atomic<int> made{0}, destroyed{0}, owner_runs{0};

struct counted {
    counted() { ++made; }
    ~counted() { ++destroyed; }
    counted(const counted&) = delete;
    counted& operator=(const counted&) = delete;
};
struct by_arc : counted {
    cmwq::work<by_arc> work;
    CMWQ_HAS_WORK(work);
    static cmwq::arc<by_arc> make() { return cmwq::make_arc<by_arc>(); }
    static void run(cmwq::arc<by_arc>) { ++owner_runs; }
};
struct by_shared : counted {
    cmwq::shared_work<by_shared> work;
    CMWQ_HAS_WORK(work);
    static std::shared_ptr<by_shared> make() { return std::make_shared<by_shared>(); }
    static void run(std::shared_ptr<by_shared>) { ++owner_runs; }
};
struct by_unique : counted {
    cmwq::work<by_unique> work;
    CMWQ_HAS_WORK(work);
    static std::unique_ptr<by_unique> make() { return std::make_unique<by_unique>(); }
    static void run(std::unique_ptr<by_unique>) { ++owner_runs; }
};

template <class T>
class cancelled_owner : public testing::Test {
protected:
    cancelled_owner() { made = destroyed = owner_runs = 0; }
};
using owners = testing::Types<by_arc, by_shared, by_unique>;
TYPED_TEST_SUITE(cancelled_owner, owners);

TYPED_TEST(cancelled_owner, comes_back_and_may_be_given_again) {
    {
        support::blocked_queue held;
        auto owner = TypeParam::make();
        TypeParam* item = &*owner;
        for (int i = 0; i < 3; ++i) {
            ASSERT_TRUE(held->enqueue(std::move(owner)));
            owner = item->work.cancel();
            ASSERT_EQ(&*owner, item);
            EXPECT_EQ(destroyed, 0);
        }
        ASSERT_TRUE(held->enqueue(std::move(owner)));
        owner = item->work.disable();
        ASSERT_EQ(&*owner, item);
        auto refused = held->enqueue(std::move(owner));
        EXPECT_EQ(refused.why(), refusal::disabled);
        ASSERT_TRUE(held->enable_and_enqueue(refused.take_back()));
        held.finish();
        EXPECT_EQ(owner_runs, 1);
    }
    EXPECT_EQ(made, 1);
    EXPECT_EQ(destroyed, 1);
}

TYPED_TEST(cancelled_owner, is_null_when_nothing_was_pending) {
    auto owner = TypeParam::make();
    EXPECT_FALSE(owner->work.cancel());
    EXPECT_FALSE(owner->work.cancel_sync());
    EXPECT_FALSE(owner->work.disable());
    EXPECT_FALSE(owner->work.disable_sync());
}

}  // namespace
