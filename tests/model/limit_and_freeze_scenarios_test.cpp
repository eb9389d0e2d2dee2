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
