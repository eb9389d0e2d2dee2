// SPDX-License-Identifier: Apache-2.0
//
// Queues with a bound on their pending items: who is refused, who waits, what runs in its enqueuer, and that no owner
// and no event is lost on any of these ways.
#include "support/child.hpp"
#include "support/gate.hpp"
#include "support/misuse_recorder.hpp"
#include "support/sanitizers.hpp"
#include "support/when_waiting.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <gtest/gtest.h>
#include <memory>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using namespace std::chrono_literals;
using cmwq::full_queue;
using cmwq::refusal;

struct job : cmwq::work<job> {
    std::atomic<int>& runs;
    explicit job(std::atomic<int>& of) : runs{of} {}
    static void run(std::unique_ptr<job> self) { ++self->runs; }
};

struct kept : cmwq::work<kept> {
    std::atomic<int> runs{0};
    std::thread::id ran_on;
    static void run(kept& self) {
        self.ran_on = std::this_thread::get_id();
        ++self.runs;
    }
};

struct later : cmwq::delayed_work<later> {
    std::atomic<int> runs{0};
    static void run(later& self) { ++self.runs; }
};

/// A queue of one item at a time, which stands at a gate until open(): the next `room` items are pending. Those that it
/// still has at its end run then, so they are declared before it.
class full_soon {
public:
    explicit full_soon(const cmwq::pending_bound& bound, cmwq::pending_items at_end = cmwq::pending_items::run)
        : queue{cmwq::make_queue(cmwq::unbound{.name = "bounded", .max_active = 1, .at_end = at_end, .bound = bound})} {
        EXPECT_TRUE(queue->try_spawn([this] {
            inside_.open();
            way_out_.pass();
        }));
        EXPECT_TRUE(inside_.pass());
    }
    ~full_soon() { open(); }

    void open() { way_out_.open(); }
    void finish() {
        open();
        queue->flush();
    }

private:
    support::gate inside_, way_out_;

public:
    cmwq::owned_queue queue;
};

bool runs_one_more(cmwq::queue& wq) {
    kept mine;
    const bool accepted = wq.enqueue(mine);
    wq.flush();
    return accepted && mine.runs == 1;
}

TEST(bounded_queue, refuses_what_is_beyond_its_bound_and_hands_the_owner_back) {
    full_soon held{{.max_pending = 2}};
    std::atomic<int> runs{0};
    for (int i = 0; i < 2; ++i) {
        ASSERT_TRUE(held.queue->enqueue(std::make_unique<job>(runs)));
    }
    auto third = std::make_unique<job>(runs);
    job* const address = third.get();
    auto result = held.queue->enqueue(std::move(third));
    EXPECT_EQ(result.why(), refusal::queue_full);
    third = result.take_back();
    EXPECT_EQ(third.get(), address);
    EXPECT_EQ(held.queue->try_spawn([] {}).why(), refusal::queue_full);
    held.finish();
    EXPECT_EQ(runs, 2);
    EXPECT_TRUE(held.queue->enqueue(std::move(third)));
    held.queue->flush();
    EXPECT_EQ(runs, 3);
}

TEST(bounded_queue, does_not_count_items_that_run) {
    full_soon held{{.max_pending = 1}};
    kept only;
    EXPECT_TRUE(held.queue->enqueue(only));
    held.finish();
    EXPECT_EQ(only.runs, 1);
}

TEST(bounded_queue, says_of_a_pending_item_that_it_is_pending_however_full) {
    for (const full_queue what : {full_queue::refuse, full_queue::wait, full_queue::run_in_caller}) {
        full_soon held{{.max_pending = 1, .when_full = what}};
        struct shared {
            cmwq::work<shared> work;
            CMWQ_HAS_WORK(work);
            static void run(cmwq::arc<shared>) {}
        };
        auto item = cmwq::make_arc<shared>();
        ASSERT_TRUE(held.queue->enqueue(item));
        EXPECT_EQ(held.queue->enqueue(item).why(), refusal::already_pending);
        held.finish();
    }
}

