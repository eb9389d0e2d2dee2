// SPDX-License-Identifier: Apache-2.0
//
// Delayed items: every operation in every state, as in the kernel (docs/kernel-map.md), and that nothing runs early.
// Times that must not come within the test are an hour away; those that must are a millisecond.
#include "support/blocked_queue.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <chrono>
#include <gtest/gtest.h>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace {

using cmwq::refusal;
using support::eventually;
using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

constexpr auto far_away = 1h;

/// Counts its runs; runs until it is let go, when told to.
struct item : cmwq::delayed_work<item> {
    using cmwq::delayed_work<item>::delayed_work;
    static void run(item& self) {
        self.started_at = steady::now();
        ++self.runs;
        if (self.waits) {
            self.started.open();
            self.let_go.pass();
        }
        self.finished.open();
    }
    std::atomic<int> runs{0};
    std::atomic<bool> waits{false};
    steady::time_point started_at;
    support::gate started, let_go, finished;
};

class delayed_item : public testing::Test {
protected:
    ~delayed_item() override {
        it.let_go.open();
        it.cancel_sync();
    }
    void make_it_run() {
        it.waits = true;
        ASSERT_TRUE(wq->enqueue(it));
        ASSERT_TRUE(it.started.pass());
        it.waits = false;
    }

    cmwq::owned_queue wq = cmwq::make_queue(cmwq::percpu{.name = "delayed"});
    item it;
};

static_assert(sizeof(cmwq::delayed_work<item>) == 48);
static_assert(sizeof(cmwq::raw_delayed_work) == 48);

// ---- its time ----

TEST_F(delayed_item, runs_once_and_not_before_its_time) {
    const auto begin = steady::now();
    ASSERT_TRUE(wq->enqueue_delayed(it, 2ms));
    ASSERT_TRUE(it.finished.pass());
    EXPECT_GE(it.started_at - begin, 2ms);
    wq->flush();
    EXPECT_EQ(it.runs, 1);
    EXPECT_FALSE(it.busy());
}

TEST_F(delayed_item, runs_not_before_a_time_point) {
    const auto when = steady::now() + 2ms;
    ASSERT_TRUE(wq->enqueue_delayed(it, when));
    ASSERT_TRUE(it.finished.pass());
    EXPECT_GE(it.started_at, when);
}

TEST_F(delayed_item, without_a_delay_is_enqueued_at_once) {
    support::blocked_queue blocked;
    ASSERT_TRUE(blocked->enqueue_delayed(it, 0s));
    blocked.finish();
    EXPECT_EQ(it.runs, 1);
    ASSERT_TRUE(wq->enqueue_delayed(it, -1h));
    wq->flush();
    EXPECT_EQ(it.runs, 2);
    ASSERT_TRUE(wq->enqueue_delayed(it, steady::now() - 1h));
    EXPECT_TRUE(eventually([&] { return it.runs == 3; }));
}

TEST_F(delayed_item, can_wait_for_years) {
    ASSERT_TRUE(wq->enqueue_delayed(it, std::chrono::years{100}));
    EXPECT_TRUE(it.cancel());
    ASSERT_TRUE(wq->enqueue_delayed(it, std::chrono::hours::max()));
    EXPECT_TRUE(it.cancel());
    ASSERT_TRUE(wq->enqueue_delayed(it, steady::time_point::max()));
    EXPECT_TRUE(it.pending());
    EXPECT_TRUE(it.cancel());
    EXPECT_EQ(it.runs, 0);
}

TEST_F(delayed_item, enqueued_at_once_needs_no_timer) {
    ASSERT_TRUE(wq->enqueue(it));
    wq->flush();
    EXPECT_EQ(it.runs, 1);
}

TEST_F(delayed_item, armed_with_a_nearer_time_is_not_held_up_by_those_armed_before) {
    item late;
    ASSERT_TRUE(wq->enqueue_delayed(late, far_away));
    ASSERT_TRUE(wq->enqueue_delayed(it, 1ms));
    EXPECT_TRUE(it.finished.pass());
    EXPECT_TRUE(late.cancel());
}

