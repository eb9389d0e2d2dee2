// SPDX-License-Identifier: Apache-2.0
//
// Promise 7: max_active is never exceeded; and as many items as it allows do run at once if they have to.
#include "model/engine_scenario.hpp"

#include <array>

namespace {

using namespace cmwq_test;

/// Items that count how many of them run at once.
template <std::size_t Count>
struct crowded {
    crowd inside;
    std::array<tested_item, Count> items;

    explicit crowded(std::function<void()> work) {
        for (tested_item& item : items) {
            item.body = [this, work](tested_item&) {
                inside.enter();
                work();
                inside.leave();
            };
        }
    }

    void enqueue_all(cmwq::queue& wq) {
        for (tested_item& item : items) model::check(wq.enqueue(item), "an idle item is accepted");
    }
    void check_all_ran() const {
        for (const tested_item& item : items) model::check(item.runs == 1, "each item ran once");
    }
};

TEST(max_active, is_never_exceeded) {
    for (const auto& how : {on_cpus(2), migrating(on_two_nodes()), without_fence_all_threads(on_cpus(2))}) {
        explore(without_watchdog(how), schedules, [] {
            tested_runtime rt;
            const auto wq = rt.make_queue(cmwq::unbound{.name = "limited", .max_active = 2});
            crowd inside;
            std::array<tested_item, 6> items;
            for (tested_item& item : items) {
                item.body = [&](tested_item&) {
                    inside.enter();
                    work_a_little();
                    inside.leave();
                };
            }
            together({{0,
                       [&] {
                           for (int i = 0; i < 3; ++i) (void)wq->enqueue(items[static_cast<std::size_t>(i)]);
                       }},
                      {1, [&] {
                           for (int i = 3; i < 6; ++i) (void)wq->enqueue(items[static_cast<std::size_t>(i)]);
                       }}});
            wq->flush();
            for (const tested_item& item : items) model::check(item.runs == 1, "each item ran once");
            model::check(inside.most <= 2, "no more than max_active at once");
        });
    }
}

TEST(max_active, is_not_exceeded_by_items_that_block) {
    model::options how = on_cpus(2);
    explore(how, schedules, [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(cmwq::unbound{.name = "limited", .max_active = 2});
        crowded<5> items{[] { model::sleep_for(60ms); }};
        items.enqueue_all(wq);
        wq->flush();
        items.check_all_ran();
        model::check(items.inside.most == 2, "max_active at once, no more and no less");
    });
}

TEST(max_active, counts_for_each_cpu_in_a_percpu_queue) {
    explore(on_cpus(2), schedules, [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(cmwq::percpu{.name = "limited", .max_active = 1});
        crowd all;
        const auto sleep_in_crowd = [&] {
            all.enter();
            model::sleep_for(100ms);
            all.leave();
        };
        crowded<3> here{sleep_in_crowd}, there{sleep_in_crowd};
        together({{0, [&] { here.enqueue_all(wq); }}, {1, [&] { there.enqueue_all(wq); }}});
        wq->flush();
        here.check_all_ran();
        there.check_all_ran();
        model::check(here.inside.most == 1 && there.inside.most == 1, "one for each CPU");
        model::check(all.most == 2, "both CPUs at once");
    });
}

TEST(max_active, items_that_wait_for_each_other_run_together) {
    for (const int cpus : {1, 2}) {
        explore(on_cpus(cpus), schedules, [] {
            tested_runtime rt;
            const auto wq = rt.make_queue(cmwq::unbound{.name = "limited", .max_active = 2});
            tested_item first, second;
            gate to_first, to_second;
            first.body = [&](tested_item&) {
                to_second.open();
                to_first.wait();
            };
            second.body = [&](tested_item&) {
                to_first.open();
                to_second.wait();
            };
            (void)wq->enqueue(first);
            (void)wq->enqueue(second);
            wq->flush();
            model::check(first.runs == 1 && second.runs == 1, "both came to an end");
            model::check(platform::now() < 100ms, "the second one started within a few looks of the watchdog");
        });
    }
}

// The kernel gives it a place, and would never come to the second item here (docs/adr/0018).
TEST(max_active, is_not_used_up_by_an_item_that_waits_for_its_own_run) {
    for (const int cpus : {1, 2}) {
        explore(on_cpus(cpus), schedules, [] {
            tested_runtime rt;
            const auto wq = rt.make_queue(cmwq::unbound{.name = "limited", .max_active = 2});
            tested_item again, other;
            gate begun, other_ran;
            again.body = [&](tested_item& self) {
                if (self.runs == 2) return;
                begun.open();
                other_ran.wait();
            };
            other.body = [&](tested_item&) { other_ran.open(); };
            (void)wq->enqueue(again);
            begun.wait();
            model::check(wq->enqueue(again) && wq->enqueue(other), "both are accepted");
            wq->flush();
            model::check(again.runs == 2 && other.runs == 1, "all runs came to their end");
        });
    }
}

TEST(max_active, is_kept_when_items_enqueue_items) {
    explore(without_watchdog(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(cmwq::unbound{.name = "limited", .max_active = 2});
        crowded<3> children{[] { work_a_little(); }};
        tested_item parent;
        parent.body = [&](tested_item&) {
            children.inside.enter();
            children.enqueue_all(wq);
            children.inside.leave();
        };
        (void)wq->enqueue(parent);
        wq->drain();
        children.check_all_ran();
        model::check(children.inside.most <= 2, "no more than max_active at once");
    });
}

}  // namespace