TEST(bounded_queue, has_room_again_when_a_pending_item_is_cancelled) {
    full_soon held{{.max_pending = 1}};
    kept first, second;
    ASSERT_TRUE(held.queue->enqueue(first));
    EXPECT_FALSE(held.queue->enqueue(second));
    EXPECT_TRUE(first.cancel());
    EXPECT_TRUE(held.queue->enqueue(second));
    EXPECT_TRUE(second.disable());
    EXPECT_TRUE(held.queue->enqueue(first));
    held.finish();
    EXPECT_EQ(first.runs, 1);
    EXPECT_EQ(second.runs, 0);
}

TEST(bounded_queue, takes_no_room_for_a_refused_claim) {
    full_soon held{{.max_pending = 1}};
    kept item, other;
    EXPECT_FALSE(item.disable());
    for (int i = 0; i < 3; ++i) {
        EXPECT_FALSE(held.queue->enqueue(item));
    }
    EXPECT_TRUE(held.queue->enqueue(other));
    held.finish();
    EXPECT_EQ(other.runs, 1);
}

TEST(bounded_queue, never_refuses_a_timer) {
    full_soon held{{.max_pending = 1}};
    kept item;
    later armed, at_once;
    EXPECT_TRUE(held.queue->enqueue_delayed(armed, 1h));
    ASSERT_TRUE(held.queue->enqueue(item));
    EXPECT_FALSE(held.queue->enqueue_delayed(at_once, 0s));  // that is an enqueue
    EXPECT_TRUE(held.queue->mod_delayed(armed, 0s));         // and this was accepted before
    EXPECT_FALSE(held.queue->enqueue(at_once));
    held.finish();
    EXPECT_EQ(item.runs + armed.runs, 2);
    EXPECT_EQ(at_once.runs, 0);
    EXPECT_TRUE(held.queue->enqueue_delayed(at_once, 1ms));
    EXPECT_TRUE(at_once.flush_delayed());
    EXPECT_EQ(at_once.runs, 1);
}

TEST(bounded_queue, moved_items_keep_the_count_right) {
    full_soon held{{.max_pending = 2}};
    later item;
    ASSERT_TRUE(held.queue->enqueue(item));
    for (int i = 0; i < 5; ++i) {
        EXPECT_TRUE(held.queue->mod_delayed(item, 0s));
        EXPECT_TRUE(held.queue->mod_delayed(item, 1h));
    }
    kept others[2], beyond;
    EXPECT_TRUE(held.queue->enqueue(others[0]));
    EXPECT_TRUE(held.queue->enqueue(others[1]));
    EXPECT_FALSE(held.queue->enqueue(beyond));
    EXPECT_TRUE(item.cancel());
    held.finish();
}

TEST(bounded_queue, item_that_enqueues_itself_is_pending_like_any_other) {
    struct restless : cmwq::work<restless> {
        restless(cmwq::queue& of, int times) : wq{of}, left{times} {}
        static void run(restless& self) {
            ++self.runs;
            if (--self.left > 0) {
                EXPECT_TRUE(self.wq.enqueue(self));
            }
        }
        cmwq::queue& wq;
        int left;
        int runs = 0;
    };
    for (const full_queue what : {full_queue::refuse, full_queue::wait, full_queue::run_in_caller}) {
        auto wq = cmwq::make_queue(cmwq::unbound{.name = "bounded", .bound = {.max_pending = 1, .when_full = what}});
        restless item{*wq, 100};
        ASSERT_TRUE(wq->enqueue(item));
        wq->drain();
        EXPECT_EQ(item.runs, 100);
    }
}

TEST(bounded_queue, keeps_the_bound_under_many_producers) {
    constexpr int most = 8;
    auto wq = cmwq::make_queue(cmwq::percpu{.name = "bounded", .bound = {.max_pending = most}});
    std::atomic<int> accepted{0}, runs{0}, refused{0};
    {
        std::vector<std::jthread> producers;
        for (int t = 0; t < 4; ++t) {
            producers.emplace_back([&] {
                for (int i = 0; i < 2000; ++i) {
                    const auto result = wq->try_spawn([&] { ++runs; });
                    ++(result ? accepted : refused);
                    EXPECT_TRUE(result || result.why() == refusal::queue_full);
                }
            });
        }
    }
    wq->flush();
    EXPECT_EQ(runs, accepted);
    EXPECT_EQ(accepted + refused, 8000);
    EXPECT_GE(accepted, most);
}

