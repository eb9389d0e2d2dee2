// SPDX-License-Identifier: Apache-2.0
//
// Promise 6: flush and drain return after everything they waited for happened, and new arrivals cannot starve them.
#include "model/engine_scenario.hpp"

#include <array>
#include <memory>

namespace {

using namespace cmwq_test;

TEST(queue_flush, returns_after_the_items_queued_before_it) {
    for (const auto& how : {on_cpus(1), on_cpus(2), without_fence_all_threads(on_cpus(2)), on_two_nodes()}) {
        explore(without_watchdog(how), schedules, [] {
            tested_runtime rt;
            std::array<tested_item, 2> items[2];
            const auto enqueue_and_flush = [&](std::array<tested_item, 2>& own) {
                for (tested_item& item : own) (void)rt.system().enqueue(item);
                rt.system().flush();
                for (tested_item& item : own) model::check(item.runs == 1 && item.inside == 0, "it was waited for");
            };
            together({{0, [&] { enqueue_and_flush(items[0]); }}, {-1, [&] { enqueue_and_flush(items[1]); }}});
        });
    }
}

TEST(queue_flush, may_be_called_by_many_at_once) {
    explore(without_watchdog(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(cmwq::unbound{.name = "limited", .max_active = 1});
        tested_item items[4];
        const auto enqueue_and_flush = [&](tested_item& own) {
            (void)wq->enqueue(own);
            wq->flush();
            model::check(own.runs == 1 && own.inside == 0, "it was waited for");
        };
        together({{0, [&] { enqueue_and_flush(items[0]); }},
                  {0, [&] { enqueue_and_flush(items[1]); }},
                  {1, [&] { enqueue_and_flush(items[2]); }},
                  {1, [&] { enqueue_and_flush(items[3]); }}});
    });
}

TEST(queue_flush, waits_for_items_that_wait_in_a_seat) {
    for (const auto& how : {on_cpus(2), migrating(on_two_nodes())}) {
        explore(without_watchdog(how), schedules, [] {
            tested_runtime rt;
            const auto in_order = rt.make_queue(cmwq::ordered{.name = "in order"});
            const auto limited = rt.make_queue(cmwq::percpu{.name = "limited", .max_active = 1});
            const auto enqueue_and_flush = [](cmwq::queue& wq) {
                std::array<tested_item, 3> items;
                for (tested_item& item : items) (void)wq.enqueue(item);
                wq.flush();
                for (tested_item& item : items) model::check(item.runs == 1 && item.inside == 0, "it was waited for");
            };
            together({{-1, [&] { enqueue_and_flush(in_order); }}, {-1, [&] { enqueue_and_flush(limited); }}});
        });
    }
}

TEST(queue_flush, counts_the_item_that_its_note_was_about) {
    // A worker goes on to the next item of its seat while a flush of another queue leaves it a note about the one
    // before.
    for (const auto& how : {on_cpus(1), on_cpus(2), without_fence_all_threads(on_cpus(2))}) {
        explore(without_watchdog(how), schedules, [] {
            tested_runtime rt;
            const auto one = rt.make_queue(cmwq::ordered{.name = "one"});
            const auto other = rt.make_queue(cmwq::ordered{.name = "other"});
            std::array<tested_item, 3> of_one, of_other;
            const auto enqueue_and_flush = [](cmwq::queue& wq, std::array<tested_item, 3>& own) {
                for (tested_item& item : own) {
                    (void)wq.enqueue(item);
                    wq.flush();
                    model::check(item.runs == 1 && item.inside == 0, "it was waited for");
                }
            };
            together(
                {{0, [&] { enqueue_and_flush(*one, of_one); }}, {-1, [&] { enqueue_and_flush(*other, of_other); }}});
        });
    }
}

TEST(queue_flush, waits_for_items_on_their_way_to_another_pool) {
    // Everything lies in the pool of CPU 0; the workers of the other CPUs take from it while the flush marks.
    explore(without_watchdog(on_two_nodes()), schedules, [] {
        tested_runtime rt;
        std::array<tested_item, 6> items;
        together({{0, [&] {
                       for (tested_item& item : items) (void)rt.system().enqueue(item);
                       rt.system().flush();
                       for (tested_item& item : items) model::check(item.runs == 1 && item.inside == 0, "waited for");
                   }}});
    });
}

TEST(queue_flush, waits_for_an_item_that_is_left_with_the_worker_that_runs_it) {
    for (const auto& how : {on_cpus(2), without_fence_all_threads(on_cpus(2))}) {
        explore(without_watchdog(how), schedules, [] {
            tested_runtime rt;
            tested_item item;
            item.body = [](tested_item&) { work_a_little(8); };
            int before[2] = {};
            together({{0, [&] { before[0] = accepted(rt.system(), item, 2); }},
                      {1, [&] {
                           const bool taken = rt.system_unbound().enqueue(item);
                           const int already = item.runs;
                           rt.system_unbound().flush();
                           if (taken) model::check(item.runs > already || item.runs > 0, "it was waited for");
                           before[1] = taken ? 1 : 0;
                       }}});
            rt.system().flush();
            model::check(item.runs == before[0] + before[1] && item.inside == 0, "each accepted enqueue runs once");
        });
    }
}

TEST(queue_flush, meets_an_item_that_is_just_being_left_with_another_worker) {
    // Collisions all the time, and flushes of both queues meanwhile: a note may reach the worker that gives the item
    // away.
    for (const auto& how : {on_cpus(1), on_cpus(2)}) {
        explore(without_watchdog(how), schedules, [] {
            tested_runtime rt;
            platform::atomic<int> sent{0};
            int seen = 0;
            tested_item item;
            item.body = [&](tested_item&) {
                const int now = sent.load(std::memory_order_relaxed);
                work_a_little(6);
                seen = now;
            };
            const auto send_and_flush = [&](cmwq::queue& wq) {
                for (int i = 0; i < 3; ++i) {
                    const int mine = sent.fetch_add(1, std::memory_order_relaxed) + 1;
                    if (!wq.enqueue(item)) continue;
                    wq.flush();
                    model::check(seen >= mine, "the run that follows the enqueue was waited for");
                }
            };
            const auto flush_only = [&] {
                for (int i = 0; i < 3; ++i) {
                    rt.system_unbound().flush();
                    rt.system().flush();
                }
            };
            together({{0, [&] { send_and_flush(rt.system()); }},
                      {-1, [&] { send_and_flush(rt.system_unbound()); }},
                      {-1, flush_only}});
        });
    }
}

TEST(queue_flush, is_not_ended_by_the_next_item_of_a_worker_that_gave_its_item_away) {
    // The flush tells the worker that has picked the item; the worker leaves it with the one that still runs it, and
    // goes on with another item.
    for (const int cpus : {1, 2}) {
        explore(without_watchdog(on_cpus(cpus)), 2 * schedules, [] {
            tested_runtime rt;
            tested_item item, next;
            gate both_there;
            item.body = [&](tested_item& self) {
                if (self.runs != 1) return;
                (void)rt.system_unbound().enqueue(self);
                (void)rt.system_unbound().enqueue(next);
                both_there.open();
                work_a_little(40);
            };
            (void)rt.system().enqueue(item);
            both_there.wait();
            rt.system_unbound().flush();
            model::check(item.runs == 2 && item.inside == 0 && next.runs == 1, "both were waited for");
            rt.system().flush();
        });
    }
}

TEST(queue_flush, waits_for_items_that_two_workers_take_from_one_seat) {
    explore(without_watchdog(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(cmwq::unbound{.name = "limited", .max_active = 2});
        const auto enqueue_and_flush = [&] {
            std::array<tested_item, 3> items;
            for (tested_item& item : items) (void)wq->enqueue(item);
            wq->flush();
            for (tested_item& item : items) model::check(item.runs == 1 && item.inside == 0, "it was waited for");
        };
        together({{0, enqueue_and_flush}, {1, enqueue_and_flush}});
    });
}

TEST(queue_flush, is_not_kept_up_by_an_item_that_enqueues_itself) {
    explore(on_cpus(2), schedules, [] {
        tested_runtime rt;
        platform::atomic<bool> stop{false};
        tested_item restless;
        const auto wq = rt.make_queue(cmwq::percpu{.name = "restless"});
        restless.body = [&](tested_item& self) {
            model::sleep_for(1us);
            if (!stop.load(std::memory_order_relaxed)) (void)wq->enqueue(self);
        };
        (void)wq->enqueue(restless);
        const int before = restless.runs;
        wq->flush();
        model::check(restless.runs - before <= 4, "the flush waited for what was there, not for what came");
        stop.store(true, std::memory_order_relaxed);
        wq->drain();
    });
}

/// An item that runs until it is let go, and a flush on a thread of its own.
struct held_item : tested_item {
    gate begun, may_end;
    held_item() {
        body = [this](tested_item&) {
            begun.open();
            may_end.wait();
        };
    }
};

struct told_flush {
    cmwq::queue& wq;
    gate returned;
    platform::atomic<bool> over{false};

