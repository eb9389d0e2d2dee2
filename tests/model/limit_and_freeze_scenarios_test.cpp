// SPDX-License-Identifier: Apache-2.0
//
// Promise 7 while limits change and queues freeze: the limit is never exceeded, no waiting item is forgotten, order is
// kept.
#include "model/engine_scenario.hpp"

#include <array>
#include <vector>

namespace {

using namespace cmwq_test;

TEST(changing_limit, is_kept_and_no_item_is_forgotten) {
    for (const auto& how : {on_cpus(1), on_cpus(2), without_fence_all_threads(on_cpus(2))}) {
        explore(without_watchdog(how), schedules, [] {
            tested_runtime rt;
            const auto wq = rt.make_queue(cmwq::unbound{.name = "limited", .max_active = 3});
            std::array<tested_item, 4> items[2];
            crowd inside;
            for (auto& some : items) {
                for (tested_item& item : some) {
                    item.body = [&](tested_item&) {
                        inside.enter();
                        work_a_little();
                        inside.leave();
                    };
                }
            }
            const auto enqueue = [&](std::array<tested_item, 4>& some) {
                for (tested_item& item : some) (void)wq->enqueue(item);
            };
            together({{0, [&] { enqueue(items[0]); }},
                      {1, [&] { enqueue(items[1]); }},
                      {-1, [&] {
                           for (const int limit : {1, 2, 1, 3}) (void)wq->set_max_active(limit);
                       }}});
            wq->flush();
            model::check(inside.most <= 3, "the highest limit is kept");
            for (const auto& some : items) {
                for (const tested_item& item : some) model::check(item.runs == 1, "each item ran");
            }
        });
    }
}

TEST(changing_limit, holds_after_the_items_that_were_active_before) {
    explore(without_watchdog(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(cmwq::unbound{.name = "limited later"});
        tested_item before[3], after[3];
        crowd inside;
        const auto body = [&](tested_item&) {
            inside.enter();
            work_a_little();
            inside.leave();
        };
        for (tested_item& item : before) item.body = body;
        for (tested_item& item : after) item.body = body;
        for (tested_item& item : before) (void)wq->enqueue(item);
        (void)wq->set_max_active(1);
        const int active = inside.inside;
        inside.most = active;
        for (tested_item& item : after) (void)wq->enqueue(item);
        wq->flush();
        // Those that were popped when the limit came count although they are not inside yet.
        model::check(inside.most <= 3, "no more than were there");
        for (const tested_item& item : before) model::check(item.runs == 1, "each item ran");
        for (const tested_item& item : after) model::check(item.runs == 1, "each item ran");
        inside.most = 0;
        for (tested_item& item : after) (void)wq->enqueue(item);
        wq->flush();
        model::check(inside.most == 1, "the limit holds");
    });
}

TEST(changing_limit, comes_first_while_items_are_enqueued_stolen_and_left) {
    for (const auto& how : {on_cpus(2), on_two_nodes()}) {
        explore(without_watchdog(how), schedules, [] {
            tested_runtime rt;
            const auto wq = rt.make_queue(cmwq::percpu{.name = "limited later"});
            tested_item shared, others[4];
            shared.body = [](tested_item&) { work_a_little(6); };
            int taken[2] = {};
            together({{0,
                       [&] {
                           taken[0] = accepted(*wq, shared, 2);
                           (void)wq->enqueue(others[0]);
                           (void)wq->enqueue(others[1]);
                       }},
                      {1,
                       [&] {
                           taken[1] = accepted(rt.system_unbound(), shared, 2);
                           (void)wq->enqueue(others[2]);
                           (void)wq->enqueue(others[3]);
                       }},
                      {-1, [&] { (void)wq->set_max_active(1); }}});
            wq->flush();
            rt.system_unbound().flush();
            model::check(shared.runs == taken[0] + taken[1], "each accepted enqueue ran");
            for (const tested_item& item : others) model::check(item.runs == 1, "each item ran");
        });
    }
}

TEST(changing_limit, raised_by_two_lets_two_more_begin) {
    explore(on_cpus(1), schedules / 4, [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(cmwq::unbound{.name = "limited", .max_active = 1});
        meeting<3> all;
        for (tested_item& item : all.items) (void)wq->enqueue(item);
        model::check(wq->set_max_active(3), "there is memory");
        wq->flush();
        all.check_each_came();
    });
}

TEST(changing_limit, lowered_ends_a_token_with_its_present_item) {
    explore(on_cpus(1), schedules / 4, [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(cmwq::unbound{.name = "limited", .max_active = 2});
        held_item active[2];
        std::array<tested_item, 3> waiting;
        crowd inside;
        for (tested_item& item : waiting) make_sleeper(item, inside);
        for (held_item& item : active) model::check(wq->enqueue(item), "an idle item is accepted");
        for (tested_item& item : waiting) (void)wq->enqueue(item);
        for (held_item& item : active) item.wait_until_begun();
        model::check(wq->set_max_active(1), "a lower limit needs no memory");
        for (held_item& item : active) item.end.open();
        wq->flush();
        model::check(inside.most == 1, "of two that were active one goes on");
        check_each_ran(waiting);
    });
}

/// The first item computes, so that nobody is woken for those behind it: they lie in the pool when the limit comes.
/// The token of the short item has found its place free, and is about to look what comes next.
TEST(changing_limit, lowered_holds_for_an_item_that_comes_after_it) {
    explore(on_cpus(2), schedules, [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(cmwq::unbound{.name = "limited", .max_active = 2});
        held_item lasting;
        tested_item brief, later;
        later.body = [&](tested_item&) { model::check(lasting.inside == 0, "one at a time"); };
        (void)wq->enqueue(lasting);
        lasting.wait_until_begun();
        (void)wq->enqueue(brief);
        (void)brief.flush();
        model::check(wq->set_max_active(1), "a lower limit needs no memory");
        (void)wq->enqueue(later);
        model::sleep_for(1ms);
        lasting.end.open();
        wq->flush();
        model::check(later.runs == 1, "it runs");
    });
}

TEST(changing_limit, that_comes_first_holds_for_what_runs_and_for_what_waits) {
    explore(on_cpus(1), schedules / 4, [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(cmwq::unbound{.name = "limited later"});
        tested_item computing;
        std::array<tested_item, 2> behind;
        crowd inside;
        gate begun;
        computing.body = [&](tested_item&) {
            begun.open();
            model::burn(5ms);
        };
        for (tested_item& item : behind) make_sleeper(item, inside);
        model::check(wq->enqueue(computing), "an idle item is accepted");
        begun.wait();
        for (tested_item& item : behind) (void)wq->enqueue(item);
        model::check(wq->set_max_active(1), "there is memory");
        wq->flush();
        model::check(inside.most == 1, "those that waited in the pool obey it too");
        check_each_ran(behind);
    });
}

TEST(changing_limit, that_comes_first_counts_an_item_that_runs_already) {
    explore(on_cpus(1), schedules / 4, [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(cmwq::unbound{.name = "limited later"});
        held_item before;
        tested_item after;
        model::check(wq->enqueue(before), "an idle item is accepted");
        before.wait_until_begun();
        model::check(wq->set_max_active(1), "there is memory");
        (void)wq->enqueue(after);
        model::sleep_for(50ms);
        model::check(after.runs == 0, "it waits for the one that was there before the limit");
        before.end.open();
        wq->flush();
        model::check(after.runs == 1, "and runs then");
    });
}

/// The queue ends while a worker is about to give back the place of an item that was counted when the limit came.
TEST(changing_limit, that_comes_first_lets_its_queue_end_as_the_last_item_does) {
    explore(without_watchdog(on_cpus(1)), schedules, [] {
        tested_runtime rt;
        for (const bool ends_meanwhile : {true, false}) {
            held_item item;
            {
                const auto wq = rt.make_queue(cmwq::unbound{.name = "limited later"});
                model::check(wq->enqueue(item), "an idle item is accepted");
                item.wait_until_begun();
                if (ends_meanwhile) item.end.open();
                (void)wq->set_max_active(1);
                if (!ends_meanwhile) item.end.open();
                (void)item.flush();  // is over before the place comes back
            }
            model::check(item.runs == 1, "it ran");
        }
    });
}

/// A worker that is about to leave its item with the one that runs it is counted, and gives the place back.
TEST(changing_limit, that_comes_first_counts_nobody_who_gives_his_item_away) {
    explore(without_watchdog(on_cpus(1)), schedules, [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(cmwq::percpu{.name = "limited later"});
        held_item shared;
        tested_item other;
        model::check(rt.system_highpri().enqueue(shared), "an idle item is accepted");
        shared.wait_until_begun();
        (void)wq->enqueue(shared);
        (void)wq->set_max_active(1);
        shared.end.open();
        (void)wq->enqueue(other);
        wq->flush();
        model::check(shared.runs == 2 && other.runs == 1, "each accepted enqueue ran");
    });
}

/// Who cancels looks for the item in the pools and in the seats: they may come between his look for seats and his hold.
TEST(changing_limit, that_comes_first_hides_no_item_from_a_cancel) {
    explore(without_watchdog(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(cmwq::unbound{.name = "limited later"});
        std::array<tested_item, 4> items;
        std::array<bool, 4> cancelled{};
        for (tested_item& item : items) (void)wq->enqueue(item);
        const auto cancel = [&](std::size_t first) {
            for (std::size_t i = first; i < first + 2; ++i) cancelled[i] = items[i].cancel();
        };
        together({{0, [&] { cancel(2); }}, {1, [&] { cancel(0); }}, {0, [&] { (void)wq->set_max_active(1); }}});
        wq->flush();
        for (std::size_t i = 0; i < items.size(); ++i) {
            model::check(items[i].runs == (cancelled[i] ? 0 : 1), "it ran, or was cancelled");
        }
    });
}

TEST(freezing, holds_everything_back_and_forgets_nothing) {
    for (const auto& how : {on_cpus(1), on_cpus(2), without_fence_all_threads(on_cpus(2))}) {
        explore(without_watchdog(how), schedules, [] {
            tested_runtime rt;
            const auto in_order = rt.make_queue(cmwq::ordered{.name = "in order", .freezable = true});
            const auto free = rt.make_queue(cmwq::unbound{.name = "free", .freezable = true});
            bool quiet = false;
            std::vector<int> order;
            tested_item first[4], second[4];
            for (int i = 0; i < 4; ++i) {
                first[i].body = [&, i](tested_item&) {
                    model::check(!quiet, "nothing runs while it is frozen");
                    order.push_back(i);
                };
                second[i].body = [&](tested_item&) { model::check(!quiet, "nothing runs while it is frozen"); };
            }
            together({{0,
                       [&] {
                           for (tested_item& item : first) (void)in_order->enqueue(item);
                       }},
                      {1,
                       [&] {
                           for (tested_item& item : second) (void)free->enqueue(item);
                       }},
                      {-1, [&] { freeze_for_a_while(rt, quiet); }}});
            in_order->flush();
            free->flush();
            model::check(order == std::vector<int>({0, 1, 2, 3}), "in order");
            for (const tested_item& item : second) model::check(item.runs == 1, "each item ran");
        });
    }
}

TEST(freezing, ends_and_what_waited_goes_on_at_once) {
    explore(on_cpus(1), schedules / 4, [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(cmwq::ordered{.name = "in order", .freezable = true});
        tested_item item;
        rt.freeze();
        (void)wq->enqueue(item);
        const auto thawed = platform::now();
        rt.thaw();
        wq->flush();
        model::check(item.runs == 1, "it ran");
        model::check(platform::now() - thawed < 5ms, "and waited for no look of the watchdog");
    });
}

TEST(freezing, leaves_cancel_and_destruction_working) {
    explore(without_watchdog(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        tested_item item, other;
        int cancelled = 0, taken = 0;
        {
            const auto wq = rt.make_queue(cmwq::ordered{.name = "in order", .freezable = true});
            rt.freeze();
            together({{0,
                       [&] {
                           taken = accepted(*wq, item, 2);
                           (void)wq->enqueue(other);
                       }},
                      {1, [&] {
                           for (int i = 0; i < 2; ++i) cancelled += item.cancel_sync() ? 1 : 0;
                       }}});
            model::check(item.runs == 0, "nothing runs while it is frozen");
            rt.thaw();
        }
        model::check(item.runs + cancelled == taken && other.runs == 1, "run or cancelled");
    });
}

TEST(freezing, ends_for_a_queue_that_is_made_during_the_thaw) {
    explore(without_watchdog(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        tested_item first, second;
        const auto make_and_use = [&](tested_item& item) {
            const auto wq = rt.make_queue(cmwq::ordered{.name = "made meanwhile", .freezable = true});
            (void)wq->enqueue(item);
            wq->flush();
            model::check(item.runs == 1, "it ran");
        };
        rt.freeze();
        together({{0, [&] { make_and_use(first); }}, {1, [&] { make_and_use(second); }}, {-1, [&] { rt.thaw(); }}});
    });
}

TEST(freezing, does_not_wait_for_an_item_that_runs_on_another_queue) {
    for (const auto& how : {on_cpus(1), on_cpus(2), without_fence_all_threads(on_cpus(2))}) {
        explore(how, schedules, [] {
            tested_runtime rt;
            const auto in_order = rt.make_queue(cmwq::ordered{.name = "in order", .freezable = true});
            tested_item item;
            gate inside, end;
            item.body = [&](tested_item& self) {
                if (self.runs != 1) return;
                inside.open();
                end.wait();
            };
            (void)rt.system().enqueue(item);
            inside.wait();
            model::check(in_order->enqueue(item), "accepted");
            work_a_little(20);
            rt.freeze();
            while (!rt.frozen()) model::sleep_for(1ms);
            end.open();
            rt.system().flush();
            model::check(item.runs == 1 && item.pending(), "it waits for the thaw");
            rt.thaw();
            in_order->flush();
            model::check(item.runs == 2, "and runs then");
        });
    }
}

}  // namespace