TEST(bounded_queue, drops_at_its_end_what_it_let_in) {
    std::atomic<int> runs{0};
    {
        full_soon held{{.max_pending = 2}, cmwq::pending_items::drop};
        ASSERT_TRUE(held.queue->enqueue(std::make_unique<job>(runs)));
        ASSERT_TRUE(held.queue->enqueue(std::make_unique<job>(runs)));
        const support::when_maker_waits opener{[&] { held.open(); }};
        held.queue.shutdown(cmwq::pending_items::drop);
    }
    EXPECT_EQ(runs, 0);
}

TEST(bounded_queue, is_empty_in_the_child_of_a_fork) {
    if (!support::threads_after_fork) GTEST_SKIP() << support::no_threads_after_fork;
    full_soon held{{.max_pending = 1}};
    kept item;
    ASSERT_TRUE(held.queue->enqueue(item));
    EXPECT_TRUE(support::in_child([&] { return runs_one_more(*held.queue); }));
    held.finish();
    EXPECT_EQ(item.runs, 1);
}

// ---- wait ----------------------------------------------------------------------------------------------------------

TEST(bounded_queue_that_waits, lets_every_enqueuer_in_when_there_is_room) {
    auto wq = cmwq::make_queue(
        cmwq::unbound{.name = "bounded", .max_active = 2, .bound = {.max_pending = 2, .when_full = full_queue::wait}});
    std::atomic<int> runs{0};
    {
        std::vector<std::jthread> producers;
        for (int t = 0; t < 4; ++t) {
            producers.emplace_back([&] {
                for (int i = 0; i < 500; ++i) {
                    EXPECT_TRUE(wq->enqueue(std::make_unique<job>(runs)));
                }
            });
        }
    }
    wq->flush();
    EXPECT_EQ(runs, 2000);
}

TEST(bounded_queue_that_waits, refuses_when_the_time_is_over) {
    full_soon held{{.max_pending = 1, .when_full = full_queue::wait, .timeout = 2ms}};
    kept first, second;
    ASSERT_TRUE(held.queue->enqueue(first));
    std::atomic<int> runs{0};
    auto result = held.queue->enqueue(std::make_unique<job>(runs));
    EXPECT_EQ(result.why(), refusal::queue_full);
    EXPECT_NE(result.take_back(), nullptr);
    EXPECT_FALSE(held.queue->enqueue(second));
    held.finish();
    EXPECT_TRUE(held.queue->enqueue(second));
    held.queue->flush();
    EXPECT_EQ(first.runs + second.runs, 2);
}

TEST(bounded_queue_that_waits, lets_others_run_while_an_item_waits_for_another_queue) {
    auto outer = cmwq::make_queue(cmwq::percpu{.name = "outer"});
    full_soon inner{{.max_pending = 1, .when_full = full_queue::wait}};
    kept first, second;
    ASSERT_TRUE(inner.queue->enqueue(first));
    // As many as there are CPUs and more: the last one opens the gate that they all wait for in the end.
    const int waiters = static_cast<int>(std::thread::hardware_concurrency()) + 2;
    std::atomic<int> accepted{0}, runs{0};
    for (int i = 0; i < waiters; ++i) {
        ASSERT_TRUE(outer->try_spawn([&] { accepted += inner.queue->enqueue(std::make_unique<job>(runs)) ? 1 : 0; }));
    }
    ASSERT_TRUE(outer->try_spawn([&] { inner.open(); }));
    outer->flush();
    inner.queue->flush();
    EXPECT_EQ(accepted, waiters);
    EXPECT_EQ(runs, waiters);
}