    explicit told_flush(cmwq::queue& flushed) : wq{flushed} {}
    void operator()() {
        wq.flush();
        over.store(true, std::memory_order_release);
        returned.open();
    }
};

// What queue::flush says of newer items. Time leaps only while everybody waits: after a sleep both flushes wait for
// their items, and nobody is still marking.
TEST(queue_flush, waits_for_newer_items_until_the_flush_before_it_returns_and_not_longer) {
    explore(on_cpus(2), schedules, [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(cmwq::percpu{.name = "flushed"});
        held_item older, between, newer;
        told_flush first{*wq}, second{*wq};
        const auto enqueue = [&](held_item& item) {
            (void)wq->enqueue(item);
            item.begun.wait();
        };
        const auto play = [&] {
            enqueue(between);  // newer than both calls, and there when the second flush begins
            older.may_end.open();
            first.returned.wait();
            model::sleep_for(1ms);
            enqueue(newer);
            between.may_end.open();
            second.returned.wait();
            model::check(newer.inside == 1, "it was not waited for");
            newer.may_end.open();
        };
        enqueue(older);
        together({{0, [&] { first(); }},
                  {0,
                   [&] {
                       model::sleep_for(1ms);
                       second();
                   }},
                  {1, [&] {
                       model::sleep_for(2ms);
                       model::check(!first.over.load(std::memory_order_acquire), "the first waits for the older item");
                       play();
                   }}});
        wq->flush();
    });
}

TEST(queue_flush, that_no_other_one_precedes_waits_for_no_newer_item) {
    explore(on_cpus(2), schedules, [] {
        tested_runtime rt;
        held_item older, newer;
        told_flush first{rt.system()};
        (void)rt.system().enqueue(older);
        older.begun.wait();
        together({{0, [&] { first(); }}, {1, [&] {
                                              model::sleep_for(1ms);
                                              (void)rt.system().enqueue(newer);
                                              newer.begun.wait();
                                              older.may_end.open();
                                              first.returned.wait();
                                              model::check(newer.inside == 1, "it was not waited for");
                                              newer.may_end.open();
                                          }}});
        rt.system().flush();
    });
}

TEST(queue_flush, may_be_called_from_an_item_of_another_queue) {
    for (const int cpus : {1, 2}) {
        explore(without_watchdog(on_cpus(cpus)), schedules, [] {
            tested_runtime rt;
            tested_item waiter, waited_for;
            const auto other = rt.make_queue(cmwq::percpu{.name = "other"});
            waiter.body = [&](tested_item&) {
                (void)other->enqueue(waited_for);
                other->flush();
                model::check(waited_for.runs == 1 && waited_for.inside == 0, "it was waited for");
            };
            (void)rt.system().enqueue(waiter);
            rt.system().flush();
            model::check(waiter.runs == 1, "the flush inside returned");
        });
    }
}

TEST(item_flush, waits_for_the_pending_run_and_not_for_later_ones) {
    for (const auto& how : {on_cpus(1), on_cpus(2), without_fence_all_threads(on_cpus(2))}) {
        explore(without_watchdog(how), schedules, [] {
            tested_runtime rt;
            tested_item item;
            item.body = [&](tested_item& self) {
                if (self.runs <= 2) (void)rt.system().enqueue(self);
            };
            (void)rt.system().enqueue(item);
            item.flush();
            model::check(item.runs >= 1, "the run that was pending is over");
            rt.system().drain();
            model::check(!item.flush(), "nothing to wait for");
        });
    }
}

TEST(item_flush, waits_for_the_run_of_each_callers_own_enqueue) {
    // The item is enqueued again and again, to two queues, while two flush it.
    for (const auto& how : {on_cpus(2), without_fence_all_threads(on_cpus(2))}) {
        explore(without_watchdog(how), schedules, [] {
            tested_runtime rt;
            platform::atomic<int> sent{0};
            int seen = 0;
            tested_item item;
            item.body = [&](tested_item&) {
                const int now = sent.load(std::memory_order_relaxed);
                work_a_little();
                seen = now;
            };
            const auto send_and_flush = [&](cmwq::queue& wq) {
                for (int i = 0; i < 2; ++i) {
                    const int mine = sent.fetch_add(1, std::memory_order_relaxed) + 1;
                    if (!wq.enqueue(item)) continue;
                    item.flush();
                    model::check(seen >= mine, "the run that follows the enqueue was waited for");
                }
            };
            together({{0, [&] { send_and_flush(rt.system()); }}, {1, [&] { send_and_flush(rt.system_unbound()); }}});
            rt.system().flush();
            rt.system_unbound().flush();
        });
    }
}

TEST(item_flush, waits_for_the_run_that_a_refusal_spoke_of) {
    // A refused enqueue says that a run is to come. Whoever waits for the item then waits for that run, also when the
    // enqueuer that was faster has not put the item into its list yet.
    explore(without_watchdog(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        platform::atomic<int> sent{0};
        int seen = 0;
        tested_item item;
        item.body = [&](tested_item&) {
            const int now = sent.load(std::memory_order_relaxed);
            work_a_little();
            seen = now;
        };
        const auto send_and_flush = [&] {
            for (int i = 0; i < 2; ++i) {
                const int mine = sent.fetch_add(1, std::memory_order_relaxed) + 1;
                (void)rt.system().enqueue(item);
                item.flush();
                model::check(seen >= mine, "the run that follows the enqueue was waited for");
            }
        };
        together({{0, send_and_flush}, {1, send_and_flush}});
    });
}

/// Its word names another queue by then, whose lists alone the flusher holds: the worker may go on to its next item
/// meanwhile, and that one's end is not this one's.
TEST(item_flush, of_a_run_whose_word_names_another_queue_waits_for_that_run) {
    explore(without_watchdog(on_cpus(1)), schedules, [] {
        tested_runtime rt;
        const auto other = rt.make_queue(cmwq::percpu{.name = "other", .highpri = true, .freezable = true});
        rt.freeze();
        for (int round = 0; round < 4; ++round) {
            tested_item item, behind;
            gate nearly_done;
            item.body = [&](tested_item& self) {
                (void)other->enqueue(self);
                (void)self.cancel();
                nearly_done.open();
            };
            model::check(rt.system().enqueue(item) && rt.system().enqueue(behind), "both are accepted");
            nearly_done.wait();
            (void)item.flush();
            model::check(item.runs == 1 && item.inside == 0, "its run is over");
            rt.system().flush();
        }
    });
}

TEST(item_flush, is_not_deceived_by_the_former_item_at_the_same_address) {
    // The old function, on the younger worker, outlives its item and ends only after the flush of the new one.
    explore(on_cpus(2), schedules, [] {
        tested_runtime rt;
        alignas(tested_item) unsigned char place[sizeof(tested_item)];
        struct dying : cmwq::work<dying> {
            gate* gone = nullptr;
            gate* may_end = nullptr;
            static void run(dying& self) {
                gate& end = *self.may_end;
                gate& told = *self.gone;
                self.~dying();
                told.open();
                end.wait();
            }
        };
        static_assert(sizeof(dying) <= sizeof(tested_item));
        gate gone, may_end;
        tested_item warm_up;
        together({{0, [&] { (void)rt.system().enqueue(warm_up); }}});
        warm_up.flush();
        auto* old = new (place) dying;
        old->gone = &gone;
        old->may_end = &may_end;
        together({{1, [&] { (void)rt.system().enqueue(*old); }}});
        gone.wait();
        auto* young = new (place) tested_item;
        young->body = [](tested_item&) { work_a_little(8); };
        together({{0, [&] {
                       (void)rt.system().enqueue(*young);
                       young->flush();
                       model::check(young->runs == 1 && young->inside == 0, "the new item was waited for");
                   }}});
        may_end.open();
        rt.system().flush();
        young->~tested_item();
    });
}

TEST(item_flush, may_be_called_from_another_item) {
    for (const int cpus : {1, 2}) {
        explore(without_watchdog(on_cpus(cpus)), schedules, [] {
            tested_runtime rt;
            tested_item waiter, waited_for;
            waiter.body = [&](tested_item&) {
                (void)rt.system().enqueue(waited_for);
                waited_for.flush();
                model::check(waited_for.runs == 1 && waited_for.inside == 0, "it was waited for");
            };
            (void)rt.system().enqueue(waiter);
            rt.system().flush();
            model::check(waiter.runs == 1, "the flush inside returned");
        });
    }
}

TEST(drain, runs_what_its_items_enqueue) {
    for (const auto& how : {on_cpus(1), on_cpus(2), without_fence_all_threads(on_cpus(2))}) {
        explore(without_watchdog(how), schedules, [] {
            tested_runtime rt;
            tested_item chained, child;
            {
                const auto wq = rt.make_queue(cmwq::percpu{.name = "chained"});
                chained.body = [&](tested_item& self) {
                    if (self.runs < 4) model::check(wq->enqueue(self), "its own items are accepted while it drains");
                    if (self.runs == 4) model::check(wq->enqueue(child), "its own items are accepted while it drains");
                };
                (void)wq->enqueue(chained);
            }
            model::check(chained.runs == 4 && child.runs == 1, "the whole chain was run");
        });
    }
}

TEST(drain, runs_what_its_items_enqueue_in_order) {
    explore(without_watchdog(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        tested_item chained;
        {
            const auto wq = rt.make_queue(cmwq::ordered{.name = "chained"});
            chained.body = [&](tested_item& self) {
                if (self.runs < 4) model::check(wq->enqueue(self), "its own items are accepted while it drains");
            };
            (void)wq->enqueue(chained);
        }
        model::check(chained.runs == 4, "the whole chain was run");
    });
}

TEST(drain, does_not_miss_an_item_that_enqueues_itself_while_it_looks) {
    // Neither in the list, which it looked at before, nor running, when it looks at the workers.
    explore(without_watchdog(on_cpus(2)), 2 * schedules, [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(cmwq::ordered{.name = "chained"});
        tested_item chained;
        gate inside, may_go_on;
        chained.body = [&](tested_item& self) {
            if (self.runs != 1) return;
            inside.open();
            may_go_on.wait();
            model::check(wq->enqueue(self), "its own items are accepted while it drains");
        };
        (void)wq->enqueue(chained);
        inside.wait();
        const auto drain_all = [&] {
            wq->drain();
            model::check(chained.runs == 2 && chained.inside == 0, "the whole chain was run");
        };
        together({{0, drain_all}, {1, [&] { may_go_on.open(); }}});
    });
}

int refusals_reported = 0;

/// Refused enqueues are reported as misuse: counted here, and checked.
model::options counting_refusals(model::options how) {
    how.before_run = [] {
        refusals_reported = 0;
        cmwq::set_misuse_handler([](const cmwq::misuse& found) noexcept {
            refusals_reported += found.code == cmwq::misuse_code::enqueue_while_draining ? 1 : 1000;
        });
    };
    how.after_run = [](bool failed) {
        cmwq::set_misuse_handler(nullptr);
        forget_failed_run(failed);
    };
    return how;
}

TEST(drain, refuses_items_from_outside_or_runs_them) {
    explore(counting_refusals(without_watchdog(on_cpus(2))), schedules, [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(cmwq::unbound{.name = "drained", .max_active = 2});
        std::array<tested_item, 4> items;
        int taken = 0;
        together({{0,
                   [&] {
                       for (tested_item& item : items) taken += wq->enqueue(item) ? 1 : 0;
                   }},
                  {1, [&] { wq->drain(); }},
                  {1, [&] { wq->drain(); }}});
        wq->drain();
        int runs = 0;
        for (const tested_item& item : items) runs += item.runs;
        model::check(runs == taken, "what was accepted was run");
        model::check(taken + refusals_reported == 4, "each refusal was reported");
        tested_item after;
        model::check(wq->enqueue(after), "a drained queue takes items again");
        wq->flush();
    });
}

TEST(drain, refuses_while_an_item_keeps_it_going) {
    explore(counting_refusals(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(cmwq::percpu{.name = "drained"});
        tested_item running, late;
        gate may_end;
        running.body = [&](tested_item&) { may_end.wait(); };
        (void)wq->enqueue(running);
        together(
            {{0, [&] { wq->drain(); }}, {1, [&] {
                                             const auto draining = [&] {
                                                 return (engine::as_engine(*wq).state.load(std::memory_order_relaxed) &
                                                         cmwq_queue::draining) != 0;
                                             };
                                             while (!draining()) model::sleep_for(1us);
                                             model::check(!wq->enqueue(late), "the queue is draining");
                                             may_end.open();
                                         }}});
        model::check(late.runs == 0 && refusals_reported == 1, "the refused item is not run");
        model::check(wq->enqueue(late), "the refused item is idle");
        wq->flush();
    });
}

TEST(queue_destruction, runs_what_was_enqueued_just_before) {
    for (const auto& how : {on_cpus(1), on_cpus(2), migrating(on_two_nodes())}) {
        explore(without_watchdog(how), schedules, [] {
            tested_runtime rt;
            std::array<tested_item, 3> items;
            {
                const auto in_order = rt.make_queue(cmwq::ordered{.name = "in order"});
                const auto limited = rt.make_queue(cmwq::percpu{.name = "limited", .max_active = 1});
                const auto plain = rt.make_queue(cmwq::unbound{.name = "plain"});
                (void)in_order->enqueue(items[0]);
                (void)limited->enqueue(items[1]);
                (void)plain->enqueue(items[2]);
            }
            for (const tested_item& item : items) model::check(item.runs == 1 && item.inside == 0, "it was run");
        });
    }
}

TEST(queue_destruction, may_follow_the_end_of_the_last_item_at_once) {
    // Whoever learns from the item that it has run may destroy the queue, though the enqueuer has not returned yet.
    for (const bool in_order : {false, true}) {
        explore(without_watchdog(on_cpus(2)), schedules, [in_order] {
            tested_runtime rt;
            cmwq::owned_queue wq = in_order ? rt.make_queue(cmwq::ordered{.name = "short-lived"})
                                            : rt.make_queue(cmwq::unbound{.name = "short-lived"});
            tested_item first, last;
            gate ran;
            last.body = [&](tested_item&) { ran.open(); };
            (void)wq->enqueue(first);
            const auto wait_and_destroy = [&] {
                ran.wait();
                wq = {};
            };
            together({{0, [&] { (void)wq->enqueue(last); }}, {1, wait_and_destroy}});
            model::check(first.runs == 1 && last.runs == 1, "both were run");
        });
    }
}

TEST(runtime_destruction, runs_what_its_queues_still_have) {
    explore(without_watchdog(on_cpus(2)), schedules, [] {
        std::array<tested_item, 4> items;
        {
            tested_runtime rt;
            (void)rt.system().enqueue(items[0]);
            (void)rt.system_highpri().enqueue(items[1]);
            (void)rt.system_unbound().enqueue(items[2]);
            (void)rt.system_long().enqueue(items[3]);
        }
        for (const tested_item& item : items) model::check(item.runs == 1 && item.inside == 0, "it was run");
    });
}

}  // namespace
