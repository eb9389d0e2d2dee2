// SPDX-License-Identifier: Apache-2.0
//
// Delayed items on the model platform: who gets the armed instance when expiry, cancel, mod_delayed, flush_delayed and
// the queue's destruction come at once. Time is virtual, so "an hour away" costs nothing and "now" is a matter of
// schedule.
#include "model/engine_scenario.hpp"

#include <memory>

namespace {

using namespace cmwq_test;

/// Counts its runs, and checks that two of them never overlap and that none comes early.
struct timed_item : cmwq::delayed_work<timed_item> {
    using cmwq::delayed_work<timed_item>::delayed_work;
    int runs = 0;
    int inside = 0;
    std::chrono::nanoseconds not_before{0};
    std::function<void(timed_item&)> body;

    static void run(timed_item& self) {
        model::check(self.inside == 0, "an item runs on one worker at a time");
        model::check(platform::now() >= self.not_before, "an item does not run before its time");
        ++self.inside;
        model::interrupt();
        ++self.runs;
        if (self.body) self.body(self);
        --self.inside;
    }
};

/// Time passes while others are at work, so that an item's time comes in the middle of whatever is done to it.
model::options leaping(model::options how) {
    how.time_leaps = 0.05;
    return how;
}

/// Waits in virtual time.
void wait_for(std::chrono::nanoseconds time) {
    model::sleep_for(time);
}

/// Until whatever was begun with them is over. Not by a flush: the thread of the timers may not have come to them yet.
void wait_until_idle(std::initializer_list<timed_item*> items) {
    for (timed_item* item : items) {
        while (item->busy()) model::sleep_for(10us);
    }
}

TEST(timer, item_runs_once_when_its_time_has_come) {
    for (const auto& how : {on_cpus(1), on_cpus(2), migrating(on_cpus(2))}) {
        explore(how, schedules, [] {
            tested_runtime rt;
            timed_item item;
            item.not_before = platform::now() + 3ms;
            model::check(rt.system().enqueue_delayed(item, 3ms), "accepted");
            wait_for(4ms);
            rt.system().flush();
            model::check(item.runs == 1, "it has run once");
            model::check(!item.busy(), "and is idle");
        });
    }
}

TEST(timer, nearer_time_armed_from_another_cpu_wakes_the_thread) {
    explore(on_cpus(2), schedules, [] {
        tested_runtime rt;
        timed_item far, near;
        together({{0, [&] { model::check(rt.system().enqueue_delayed(far, 1h), "accepted"); }},
                  {1, [&] { model::check(rt.system().enqueue_delayed(near, 1ms), "accepted"); }}});
        wait_for(2ms);
        rt.system().flush();
        model::check(near.runs == 1, "the nearer one has run");
        model::check(far.runs == 0 && far.cancel(), "the other one waits");
    });
}

TEST(timer, armed_on_several_cpus_at_once_all_come) {
    explore(leaping(on_cpus(4)), schedules / 2, [] {
        tested_runtime rt;
        timed_item items[4];
        const auto arm = [&](int i) {
            return [&, i] { model::check(rt.system().enqueue_delayed(items[i], i * 1us + 1us), "accepted"); };
        };
        together({{0, arm(3)}, {1, arm(2)}, {2, arm(1)}, {3, arm(0)}});
        wait_until_idle({&items[0], &items[1], &items[2], &items[3]});
        for (timed_item& item : items) model::check(item.runs == 1, "each has run once");
    });
}

TEST(timer, instance_is_either_cancelled_or_run) {
    explore(leaping(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        timed_item item;
        int cancelled = 0;
        model::check(rt.system().enqueue_delayed(item, 1us), "accepted");
        together({{0, [&] { cancelled += item.cancel() ? 1 : 0; }}, {1, [&] {
                                                                         model::interrupt();
                                                                         cancelled += item.cancel_sync() ? 1 : 0;
                                                                     }}});
        wait_until_idle({&item});
        model::check(item.runs + cancelled == 1, "one of the two, once");
        model::check(!item.busy(), "and it is idle");
    });
}

TEST(timer, accepted_enqueues_of_all_kinds_are_run_or_cancelled) {
    explore(leaping(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        timed_item item;
        int accepted = 0, cancelled = 0;
        together({{0, [&] { accepted += rt.system().enqueue_delayed(item, 2us) ? 1 : 0; }},
                  {1, [&] { accepted += rt.system().enqueue(item) ? 1 : 0; }},
                  {1, [&] { cancelled += item.cancel() ? 1 : 0; }}});
        wait_until_idle({&item});
        model::check(item.runs + cancelled == accepted, "each accepted instance ended once");
    });
}

TEST(timer, mod_from_several_threads_leaves_one_instance) {
    explore(leaping(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        timed_item item;
        int was_pending = 0;
        together({{0, [&] { was_pending += rt.system().mod_delayed(item, 1us) ? 1 : 0; }},
                  {1, [&] { was_pending += rt.system().mod_delayed(item, 2us) ? 1 : 0; }},
                  {1, [&] { was_pending += rt.system().mod_delayed(item, 1h) ? 1 : 0; }}});
        const int waiting = item.cancel() ? 1 : 0;
        wait_until_idle({&item});
        model::check(item.runs + waiting + was_pending == 3, "each call moved the instance or made one");
        model::check(!item.busy(), "and it is idle");
    });
}

TEST(timer, mod_and_expiry_and_flush_of_the_queue_end) {
    explore(leaping(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        timed_item item;
        (void)rt.system().enqueue(item);
        together({{0, [&] { (void)rt.system().mod_delayed(item, 1us); }},
                  {1, [&] { rt.system().flush(); }},
                  {0, [&] { (void)rt.system().mod_delayed(item, 0ns); }}});
        wait_until_idle({&item});
        model::check(item.runs >= 1, "it has run");
        model::check(!item.busy(), "and is idle");
    });
}

TEST(timer, mod_between_two_queues_loses_nothing) {
    explore(leaping(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        const auto in_order = rt.make_queue(cmwq::ordered{.name = "in order"});
        timed_item item;
        (void)in_order->enqueue_delayed(item, 1us);
        together({{0, [&] { (void)rt.system().mod_delayed(item, 1us); }},
                  {1, [&] { (void)in_order->mod_delayed(item, 0ns); }}});
        wait_until_idle({&item});
        model::check(item.runs >= 1 && !item.busy(), "it has run and is idle");
    });
}

TEST(timer, mod_to_another_queue_runs_the_item_there) {
    explore(on_cpus(1), schedules / 8, [] {
        tested_runtime rt;
        const auto in_order = rt.make_queue(cmwq::ordered{.name = "in order"});
        for (const auto later : {0ms, 1ms}) {
            timed_item item;
            item.body = [&](timed_item&) {
                model::check(cmwq::this_worker::current_queue() == &*in_order, "the queue that it was moved to");
            };
            model::check(rt.system().enqueue_delayed(item, 1h), "accepted");
            (void)in_order->mod_delayed(item, later);
            wait_for(2ms);
            in_order->flush();
            model::check(item.runs == 1, "it has run");
            (void)item.cancel_sync();
        }
    });
}

TEST(timer, flush_delayed_returns_after_the_run) {
    explore(leaping(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        timed_item item;
        (void)rt.system().enqueue_delayed(item, 1h);
        together({{0,
                   [&] {
                       (void)item.flush_delayed();
                       model::check(item.runs == 1, "it has run");
                   }},
                  {1, [&] {
                       (void)item.flush_delayed();
                       model::check(item.runs == 1, "it has run");
                   }}});
        model::check(!item.pending(), "and its timer is not armed");
    });
}

TEST(timer, item_that_arms_itself_is_ended_by_cancel_sync) {
    explore(leaping(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        timed_item item;
        item.body = [&](timed_item& self) { (void)rt.system().enqueue_delayed(self, 1us); };
        (void)rt.system().enqueue_delayed(item, 1us);
        wait_for(3us);
        (void)item.cancel_sync();
        model::check(!item.busy(), "it is idle");
        const int before = item.runs;
        wait_for(1ms);
        model::check(item.runs == before, "and stays so");
    });
}

TEST(timer, disable_and_enable_race_with_arming) {
    explore(leaping(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        timed_item item;
        together({{0,
                   [&] {
                       (void)item.disable_sync();
                       model::check(!item.busy(), "a disabled item is idle");
                       (void)item.enable();
                   }},
                  {1, [&] {
                       (void)rt.system().enqueue_delayed(item, 1us);
                       (void)rt.system().mod_delayed(item, 2us);
                   }}});
        (void)item.cancel_sync();
        model::check(!item.busy(), "it is idle");
    });
}

// ---- the end of a queue ----

/// Alive until its owner is let go; counts both ways.
struct owned_timed_item : cmwq::delayed_work<owned_timed_item> {
    owned_timed_item(int& ended, int& runs) : ended{ended}, runs{runs} {}
    ~owned_timed_item() { ++ended; }
    static void run(std::unique_ptr<owned_timed_item> self) {
        ++self->runs;
        if (self->again != nullptr) {
            cmwq::queue& wq = *self->again;
            (void)wq.enqueue_delayed(std::move(self), 1us);
        }
    }
    int& ended;
    int& runs;
    cmwq::queue* again = nullptr;
};

TEST(timer, destruction_of_the_queue_ends_every_armed_item_once) {
    for (const auto& how : {leaping(on_cpus(2)), leaping(migrating(on_cpus(2)))}) {
        explore(how, schedules, [] {
            tested_runtime rt;
            int ended = 0, runs = 0;
            {
                const auto wq = rt.make_queue(cmwq::percpu{.name = "short-lived"});
                (void)wq->enqueue_delayed(std::make_unique<owned_timed_item>(ended, runs), 1us);
                (void)wq->enqueue_delayed(std::make_unique<owned_timed_item>(ended, runs), 3us);
                (void)wq->enqueue_delayed(std::make_unique<owned_timed_item>(ended, runs), 1h);
                work_a_little(static_cast<int>(model::random_below(40)));
            }
            model::check(ended == 3 && runs <= 3, "each owner was let go, whether its item has run or not");
        });
    }
}

TEST(timer, destruction_of_the_queue_ends_an_item_that_arms_itself) {
    explore(leaping(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        int ended = 0, runs = 0;
        {
            const auto wq = rt.make_queue(cmwq::ordered{.name = "short-lived"});
            auto item = std::make_unique<owned_timed_item>(ended, runs);
            item->again = &*wq;
            (void)wq->enqueue_delayed(std::move(item), 1us);
            wait_for(2us);
        }
        model::check(ended == 1, "its owner was let go");
    });
}

TEST(timer, cancel_and_destruction_of_the_queue_share_the_item) {
    explore(leaping(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        timed_item item;
        {
            const auto wq = rt.make_queue(cmwq::percpu{.name = "short-lived"});
            (void)wq->enqueue_delayed(item, 1us);
            auto other = model::spawn("canceller", [&] { (void)item.cancel(); });
            work_a_little(3);
            other.join();
        }
        model::check(!item.busy(), "it is idle");
        model::check(item.runs <= 1, "and has run once at most");
    });
}

TEST(timer, end_of_the_last_runtime_ends_the_thread_and_the_next_one_starts_it) {
    explore(leaping(on_cpus(2)), schedules / 4, [] {
        for (int i = 0; i < 2; ++i) {
            tested_runtime rt;
            timed_item item;
            (void)rt.system().enqueue_delayed(item, 1us);
            wait_until_idle({&item});
            model::check(item.runs == 1, "it has run");
        }
    });
}

// ---- want of threads ----

TEST(timer, without_a_thread_the_item_is_refused_and_its_owner_comes_back) {
    auto how = on_cpus(2);
    how.failing_thread_starts.from = 1;
    explore(how, schedules / 10, [] {
        tested_runtime rt;
        int ended = 0, runs = 0;
        auto refused = rt.system().enqueue_delayed(std::make_unique<owned_timed_item>(ended, runs), 1us);
        model::check(refused.why() == cmwq::refusal::no_memory, "there is no thread for it");
        model::check(refused.take_back() != nullptr, "the owner is back");
        model::check(ended == 1 && runs == 0, "and was let go by its new owner");
    });
}

// ---- deferrable ----

TEST(timer, deferrable_item_wakes_nobody_and_comes_with_the_next_punctual_one) {
    explore(on_cpus(2), schedules, [] {
        tested_runtime rt;
        timed_item late{cmwq::deferrable}, punctual;
        (void)rt.system().enqueue_delayed(late, 1us);
        wait_for(1h);
        model::check(late.runs == 0, "an idle machine is left alone");
        (void)rt.system().enqueue_delayed(punctual, 1ms);
        wait_for(2ms);
        rt.system().flush();
        model::check(late.runs == 1, "it came with the other one");
    });
}

TEST(timer, deferrable_item_that_is_due_at_once_wakes_nobody_who_sleeps) {
    explore(on_cpus(1), schedules / 8, [] {
        tested_runtime rt;
        timed_item late{cmwq::deferrable}, punctual;
        model::check(rt.system().enqueue_delayed(punctual, 1h), "accepted");
        wait_for(1ms);  // the thread sleeps
        model::check(rt.system().enqueue_delayed(late, 1ns), "accepted");
        wait_for(1ms);
        model::check(late.runs == 0, "an idle machine is left alone");
        (void)late.cancel();
        (void)punctual.cancel();
    });
}

/// Nobody waits for it in earnest, so it shows when the watchdog looks. Asked to, it looks at once, though it is woken
/// for two reasons and finds one token.
TEST(timer, deferrable_item_comes_with_the_look_that_the_watchdog_is_asked_for) {
    explore(on_cpus(1), schedules / 8, [] {
        tested_runtime rt;
        tested_item blocked, behind;
        blocked.body = [](tested_item&) { model::sleep_for(30ms); };
        (void)rt.system().enqueue(blocked);
        (void)rt.system().enqueue(behind);
        rt.system().flush();
        timed_item late{cmwq::deferrable}, punctual;
        model::check(rt.system().enqueue_delayed(punctual, 1h), "accepted");
        wait_for(100ms);  // the watchdog and the thread of the timers sleep
        model::check(rt.system().enqueue_delayed(late, 1ns), "accepted");
        engine::access::impl(rt)->dog.look_now();
        wait_for(1ms);
        model::check(late.runs == 1, "it came with the look, and not 10 ms later");
        (void)punctual.cancel();
    });
}

}  // namespace