TEST(bounded_queue_that_waits, refuses_those_who_wait_when_it_ends) {
    const support::misuse_recorder recorder;
    kept first;
    std::atomic<int> runs{0}, refused{0};
    std::vector<std::jthread> waiters;
    {
        full_soon held{{.max_pending = 1, .when_full = full_queue::wait}};
        ASSERT_TRUE(held.queue->enqueue(first));
        std::atomic<int> tasks[3] = {};
        for (std::atomic<int>& task : tasks) {
            waiters.emplace_back([&] {
                task = support::calling_task();
                const auto result = held.queue->enqueue(std::make_unique<job>(runs));
                refused += result ? 0 : 1;
            });
        }
        for (const std::atomic<int>& task : tasks) {
            ASSERT_TRUE(support::eventually([&] { return task != 0 && support::is_waiting(task); }));
        }
        const support::when_maker_waits opener{[&] { held.open(); }};
        held.queue.shutdown(cmwq::pending_items::run);
        waiters.clear();
    }
    EXPECT_EQ(first.runs, 1);
    EXPECT_EQ(runs + refused, 3);
    EXPECT_TRUE(support::misuse_recorder::take().empty());
}

TEST(bounded_queue_that_waits, never_lets_an_item_wait_for_the_queue_that_runs_it) {
    const support::misuse_recorder recorder;
    auto wq = cmwq::make_queue(
        cmwq::ordered{.name = "the queue", .bound = {.max_pending = 1, .when_full = full_queue::wait}});
    kept first, second;
    bool told = true;
    ASSERT_TRUE(wq->try_spawn([&] {
        EXPECT_TRUE(wq->enqueue(first));
        told = wq->enqueue(second);
    }));
    wq->flush();
    EXPECT_FALSE(told);
    wq->flush();
    EXPECT_EQ(first.runs, 1);
    EXPECT_EQ(second.runs, 0);
    const auto reports = support::misuse_recorder::take();
    ASSERT_EQ(reports.size(), 1u);
    EXPECT_EQ(reports[0].code, cmwq::misuse_code::wait_for_own_queue);
    EXPECT_EQ(reports[0].queue, "the queue");
}

// ---- run in the caller ---------------------------------------------------------------------------------------------

constexpr cmwq::pending_bound one_then_caller{.max_pending = 1, .when_full = full_queue::run_in_caller};

TEST(bounded_queue_that_runs_in_the_caller, runs_it_before_enqueue_returns) {
    kept first, second;
    full_soon held{one_then_caller};
    ASSERT_TRUE(held.queue->enqueue(first));
    EXPECT_TRUE(held.queue->enqueue(second));
    EXPECT_EQ(second.runs, 1);
    EXPECT_EQ(second.ran_on, std::this_thread::get_id());
    EXPECT_FALSE(second.busy());
    std::atomic<int> runs{0};
    EXPECT_TRUE(held.queue->enqueue(std::make_unique<job>(runs)));
    EXPECT_EQ(runs, 1);
    EXPECT_EQ(first.runs, 0);
    held.finish();
    EXPECT_EQ(first.runs, 1);
}

TEST(bounded_queue_that_runs_in_the_caller, item_knows_itself_and_its_queue) {
    kept first;
    full_soon held{one_then_caller};
    ASSERT_TRUE(held.queue->enqueue(first));
    cmwq::queue* seen = nullptr;
    EXPECT_TRUE(held.queue->try_spawn([&] { seen = cmwq::this_worker::current_queue(); }));
    EXPECT_EQ(seen, &*held.queue);
    EXPECT_EQ(cmwq::this_worker::current(), nullptr);
    EXPECT_EQ(cmwq::this_worker::current_queue(), nullptr);
}