TEST_F(delayed_item, may_arm_itself_from_its_own_function) {
    struct ticker : cmwq::delayed_work<ticker> {
        static void run(ticker& self) {
            if (++self.ticks < 5) {
                EXPECT_TRUE(self.wq.enqueue_delayed(self, 100us));
            } else {
                self.done.open();
            }
        }
        explicit ticker(cmwq::queue& q) : wq{q} {}
        cmwq::queue& wq;
        int ticks = 0;
        support::gate done;
    } ticks{*wq};
    ASSERT_TRUE(wq->enqueue_delayed(ticks, 100us));
    EXPECT_TRUE(ticks.done.pass());
    wq->flush();
    EXPECT_EQ(ticks.ticks, 5);
}

TEST_F(delayed_item, on_a_cpu_runs_too) {
    ASSERT_TRUE(wq->enqueue_delayed_on(0, it, 1ms));
    EXPECT_TRUE(eventually([&] { return it.runs == 1; }));
    ASSERT_TRUE(wq->enqueue_delayed_on(123'456, it, 1ms));
    EXPECT_TRUE(eventually([&] { return it.runs == 2; }));
    EXPECT_FALSE(wq->mod_delayed_on(0, it, 0s));
    wq->flush();
    EXPECT_EQ(it.runs, 3);
}

TEST(delayed_items, run_in_the_order_of_their_times_on_an_ordered_queue) {
    struct numbered : cmwq::delayed_work<numbered> {
        static void run(numbered& self) {
            const std::lock_guard hold{*self.lock};
            self.order->push_back(self.number);
        }
        int number = 0;
        std::mutex* lock = nullptr;
        std::vector<int>* order = nullptr;
    };
    const auto wq = cmwq::make_queue(cmwq::ordered{.name = "in time"});
    std::mutex lock;
    std::vector<int> order;
    std::vector<std::unique_ptr<numbered>> items;
    const auto begin = steady::now() + 200ms;  // the arming of all of them must be over by then
    for (int i = 0; i < 50; ++i) {
        auto& one = *items.emplace_back(std::make_unique<numbered>());
        one.number = (i * 37) % 50;
        one.lock = &lock;
        one.order = &order;
        ASSERT_TRUE(wq->enqueue_delayed(one, begin + one.number * 10us));
    }
    EXPECT_TRUE(eventually([&] {
        const std::lock_guard hold{lock};
        return order.size() == 50;
    }));
    wq->flush();
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

// ---- armed ----

TEST_F(delayed_item, armed_counts_as_pending_and_refuses_other_enqueues) {
    ASSERT_TRUE(wq->enqueue_delayed(it, far_away));
    EXPECT_TRUE(it.pending());
    EXPECT_TRUE(it.busy());
    EXPECT_FALSE(wq->enqueue(it));
    EXPECT_FALSE(wq->enqueue_delayed(it, 1ms));
    EXPECT_FALSE(wq->enqueue_delayed(it, 0s));
    EXPECT_FALSE(cmwq::system().enqueue(it));
    EXPECT_TRUE(it.cancel());
    EXPECT_FALSE(it.pending());
    EXPECT_EQ(it.runs, 0);
}

TEST_F(delayed_item, armed_is_not_waited_for) {
    ASSERT_TRUE(wq->enqueue_delayed(it, far_away));
    wq->flush();
    wq->drain();
    EXPECT_FALSE(it.flush());
    EXPECT_TRUE(it.pending());
    EXPECT_EQ(it.runs, 0);
}

TEST_F(delayed_item, armed_can_be_cancelled_and_armed_again) {
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(wq->enqueue_delayed(it, far_away));
        EXPECT_TRUE(i == 0 ? it.cancel() : it.cancel_sync());
        EXPECT_FALSE(it.cancel());
        EXPECT_FALSE(it.busy());
    }
    ASSERT_TRUE(wq->enqueue_delayed(it, 1ms));
    EXPECT_TRUE(it.finished.pass());
}

TEST_F(delayed_item, disabled_is_taken_from_its_timer_and_refused) {
    ASSERT_TRUE(wq->enqueue_delayed(it, far_away));
    EXPECT_TRUE(it.disable());
    EXPECT_FALSE(it.pending());
    EXPECT_FALSE(wq->enqueue_delayed(it, 1ms));
    EXPECT_FALSE(wq->mod_delayed(it, 1ms));
    EXPECT_FALSE(it.pending());
    EXPECT_TRUE(it.enable());
    ASSERT_TRUE(wq->enqueue_delayed(it, far_away));
    EXPECT_TRUE(it.disable_sync());
    EXPECT_TRUE(it.enable());
    EXPECT_EQ(it.runs, 0);
}

TEST_F(delayed_item, flush_delayed_runs_an_armed_one_now) {
    ASSERT_TRUE(wq->enqueue_delayed(it, far_away));
    EXPECT_TRUE(it.flush_delayed());
    EXPECT_EQ(it.runs, 1);
    EXPECT_FALSE(it.pending());
    EXPECT_FALSE(it.flush_delayed());
}

TEST_F(delayed_item, flush_delayed_of_a_queued_one_waits_for_it) {
    support::blocked_queue blocked;
    ASSERT_TRUE(blocked->enqueue(it));
    std::thread opener{[&] { blocked.open(); }};
    (void)it.flush_delayed();  // false if it was over already
    EXPECT_EQ(it.runs, 1);
    opener.join();
}

// ---- a new time ----

TEST_F(delayed_item, mod_arms_an_idle_one) {
    EXPECT_FALSE(wq->mod_delayed(it, far_away));
    EXPECT_TRUE(it.pending());
    EXPECT_TRUE(it.cancel());
    EXPECT_FALSE(wq->mod_delayed(it, 0s));
    wq->flush();
    EXPECT_EQ(it.runs, 1);
}

TEST_F(delayed_item, mod_replaces_the_time_of_an_armed_one) {
    ASSERT_TRUE(wq->enqueue_delayed(it, far_away));
    EXPECT_TRUE(wq->mod_delayed(it, 2 * far_away));
    EXPECT_TRUE(it.pending());
    EXPECT_EQ(it.runs, 0);
    EXPECT_TRUE(wq->mod_delayed(it, 1ms));
    EXPECT_TRUE(it.finished.pass());
    wq->flush();
    EXPECT_EQ(it.runs, 1);
}

TEST_F(delayed_item, mod_to_zero_enqueues_an_armed_one) {
    ASSERT_TRUE(wq->enqueue_delayed(it, far_away));
    EXPECT_TRUE(wq->mod_delayed(it, 0s));
    wq->flush();
    EXPECT_EQ(it.runs, 1);
}

TEST_F(delayed_item, mod_takes_a_queued_one_back_into_its_timer) {
    support::blocked_queue blocked;
    ASSERT_TRUE(blocked->enqueue(it));
    EXPECT_TRUE(blocked->mod_delayed(it, far_away));
    blocked.finish();
    EXPECT_EQ(it.runs, 0);
    EXPECT_TRUE(it.pending());
    EXPECT_TRUE(blocked->mod_delayed(it, 0s));
    blocked->flush();
    EXPECT_EQ(it.runs, 1);
}

TEST_F(delayed_item, mod_to_zero_moves_a_queued_one_to_the_end) {
    support::blocked_queue blocked;
    item second;
    ASSERT_TRUE(blocked->enqueue(it));
    ASSERT_TRUE(blocked->enqueue(second));
    EXPECT_TRUE(blocked->mod_delayed(it, 0s));
    blocked.finish();
    EXPECT_EQ(it.runs, 1);
    EXPECT_EQ(second.runs, 1);
    EXPECT_GE(it.started_at, second.started_at);
}

TEST_F(delayed_item, mod_of_a_queued_one_lets_a_flush_of_the_queue_go_on) {
    support::blocked_queue blocked;
    ASSERT_TRUE(blocked->enqueue(it));
    std::atomic<bool> flushed{false};
    std::thread flusher{[&] {
        blocked->flush();
        flushed = true;
    }};
    EXPECT_TRUE(blocked->mod_delayed(it, far_away));
    blocked.open();
    EXPECT_TRUE(eventually([&] { return flushed.load(); }));
    flusher.join();
    EXPECT_EQ(it.runs, 0);
}

TEST_F(delayed_item, mod_changes_the_queue) {
    support::blocked_queue blocked;
    ASSERT_TRUE(blocked->enqueue(it));
    EXPECT_TRUE(wq->mod_delayed(it, 0s));
    EXPECT_TRUE(it.finished.pass());
    ASSERT_TRUE(blocked->enqueue_delayed(it, far_away));
    EXPECT_TRUE(wq->mod_delayed(it, 0s));
    wq->flush();
    EXPECT_EQ(it.runs, 2);
    blocked.finish();
}

TEST_F(delayed_item, debounced_by_mod_runs_once) {
    EXPECT_FALSE(wq->mod_delayed(it, 50ms));
    for (int i = 0; i < 100; ++i) {
        (void)wq->mod_delayed(it, 50ms);
    }
    const auto last = steady::now();
    (void)wq->mod_delayed(it, 50ms);
    ASSERT_TRUE(it.finished.pass());
    // On a machine that stood still for 50 ms it may have run before; the last request is kept in any case.
    EXPECT_TRUE(eventually([&] { return !it.pending(); }));
    wq->flush();
    EXPECT_GE(it.started_at - last, 50ms);
}

// ---- running ----

TEST_F(delayed_item, running_one_can_be_armed_and_cancelled) {
    make_it_run();
    EXPECT_TRUE(wq->enqueue_delayed(it, far_away));
    EXPECT_TRUE(it.pending());
    EXPECT_FALSE(wq->enqueue_delayed(it, 1ms));
    EXPECT_TRUE(wq->mod_delayed(it, 2 * far_away));
    EXPECT_TRUE(it.cancel());
    EXPECT_FALSE(it.cancel());
    EXPECT_FALSE(wq->mod_delayed(it, far_away));
    it.let_go.open();
    EXPECT_TRUE(it.cancel_sync());
    EXPECT_EQ(it.runs, 1);
}

TEST_F(delayed_item, flush_of_a_running_one_that_is_armed_waits_for_the_run_only) {
    make_it_run();
    ASSERT_TRUE(wq->enqueue_delayed(it, far_away));
    std::thread opener{[&] { it.let_go.open(); }};
    (void)it.flush();  // false if it was over already
    EXPECT_TRUE(it.finished.is_open());
    EXPECT_TRUE(it.pending());
    opener.join();
    EXPECT_TRUE(it.cancel());
}

TEST_F(delayed_item, running_one_whose_time_comes_runs_again_afterwards) {
    make_it_run();
    ASSERT_TRUE(wq->enqueue_delayed(it, 1ms));
    std::this_thread::sleep_for(5ms);
    EXPECT_EQ(it.runs, 1);
    it.let_go.open();
    EXPECT_TRUE(eventually([&] { return it.runs == 2; }));
}

TEST_F(delayed_item, that_arms_itself_is_ended_by_cancel_sync) {
    struct ticker : cmwq::delayed_work<ticker> {
        static void run(ticker& self) {
            ++self.ticks;
            (void)self.wq.enqueue_delayed(self, 10us);
        }
        explicit ticker(cmwq::queue& q) : wq{q} {}
        cmwq::queue& wq;
        std::atomic<int> ticks{0};
    } ticks{*wq};
    ASSERT_TRUE(wq->enqueue_delayed(ticks, 10us));
    ASSERT_TRUE(eventually([&] { return ticks.ticks > 3; }));
    ticks.cancel_sync();
    const int before = ticks.ticks;
    EXPECT_FALSE(ticks.busy());
    std::this_thread::sleep_for(2ms);
    EXPECT_EQ(ticks.ticks, before);
}

// ---- all of them at once ----

TEST(delayed_items, survive_everything_done_to_them_from_all_sides) {
    const auto wq = cmwq::make_queue(cmwq::unbound{.name = "busy"});
    constexpr int nr_items = 8;
    item items[nr_items];
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < support::rounds(3'000); ++i) {
                item& one = items[(i + t) % nr_items];
                switch ((i * 7 + t) % 6) {
                case 0: (void)wq->enqueue_delayed(one, std::chrono::microseconds{i % 60}); break;
                case 1: (void)wq->mod_delayed(one, std::chrono::microseconds{i % 90}); break;
                case 2: (void)one.cancel(); break;
                case 3: (void)wq->enqueue(one); break;
                case 4: (void)wq->mod_delayed(one, far_away); break;
                default: (void)one.flush_delayed(); break;
                }
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    for (item& one : items) {
        (void)one.cancel_sync();
        EXPECT_FALSE(one.busy());
        const int before = one.runs;
        ASSERT_TRUE(wq->enqueue_delayed(one, 10us));
        EXPECT_TRUE(eventually([&] { return one.runs == before + 1; }));
    }
    wq->flush();  // the last thing that the function does is not the counting
}

TEST(delayed_items, are_armed_and_cancelled_by_the_hundred_thousand) {
    constexpr int count = support::rounds(100'000);
    const auto wq = cmwq::make_queue(cmwq::percpu{.name = "many"});
    const auto items = std::make_unique<item[]>(count);
    for (int i = 0; i < count; ++i) {
        ASSERT_TRUE(wq->enqueue_delayed(items[static_cast<std::size_t>(i)], far_away + (i * 7919 % count) * 1ms));
    }
    for (int i = 0; i < count; ++i) {
        ASSERT_TRUE(items[static_cast<std::size_t>(i)].cancel());
    }
}

// ---- deferrable ----

TEST(deferrable_item, runs_at_the_next_occasion_after_its_time) {
    const auto wq = cmwq::make_queue(cmwq::percpu{.name = "deferrable"});
    item late{cmwq::deferrable};
    const auto when = steady::now() + 1ms;
    ASSERT_TRUE(wq->enqueue_delayed(late, 1ms));
    std::this_thread::sleep_for(2ms);
    item punctual;
    ASSERT_TRUE(wq->enqueue_delayed(punctual, 1ms));
    EXPECT_TRUE(late.finished.pass());
    EXPECT_GE(late.started_at, when);
    EXPECT_TRUE(punctual.finished.pass());
    wq->flush();
}

TEST(deferrable_item, runs_when_a_worker_is_woken) {
    const auto wq = cmwq::make_queue(cmwq::percpu{.name = "deferrable"});
    item late{cmwq::deferrable};
    ASSERT_TRUE(wq->enqueue_delayed(late, 1ms));
    EXPECT_TRUE(eventually([&] {
        (void)wq->try_spawn([] {});
        return late.runs == 1;
    }));
    wq->flush();
}

TEST(deferrable_item, whose_time_has_passed_waits_for_no_occasion) {
    const auto wq = cmwq::make_queue(cmwq::percpu{.name = "deferrable"});
    item late{cmwq::deferrable};
    ASSERT_TRUE(wq->enqueue_delayed(late, steady::now()));
    EXPECT_TRUE(late.finished.pass());
    EXPECT_FALSE(wq->mod_delayed(late, steady::now() - 1h));
    EXPECT_TRUE(eventually([&] { return late.runs == 2; }));
    wq->flush();
}

TEST(deferrable_item, can_be_cancelled_and_given_another_time) {
    const auto wq = cmwq::make_queue(cmwq::percpu{.name = "deferrable"});
    item late{"late", cmwq::deferrable};
    ASSERT_TRUE(wq->enqueue_delayed(late, far_away));
    EXPECT_TRUE(wq->mod_delayed(late, 2 * far_away));
    EXPECT_TRUE(late.cancel());
    EXPECT_FALSE(late.busy());
}

}  // namespace
