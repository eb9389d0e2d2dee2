// SPDX-License-Identifier: Apache-2.0
//
// Items that are bound to CPUs: none runs elsewhere, none is forgotten, whatever thieves, limits, freezes, collisions
// and changes of attributes do meanwhile.
#include "model/engine_scenario.hpp"

#include <array>
#include <deque>

namespace {

using namespace cmwq_test;

/// An item that knows where it has to run.
struct bound_item : tested_item {
    int cpu = -1;
    bound_item() {
        body = [](tested_item& self) {
            const int wanted = static_cast<bound_item&>(self).cpu;
            model::check(wanted < 0 || platform::current_cpu() == wanted, "an item runs on its CPU");
        };
    }
};

/// Producers on all CPUs, each with items for all CPUs and for none.
void enqueue_from_all_cpus(cmwq::queue& wq, int cpus) {
    std::deque<bound_item> items(static_cast<std::size_t>(2 * (cpus + 1)));
    const auto produce = [&](std::size_t first) {
        for (std::size_t i = first; i < items.size(); i += 2) {
            items[i].cpu = static_cast<int>(i / 2) - 1;
            model::check(wq.enqueue_on(items[i].cpu, items[i]), "an idle item is accepted");
        }
    };
    together({{0, [&] { produce(0); }}, {cpus - 1, [&] { produce(1); }}});
    wq.flush();
    for (const bound_item& item : items) model::check(item.runs == 1, "each item ran once");
}

TEST(bound_items, run_on_their_cpu_whoever_is_idle) {
    for (const auto& how : {on_cpus(2), on_two_nodes(), without_fence_all_threads(on_cpus(2))}) {
        explore(without_watchdog(how), schedules, [cpus = how.cpus.count] {
            tested_runtime rt;
            enqueue_from_all_cpus(rt.system(), cpus);
        });
    }
}

TEST(bound_items, run_on_their_cpu_on_a_limited_queue) {
    for (const int limit : {1, 2}) {
        explore(without_watchdog(on_two_nodes()), schedules, [limit] {
            tested_runtime rt;
            const auto wq = rt.make_queue(cmwq::percpu{.name = "limited", .max_active = limit});
            enqueue_from_all_cpus(*wq, 4);
        });
    }
}

TEST(bound_items, run_on_their_cpu_on_the_unbound_pools) {
    for (const int limit : {0, 1}) {
        explore(without_watchdog(on_cpus(2)), schedules, [limit] {
            tested_runtime rt;
            const auto wq =
                rt.make_queue(cmwq::percpu{.name = "intensive", .max_active = limit, .cpu_intensive = true});
            enqueue_from_all_cpus(*wq, 2);
        });
    }
}

TEST(bound_items, run_on_their_cpu_when_limits_and_freezes_come_between) {
    explore(without_watchdog(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(cmwq::percpu{.name = "changing", .freezable = true});
        together({{-1, [&] { enqueue_from_all_cpus(*wq, 2); }}, {-1, [&] {
                                                                     (void)wq->set_max_active(1);
                                                                     rt.freeze();
                                                                     rt.thaw();
                                                                     (void)wq->set_max_active(3);
                                                                 }}});
    });
}

TEST(bound_items, get_their_first_limit_where_they_are) {
    explore(without_watchdog(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(cmwq::percpu{.name = "limited later"});
        together({{-1, [&] { enqueue_from_all_cpus(*wq, 2); }}, {-1, [&] { (void)wq->set_max_active(1); }}});
    });
}

TEST(bound_items, that_still_run_elsewhere_go_to_their_cpu_afterwards) {
    for (const int limit : {0, 1}) {
        explore(without_watchdog(on_cpus(2)), schedules, [limit] {
            tested_runtime rt;
            const auto wq = rt.make_queue(cmwq::percpu{.name = "wandering", .max_active = limit});
            bound_item item;
            item.cpu = 0;
            const auto check = item.body;
            item.body = [&](tested_item& self) {
                check(self);
                if (item.runs == 3) return;
                item.cpu = item.runs % 2;
                model::check(wq->enqueue_on(item.cpu, item), "a running item is accepted");
                work_a_little();
            };
            model::check(wq->enqueue_on(0, item), "an idle item is accepted");
            wq->drain();
            model::check(item.runs == 3, "each enqueue led to a run");
        });
    }
}

TEST(bound_items, can_be_cancelled_on_their_way) {
    explore(without_watchdog(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        bound_item item;
        item.cpu = 1;
        int accepted = 0, cancelled = 0;
        together({{0, [&] { accepted += rt.system().enqueue_on(1, item) ? 1 : 0; }},
                  {1, [&] { cancelled += item.cancel() ? 1 : 0; }},
                  {-1, [&] { (void)item.flush(); }}});
        (void)item.flush();
        model::check(item.runs + cancelled == accepted, "an accepted item runs or is cancelled");
    });
}

}  // namespace