TEST(bounded_queue_that_runs_in_the_caller, leaves_an_item_that_runs_elsewhere_to_the_queue) {
    struct slow : cmwq::work<slow> {
        support::gate inside, way_out;
        std::atomic<int> runs{0}, at_once{0};
        static void run(slow& self) {
            EXPECT_EQ(++self.at_once, 1);
            self.inside.open();
            self.way_out.pass();
            --self.at_once;
            ++self.runs;
        }
    };
    auto elsewhere = cmwq::make_queue(cmwq::unbound{.name = "elsewhere"});
    kept first;
    full_soon held{one_then_caller};
    slow item;
    ASSERT_TRUE(elsewhere->enqueue(item));
    ASSERT_TRUE(item.inside.pass());
    ASSERT_TRUE(held.queue->enqueue(first));
    EXPECT_TRUE(held.queue->enqueue(item));
    EXPECT_TRUE(item.pending());
    item.way_out.open();
    held.open();
    (void)item.flush();
    EXPECT_EQ(item.runs, 2);
    held.queue->flush();
}

TEST(bounded_queue_that_runs_in_the_caller, is_waited_for_by_flush_and_cancel) {
    kept first;
    full_soon held{one_then_caller};
    ASSERT_TRUE(held.queue->enqueue(first));
    struct slow : cmwq::work<slow> {
        support::gate inside;
        std::atomic<bool> over{false};
        static void run(slow& self) {
            self.inside.open();
            std::this_thread::sleep_for(5ms);
            self.over = true;
        }
    };
    for (const bool by_cancel : {true, false}) {
        slow item;
        std::jthread enqueuer{[&] { EXPECT_TRUE(held.queue->enqueue(item)); }};
        ASSERT_TRUE(item.inside.pass());
        if (by_cancel) {
            EXPECT_FALSE(item.cancel_sync());
        } else {
            held.finish();
        }
        EXPECT_TRUE(item.over);
    }
}

TEST(bounded_queue_that_runs_in_the_caller, refuses_inside_of_an_item_that_runs_so) {
    kept first, inner;
    full_soon held{one_then_caller};
    ASSERT_TRUE(held.queue->enqueue(first));
    refusal why = refusal::none;
    EXPECT_TRUE(held.queue->try_spawn([&] { why = held.queue->try_spawn([] {}).why(); }));
    EXPECT_EQ(why, refusal::queue_full);
}

TEST(bounded_queue_that_runs_in_the_caller, refuses_what_is_bound_to_a_cpu) {
    auto wq = cmwq::make_queue(cmwq::percpu{.name = "bounded", .max_active = 1, .bound = one_then_caller});
    support::gate inside, way_out;
    kept blocker_behind, bound_here;
    struct standing : cmwq::work<standing> {
        support::gate *inside, *way_out;
        static void run(standing& self) {
            self.inside->open();
            self.way_out->pass();
        }
    } first;
    first.inside = &inside;
    first.way_out = &way_out;
    ASSERT_TRUE(wq->enqueue_on(0, first));
    ASSERT_TRUE(inside.pass());
    ASSERT_TRUE(wq->enqueue_on(0, blocker_behind));
    EXPECT_FALSE(wq->enqueue_on(0, bound_here));
    way_out.open();
    wq->flush();
    EXPECT_EQ(blocker_behind.runs, 1);
    EXPECT_EQ(bound_here.runs, 0);
}

TEST(bounded_queue_that_runs_in_the_caller, runs_inside_of_other_items) {
    kept first, inner;
    full_soon held{one_then_caller};
    ASSERT_TRUE(held.queue->enqueue(first));
    auto outer = cmwq::make_queue(cmwq::percpu{.name = "outer"});
    const cmwq::work_base* before = nullptr;
    const cmwq::work_base* after = nullptr;
    ASSERT_TRUE(outer->try_spawn([&] {
        before = cmwq::this_worker::current();
        EXPECT_TRUE(held.queue->enqueue(inner));
        after = cmwq::this_worker::current();
    }));
    outer->flush();
    EXPECT_EQ(inner.runs, 1);
    EXPECT_NE(before, nullptr);
    EXPECT_EQ(before, after);
}

