// SPDX-License-Identifier: Apache-2.0
//
// Cancel, disable and enable against enqueues, runs, flushes, steals and hand-overs: an accepted enqueue is run or
// cancelled, once; after cancel_sync the item is idle; nobody who waits is forgotten.
#include "model/engine_scenario.hpp"

#include <memory>
#include <utility>

namespace {

using namespace cmwq_test;

TEST(cancel, every_accepted_enqueue_is_run_or_cancelled) {
    for (const auto& how : {on_cpus(1), on_cpus(2), without_fence_all_threads(on_cpus(2)), on_two_nodes()}) {
        explore(without_watchdog(how), schedules, [] {
            tested_runtime rt;
            const auto wq = rt.make_queue(cmwq::unbound{.name = "limited", .max_active = 2});
            tested_item item, neighbours[3];
            int taken[2] = {}, cancelled = 0;
            together({{0,
                       [&] {
                           for (tested_item& one : neighbours) (void)rt.system().enqueue(one);
                           taken[0] = accepted(rt.system(), item, 3);
                       }},
                      {1, [&] { taken[1] = accepted(*wq, item, 3); }},
                      {-1, [&] {
                           for (int i = 0; i < 3; ++i) cancelled += item.cancel() ? 1 : 0;
                       }}});
            rt.system().flush();
            wq->flush();
            model::check(item.runs + cancelled == taken[0] + taken[1], "each accepted enqueue was run or cancelled");
            for (const tested_item& one : neighbours) model::check(one.runs == 1, "its neighbours ran");
        });
    }
}

TEST(cancel, sync_leaves_the_item_idle_for_all_who_call_it) {
    for (const auto& how : {on_cpus(1), on_cpus(2), without_fence_all_threads(on_cpus(2))}) {
        explore(without_watchdog(how), schedules, [] {
            tested_runtime rt;
            tested_item item;
            item.body = [&](tested_item& self) {
                work_a_little(4);
                if (self.runs < 3) (void)rt.system_unbound().enqueue(self);
            };
            int taken = 0;
            const auto cancel_and_look = [&] {
                (void)item.cancel_sync();
                model::check(item.inside == 0, "it does not run any more");
            };
            together({{0, [&] { taken = accepted(rt.system(), item, 1); }}});
            together({{0, cancel_and_look}, {1, cancel_and_look}});
            const int stopped = item.runs;
            rt.system().flush();
            rt.system_unbound().flush();
            model::check(item.runs == stopped, "nothing was left of it");
        });
    }
}

TEST(cancel, sync_shuts_enqueuers_out_for_as_long_as_it_takes) {
    explore(on_cpus(1), schedules / 8, [] {
        tested_runtime rt;
        tested_item item;
        model::check(rt.system().enqueue(item), "an idle item is accepted");
        (void)item.cancel_sync();
        const int before = item.runs;
        model::check(rt.system().enqueue(item), "and is accepted again");
        rt.system().flush();
        model::check(item.runs == before + 1, "it ran");
    });
}

TEST(cancel, of_a_flushed_item_lets_its_flushers_go) {
    for (const auto& how : {on_cpus(1), on_cpus(2)}) {
        explore(without_watchdog(how), schedules, [] {
            tested_runtime rt;
            const auto wq = rt.make_queue(cmwq::ordered{.name = "in order"});
            tested_item first, second;
            first.body = [](tested_item&) { work_a_little(6); };
            (void)wq->enqueue(first);
            const bool taken = wq->enqueue(second);
            bool cancelled = false;
            together({{0, [&] { cancelled = second.cancel(); }},
                      {1,
                       [&] {
                           second.flush();
                           model::check(!second.pending() || second.inside == 0, "waited for");
                       }},
                      {-1, [&] { wq->flush(); }}});
            wq->flush();
            model::check(second.runs + (cancelled ? 1 : 0) == (taken ? 1 : 0), "run or cancelled");
            model::check(first.runs == 1, "the other one ran");
        });
    }
}

TEST(cancel, of_the_pending_instance_leaves_its_flushers_with_the_one_that_runs) {
    for (const auto& how : {on_cpus(1), on_cpus(2), without_fence_all_threads(on_cpus(2))}) {
        explore(how, schedules, [] {
            tested_runtime rt;
            tested_item item;
            gate inside, end;
            item.body = [&](tested_item&) {
                inside.open();
                end.wait();
            };
            (void)rt.system().enqueue(item);
            inside.wait();
            (void)rt.system_unbound().enqueue(item);
            const auto flush = [&] {
                item.flush();
                model::check(item.inside == 0, "a flushed item does not run any more");
            };
            together({{0, flush}, {1, flush}, {-1, [&] {
                                                   work_a_little(20);
                                                   (void)item.cancel();
                                                   work_a_little(20);
                                                   end.open();
                                               }}});
            rt.system().flush();
            rt.system_unbound().flush();
        });
    }
}

TEST(cancel, of_a_flushed_instance_lets_its_flush_go_although_the_item_runs_anew) {
    for (const auto& how : {on_cpus(1), on_cpus(2), without_fence_all_threads(on_cpus(2))}) {
        explore(how, schedules, [] {
            tested_runtime rt;
            const auto in_order = rt.make_queue(cmwq::ordered{.name = "in order"});
            tested_item first, item;
            gate inside, end, flushed;
            first.body = [&](tested_item&) {
                inside.open();
                end.wait();
            };
            item.body = [&](tested_item&) { flushed.wait(); };
            (void)in_order->enqueue(first);
            inside.wait();
            (void)in_order->enqueue(item);
            together({{0,
                       [&] {
                           item.flush();
                           flushed.open();
                       }},
                      {-1, [&] {
                           model::sleep_for(1ms);  // by then the flush waits
                           (void)item.cancel();
                           (void)rt.system().enqueue(item);
                       }}});
            end.open();
            in_order->flush();
            rt.system().flush();
        });
    }
}

TEST(cancel, of_an_item_that_is_left_with_the_worker_that_runs_it) {
    for (const auto& how : {on_cpus(2), without_fence_all_threads(on_cpus(2))}) {
        explore(without_watchdog(how), schedules, [] {
            tested_runtime rt;
            const auto in_order = rt.make_queue(cmwq::ordered{.name = "in order"});
            tested_item item, behind;
            item.body = [](tested_item&) { work_a_little(8); };
            int taken[2] = {}, cancelled = 0;
            together({{0, [&] { taken[0] = accepted(rt.system(), item, 2); }},
                      {1,
                       [&] {
                           taken[1] = accepted(*in_order, item, 2);
                           (void)in_order->enqueue(behind);
                       }},
                      {-1, [&] {
                           for (int i = 0; i < 2; ++i) cancelled += item.cancel() ? 1 : 0;
                       }}});
            rt.system().flush();
            in_order->flush();
            model::check(item.runs + cancelled == taken[0] + taken[1], "each accepted enqueue was run or cancelled");
            model::check(behind.runs == 1, "the order goes on behind it");
        });
    }
}

TEST(cancel, lets_an_order_go_on_that_waited_for_the_item_to_end_elsewhere) {
    for (const auto& how : {on_cpus(1), on_cpus(2), without_fence_all_threads(on_cpus(2))}) {
        explore(how, schedules, [] {
            tested_runtime rt;
            const auto outer = rt.make_queue(cmwq::unbound{.name = "outer", .max_active = 2});
            const auto in_order = rt.make_queue(cmwq::ordered{.name = "in order"});
            const auto nested = rt.make_queue(cmwq::ordered{.name = "nested", .parent = &*outer});
            for (cmwq::queue* order : {&*in_order, &*nested}) {
                tested_item item, behind;
                gate inside, end;
                item.body = [&](tested_item&) {
                    inside.open();
                    end.wait();
                };
                (void)rt.system().enqueue(item);
                inside.wait();
                model::check(order->enqueue(item) && order->enqueue(behind), "both are accepted");
                model::sleep_for(1ms);  // the first one is found to run, or not yet
                model::check(item.cancel(), "it was pending");
                order->flush();
                model::check(behind.runs == 1 && item.inside == 1, "the next one did not wait for it");
                end.open();
                rt.system().flush();
            }
        });
    }
}

TEST(cancel, while_the_queue_of_the_item_is_destroyed) {
    explore(without_watchdog(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        tested_item item;
        item.body = [](tested_item&) { work_a_little(4); };
        int cancelled = 0, taken = 0;
        auto wq = rt.make_queue(cmwq::unbound{.name = "gone", .max_active = 1});
        taken = accepted(*wq, item, 1);
        together({{0, [&] { cmwq::owned_queue gone = std::move(wq); }},
                  {1,
                   [&] {
                       cancelled += item.cancel_sync() ? 1 : 0;
                       model::check(item.inside == 0, "it does not run any more");
                   }},
                  {-1, [&] { item.flush(); }}});
        model::check(item.runs + cancelled == taken, "run or cancelled");
    });
}

TEST(cancel, of_an_item_that_moves_between_two_queues_while_it_is_flushed) {
    explore(without_watchdog(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        const auto a = rt.make_queue(cmwq::unbound{.name = "a", .max_active = 1});
        const auto b = rt.make_queue(cmwq::unbound{.name = "b", .max_active = 2});
        tested_item item, neighbours[4];
        int taken[2] = {}, cancelled = 0;
        together({{0,
                   [&] {
                       taken[0] = accepted(*a, item, 2);
                       (void)b->enqueue(neighbours[0]);
                       (void)b->enqueue(neighbours[1]);
                   }},
                  {1,
                   [&] {
                       (void)b->enqueue(neighbours[2]);
                       taken[1] = accepted(*b, item, 2);
                       (void)b->enqueue(neighbours[3]);
                   }},
                  {-1, [&] {
                       item.flush();
                       cancelled += item.cancel() ? 1 : 0;
                       item.flush();
                   }}});
        a->flush();
        b->flush();
        model::check(item.runs + cancelled == taken[0] + taken[1], "each accepted enqueue was run or cancelled");
        for (const tested_item& one : neighbours) model::check(one.runs == 1, "its neighbours ran");
    });
}

TEST(disable, shuts_the_item_out_until_everybody_has_enabled_it) {
    for (const auto& how : {on_cpus(1), on_cpus(2)}) {
        explore(without_watchdog(how), schedules, [] {
            tested_runtime rt;
            tested_item item;
            int disablers = 0, taken = 0, cancelled = 0;
            item.body = [&](tested_item&) { model::check(disablers == 0, "it is not run while it is disabled"); };
            const auto disable_for_a_while = [&] {
                cancelled += item.disable_sync() ? 1 : 0;
                ++disablers;
                work_a_little();
                model::check(item.inside == 0 && !item.pending(), "it is idle while it is disabled");
                --disablers;
                item.enable();
            };
            together({{0, disable_for_a_while}, {1, disable_for_a_while}, {-1, [&] {
                                                                               taken = accepted(rt.system(), item, 4);
                                                                           }}});
            rt.system().flush();
            model::check(item.runs + cancelled == taken, "run or cancelled");
            model::check(accepted(rt.system(), item, 1) == 1, "it is enabled again");
            rt.system().flush();
        });
    }
}

struct shared_item : cmwq::shared_work<shared_item> {
    int* alive;
    explicit shared_item(int& count) : alive{&count} { ++count; }
    ~shared_item() { --*alive; }
    static void run(std::shared_ptr<shared_item>) { work_a_little(); }
};

TEST(cancel, hands_each_owner_back_once) {
    explore(without_watchdog(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        int alive = 0;
        {
            const auto item = std::make_shared<shared_item>(alive);
            const auto give = [&] {
                for (int i = 0; i < 3; ++i) (void)rt.system().enqueue(item);
            };
            together({{0, give}, {1, give}, {-1, [&] {
                                                 for (int i = 0; i < 3; ++i) {
                                                     const std::shared_ptr<shared_item> back = item->cancel();
                                                     model::check(back == nullptr || back == item, "its own owner");
                                                 }
                                             }}});
            rt.system().flush();
            (void)item->cancel_sync();
            model::check(item.use_count() == 1, "nobody else has an owner any more");
        }
        model::check(alive == 0, "it was destroyed once");
    });
}

}  // namespace
