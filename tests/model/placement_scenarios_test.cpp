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

TEST(bound_items, are_served_by_fewer_workers_than_cpus) {
    for (const auto& how : {on_cpus(2), on_two_nodes()}) {
        explore(how, schedules, [cpus = how.cpus.count] {
            tested_runtime rt{{.max_workers = 1}};
            enqueue_from_all_cpus(rt.system(), cpus);
            for_each_tested_pool([](engine::worker_pool& pool) {
                model::check(pool.scope->nr_workers.load(std::memory_order_relaxed) <= 1, "the limit is kept");
            });
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

// ---- attributes ----

/// Masks come and go while items are enqueued. After each change, items that are enqueued from then on run within it.
void change_masks(cmwq::queue& wq) {
    for (const int cpu : {1, 0}) {
        bound_item items[2];
        for (bound_item& item : items) item.cpu = cpu;
        model::check(wq.apply_attributes({.cpus = cmwq::cpu_mask::of({cpu})}), "there is memory");
        for (bound_item& item : items) (void)wq.enqueue(item);
        for (bound_item& item : items) (void)item.flush();
        for (const bound_item& item : items) model::check(item.runs == 1, "each item ran once");
    }
    model::check(wq.apply_attributes({}), "there is memory");
}

TEST(attributes, hold_from_the_next_item_on) {
    for (const int limit : {0, 1, 2}) {
        explore(without_watchdog(on_cpus(2)), schedules, [limit] {
            tested_runtime rt;
            const auto wq = rt.make_queue(cmwq::unbound{.name = "masked", .max_active = limit});
            std::array<bound_item, 3> others;
            together({{0, [&] { change_masks(*wq); }}, {1, [&] {
                                                            for (bound_item& item : others) (void)wq->enqueue(item);
                                                        }}});
            wq->flush();
            for (const bound_item& item : others) model::check(item.runs == 1, "each item ran once");
        });
    }
}

TEST(attributes, that_change_keep_the_order_of_an_ordered_queue) {
    explore(without_watchdog(on_two_nodes()), schedules, [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(cmwq::ordered{.name = "in order"});
        std::array<tested_item, 5> items;
        std::size_t next = 0;
        for (tested_item& item : items) {
            item.body = [&](tested_item& self) {
                model::check(&self == &items[next++], "items run in the order of enqueuing");
            };
        }
        together({{0,
                   [&] {
                       for (tested_item& item : items) (void)wq->enqueue(item);
                   }},
                  {3, [&] {
                       (void)wq->apply_attributes({.cpus = cmwq::cpu_mask::of({2, 3})});
                       (void)wq->apply_attributes({.affinity = cmwq::affinity_scope::cpu, .affinity_strict = true});
                       (void)wq->apply_attributes({});
                   }}});
        wq->flush();
        model::check(next == items.size(), "each item ran once");
    });
}

TEST(attributes, that_are_strict_keep_items_on_the_node_of_their_enqueuer) {
    for (const int limit : {0, 1}) {
        explore(without_watchdog(on_two_nodes()), schedules, [limit] {
            tested_runtime rt;
            const auto wq = rt.make_queue(cmwq::unbound{
                .name = "near", .max_active = limit, .affinity = cmwq::affinity_scope::numa, .affinity_strict = true});
            std::array<tested_item, 3> items[2];
            for (int node = 0; node < 2; ++node) {
                for (tested_item& item : items[node]) {
                    item.body = [node](tested_item&) {
                        model::check(platform::current_cpu() / 2 == node, "an item runs on the node of its enqueuer");
                    };
                }
            }
            const auto enqueue = [&](std::array<tested_item, 3>& some) {
                for (tested_item& item : some) (void)wq->enqueue(item);
            };
            together({{0, [&] { enqueue(items[0]); }}, {3, [&] { enqueue(items[1]); }}});
            wq->flush();
            for (const auto& some : items) {
                for (const tested_item& item : some) model::check(item.runs == 1, "each item ran once");
            }
        });
    }
}

TEST(attributes, that_are_strict_keep_items_on_their_core_of_eight_cpus) {
    model::options how = on_cpus(8);
    how.cpus = {.count = 8, .nodes = 2, .caches = 4, .threads_per_core = 2};
    explore(without_watchdog(how), schedules / 2, [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(
            cmwq::unbound{.name = "core", .affinity = cmwq::affinity_scope::smt, .affinity_strict = true});
        tested_item items[8];
        for (int cpu = 0; cpu < 8; ++cpu) {
            items[cpu].body = [cpu](tested_item&) {
                model::check(platform::current_cpu() / 2 == cpu / 2, "an item runs on the core it was enqueued to");
            };
            (void)wq->enqueue_on(cpu, items[cpu]);
        }
        wq->flush();
        for (const tested_item& item : items) model::check(item.runs == 1, "each item ran once");
    });
}

}  // namespace