TEST(bounded_queue_that_runs_in_the_caller, finds_waits_for_what_its_thread_is_inside_of) {
    const support::misuse_recorder recorder;
    kept first;
    full_soon held{one_then_caller};
    ASSERT_TRUE(held.queue->enqueue(first));
    auto outer = cmwq::make_queue(cmwq::percpu{.name = "outer"});
    ASSERT_TRUE(outer->try_spawn([&] { EXPECT_TRUE(held.queue->try_spawn([&] { outer->flush(); })); }));
    outer->flush();
    const auto reports = support::misuse_recorder::take();
    ASSERT_EQ(reports.size(), 1u);
    EXPECT_EQ(reports[0].code, cmwq::misuse_code::flush_own_queue);
}

TEST(bounded_queue_that_runs_in_the_caller, what_it_enqueues_runs_too) {
    auto wq = cmwq::make_queue(cmwq::percpu{.name = "target"});
    kept first;
    full_soon held{one_then_caller};
    ASSERT_TRUE(held.queue->enqueue(first));
    std::atomic<int> runs{0};
    EXPECT_TRUE(held.queue->try_spawn([&] {
        for (int i = 0; i < 100; ++i) {
            EXPECT_TRUE(cmwq::system_unbound().try_spawn([&] { ++runs; }));
            EXPECT_TRUE(wq->try_spawn([&] { ++runs; }));
        }
    }));
    EXPECT_TRUE(support::eventually([&] { return runs == 200; }));
}

TEST(bounded_queue_that_runs_in_the_caller, may_fork) {
    if (!support::threads_after_fork) GTEST_SKIP() << support::no_threads_after_fork;
    kept first;
    full_soon held{one_then_caller};
    ASSERT_TRUE(held.queue->enqueue(first));
    pid_t child = -1;
    EXPECT_TRUE(held.queue->try_spawn([&] { child = fork(); }));
    if (child == 0) {
        support::end_child(runs_one_more(*held.queue));  // back from the item, with queues of its own
    }
    EXPECT_TRUE(support::ends_well(child));
    held.finish();
    EXPECT_EQ(first.runs, 1);
}

TEST(bounded_queue_that_runs_in_the_caller, loses_no_item_of_many_producers) {
    auto wq = cmwq::make_queue(cmwq::unbound{.name = "bounded", .max_active = 2, .bound = one_then_caller});
    std::atomic<int> runs{0};
    struct many : cmwq::work<many> {
        std::atomic<int> runs{0}, inside{0};
        static void run(many& self) {
            EXPECT_EQ(++self.inside, 1);
            ++self.runs;
            --self.inside;
        }
    } contended;
    std::atomic<int> accepted{0};
    {
        std::vector<std::jthread> producers;
        for (int t = 0; t < 4; ++t) {
            producers.emplace_back([&] {
                for (int i = 0; i < 500; ++i) {
                    EXPECT_TRUE(wq->enqueue(std::make_unique<job>(runs)));
                    accepted += wq->enqueue(contended) ? 1 : 0;
                }
            });
        }
    }
    wq->flush();
    EXPECT_EQ(runs, 2000);
    EXPECT_EQ(contended.runs, accepted);
}

TEST(bounded_queue_that_runs_in_the_caller, is_neither_ordered_nor_freezable) {
    const support::misuse_recorder recorder;
    auto in_order = cmwq::make_queue(cmwq::ordered{.name = "in order", .bound = one_then_caller});
    auto cold = cmwq::make_queue(cmwq::percpu{.name = "cold", .freezable = true, .bound = one_then_caller});
    const auto reports = support::misuse_recorder::take();
    ASSERT_EQ(reports.size(), 2u);
    for (const auto& told : reports) {
        EXPECT_EQ(told.code, cmwq::misuse_code::contradictory_options);
    }
    support::gate way_out;
    support::gate inside;
    kept first, second;
    ASSERT_TRUE(in_order->try_spawn([&] {
        inside.open();
        way_out.pass();
    }));
    ASSERT_TRUE(inside.pass());
    EXPECT_TRUE(in_order->enqueue(first));
    EXPECT_FALSE(in_order->enqueue(second));
    way_out.open();
    in_order->flush();
    EXPECT_EQ(first.runs, 1);
}

}  // namespace
