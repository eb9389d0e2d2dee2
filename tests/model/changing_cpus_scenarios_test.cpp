// SPDX-License-Identifier: Apache-2.0
//
// CPUs go and come while items flow: none is lost, none sleeps, order and places are kept.
#include "model/engine_scenario.hpp"

#include <array>
#include <deque>
#include <new>

namespace {

using namespace cmwq_test;

void lose_cpu(int cpu) {
    model::take_cpu(cpu);
    (void)cmwq::refresh_cpus();
}
void get_cpu(int cpu) {
    model::give_cpu(cpu);
    (void)cmwq::refresh_cpus();
}

/// Some CPU is gone for a while, then another one.
void cpus_go_and_come(int cpus) {
    lose_cpu(cpus - 1);
    work_a_little();
    lose_cpu(0);
    get_cpu(cpus - 1);
    work_a_little();
    get_cpu(0);
}

/// Producers on the first and the last CPU, each with `count` items for any CPU and `count` for a certain one.
void enqueue_while_cpus_go_and_come(cmwq::queue& wq, int cpus, int count = 3) {
    std::deque<tested_item> items(static_cast<std::size_t>(4 * count));
    const auto produce = [&](std::size_t first, int to) {
        for (std::size_t i = first; i < items.size(); i += 4) {
            model::check(wq.enqueue(items[i]), "an idle item is accepted");
            model::check(wq.enqueue_on(to, items[i + 1]), "an idle item is accepted");
        }
    };
    together({{0, [&] { produce(0, cpus - 1); }}, {cpus - 1, [&] { produce(2, 0); }}, {-1, [&] {
                                                                                           cpus_go_and_come(cpus);
                                                                                       }}});
    wq.flush();
    for (const tested_item& item : items) model::check(item.runs == 1, "each item ran once");
}

TEST(changing_cpus, items_of_a_percpu_queue_run) {
    for (const auto& how : {on_cpus(2), on_two_nodes(), without_fence_all_threads(on_cpus(2)), migrating(on_cpus(2))}) {
        explore(without_watchdog(how), schedules, [cpus = how.cpus.count] {
            tested_runtime rt;
            enqueue_while_cpus_go_and_come(rt.system(), cpus);
        });
    }
}

TEST(changing_cpus, items_of_an_unbound_queue_run) {
    explore(without_watchdog(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        enqueue_while_cpus_go_and_come(rt.system_unbound(), 2);
    });
}

TEST(changing_cpus, items_of_a_limited_queue_run) {
    for (const int limit : {1, 2}) {
        explore(without_watchdog(on_cpus(2)), schedules, [limit] {
            tested_runtime rt;
            enqueue_while_cpus_go_and_come(*rt.make_queue(cmwq::percpu{.name = "limited", .max_active = limit}), 2);
        });
    }
}

TEST(changing_cpus, strict_scopes_and_masks_follow) {
    const cmwq::attributes wishes[] = {{.affinity = cmwq::affinity_scope::cpu, .affinity_strict = true},
                                       {.cpus = cmwq::cpu_mask::of({1})},
                                       {.cpus = cmwq::cpu_mask::of({0, 2}), .affinity = cmwq::affinity_scope::numa}};
    for (const cmwq::attributes& wish : wishes) {
        explore(without_watchdog(on_two_nodes()), schedules / 2, [&wish] {
            tested_runtime rt;
            const auto wq = rt.make_queue(cmwq::unbound{.name = "strict"});
            model::check(wq->apply_attributes(wish), "there is memory");
            enqueue_while_cpus_go_and_come(*wq, 4, 2);
        });
    }
}

TEST(changing_cpus, ordered_queue_keeps_its_order) {
    explore(without_watchdog(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(cmwq::ordered{.name = "in order"});
        model::check(wq->apply_attributes({.cpus = cmwq::cpu_mask::of({1})}), "there is memory");
        std::array<tested_item, 6> items;
        std::vector<const tested_item*> order;
        for (tested_item& item : items) item.body = [&](tested_item& self) { order.push_back(&self); };
        together({{0,
                   [&] {
                       for (tested_item& item : items) (void)wq->enqueue(item);
                   }},
                  {-1, [] { cpus_go_and_come(2); }}});
        wq->flush();
        model::check(order.size() == items.size(), "each item ran");
        for (std::size_t i = 0; i < order.size(); ++i)
            model::check(order[i] == &items[i], "in the order of enqueueing");
    });
}

TEST(changing_cpus, delayed_items_run) {
    explore(on_cpus(2), schedules, [] {
        tested_runtime rt;
        std::array<tested_item, 2> others;
        struct later : cmwq::delayed_work<later> {
            int runs = 0;
            static void run(later& self) { ++self.runs; }
        };
        std::array<later, 2> items;
        together({{1,
                   [&] {
                       (void)rt.system().enqueue_delayed(items[0], 2ms);
                       (void)rt.system().enqueue_delayed_on(1, items[1], 2ms);
                       for (tested_item& item : others) (void)rt.system().enqueue(item);
                   }},
                  {0, [] { lose_cpu(1); }}});
        for (later& item : items) (void)item.flush_delayed();
        rt.system().flush();
        for (const later& item : items) model::check(item.runs == 1, "each ran once");
    });
}

TEST(changing_cpus, place_holds_again_when_the_cpu_is_back) {
    for (const int limit : {0, 1}) {
        explore(without_watchdog(on_cpus(2)), schedules, [limit] {
            tested_runtime rt;
            const auto wq = rt.make_queue(cmwq::percpu{.name = "placed", .max_active = limit});
            std::array<tested_item, 3> items;
            lose_cpu(1);
            for (tested_item& item : items) (void)wq->enqueue_on(1, item);
            wq->flush();
            get_cpu(1);
            for (tested_item& item : items) {
                item.body = [](tested_item&) { model::check(platform::current_cpu() == 1, "an item runs on its CPU"); };
                (void)wq->enqueue_on(1, item);
            }
            wq->flush();
            for (const tested_item& item : items) model::check(item.runs == 2, "each item ran");
        });
    }
}

TEST(changing_cpus, no_new_item_goes_to_a_cpu_that_is_gone) {
    explore(without_watchdog(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        tested_item first;
        (void)rt.system_unbound().enqueue(first);
        (void)first.flush();  // its pools were made while both were there
        lose_cpu(1);
        model::set_cpu(1);
        model::check(platform::current_cpu() == 0, "a thread there counts as one of the CPU in use");
        tested_item items[2];
        for (tested_item& item : items) {
            item.body = [](tested_item&) {
                model::check(engine::this_worker_slot()->pool->cpu == 0, "its workers run nothing");
            };
        }
        (void)rt.system().enqueue(items[0]);
        (void)rt.system_unbound().enqueue_on(1, items[1]);
        for (tested_item& item : items) (void)item.flush();
    });
}

TEST(changing_cpus, leave_the_queues_of_a_runtime_alone_that_ends) {
    explore(on_cpus(2), schedules, [] {
        together({{0,
                   [] {
                       try {
                           tested_runtime rt;
                           tested_item item;
                           (void)rt.system_freezable().enqueue(item);
                           item.flush();
                       } catch (const std::bad_alloc&) {}  // no runtime, then
                   }},
                  {-1, [] {
                       lose_cpu(1);
                       get_cpu(1);
                   }}});
    });
}

TEST(changing_cpus, last_one_stays) {
    explore(without_watchdog(on_cpus(2)), schedules / 4, [] {
        tested_runtime rt;
        model::check(cmwq::nr_cpus() == 2, "all are there at first");
        lose_cpu(1);
        model::take_cpu(0);
        model::check(!cmwq::refresh_cpus(), "none is no answer");
        model::check(cmwq::cpu_online(0) && !cmwq::cpu_online(1), "they stay as they were");
        tested_item item;
        (void)rt.system().enqueue(item);
        (void)item.flush();
    });
}

TEST(changing_cpus, new_ones_are_used) {
    explore(without_watchdog(on_cpus(3)), schedules / 4, [] {
        model::take_cpu(1);
        model::take_cpu(2);
        tested_runtime rt;
        tested_item item;
        (void)rt.system().enqueue(item);
        (void)item.flush();
        model::check(cmwq::nr_cpus() == 1, "the others do not count before they come");
        get_cpu(2);
        model::check(cmwq::nr_cpus() == 3 && !cmwq::cpu_online(1) && cmwq::cpu_online(2), "one has come");
        item.body = [](tested_item&) { model::check(platform::current_cpu() == 2, "an item runs on its CPU"); };
        (void)rt.system().enqueue_on(2, item);
        (void)item.flush();
    });
}

TEST(changing_cpus, quota_leaves_the_first_ones) {
    explore(without_watchdog(on_cpus(3)), schedules / 4, [] {
        tested_runtime rt;
        model::check(cmwq::nr_cpus() == 3, "there is no quota at first");
        model::set_cpu_quota(2);
        model::check(cmwq::refresh_cpus(), "there is one now");
        model::check(cmwq::cpu_online(0) && cmwq::cpu_online(1) && !cmwq::cpu_online(2), "so the last one is left");
        model::check(!cmwq::refresh_cpus(), "nothing has changed since");
        model::set_cpu_quota(0);
        model::check(cmwq::refresh_cpus() && cmwq::cpu_online(2), "it is used again");
    });
}

// ---- the CPUs that a runtime gives to its unbound queues ----

TEST(unbound_cpus, change_while_items_flow) {
    for (const int limit : {0, 1}) {
        explore(without_watchdog(on_cpus(2)), schedules, [limit] {
            tested_runtime rt;
            const auto limited = rt.make_queue(cmwq::unbound{.name = "some", .max_active = limit});
            std::array<tested_item, 4> others;
            tested_item mine[2];
            together({{1,
                       [&] {
                           for (std::size_t i = 0; i < others.size(); ++i)
                               (void)(i % 2 == 0 ? *limited : rt.system_unbound()).enqueue(others[i]);
                       }},
                      {0, [&] {
                           for (const int cpu : {1, 0}) {
                               model::check(rt.set_unbound_cpus(cmwq::cpu_mask::of({cpu})), "there is memory");
                               for (tested_item& item : mine) {
                                   item.body = [cpu](tested_item&) {
                                       model::check(platform::current_cpu() == cpu, "from the next item on");
                                   };
                               }
                               (void)limited->enqueue(mine[0]);
                               (void)rt.system_unbound().enqueue(mine[1]);
                               for (tested_item& item : mine) (void)item.flush();
                           }
                           model::check(rt.set_unbound_cpus({}), "there is memory");
                       }}});
            limited->flush();
            rt.system_unbound().flush();
            for (const tested_item& item : others) model::check(item.runs == 1, "each item ran once");
            for (const tested_item& item : mine) model::check(item.runs == 2, "each item ran once each time");
        });
    }
}

TEST(unbound_cpus, order_is_kept_while_they_change) {
    explore(without_watchdog(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(cmwq::ordered{.name = "in order"});
        std::array<tested_item, 6> items;
        std::vector<const tested_item*> order;
        for (tested_item& item : items) item.body = [&](tested_item& self) { order.push_back(&self); };
        together({{0,
                   [&] {
                       for (tested_item& item : items) (void)wq->enqueue(item);
                   }},
                  {-1, [&] {
                       for (const int cpu : {1, 0}) {
                           (void)rt.set_unbound_cpus(cmwq::cpu_mask::of({cpu}));
                           lose_cpu(1 - cpu);
                           get_cpu(1 - cpu);
                       }
                   }}});
        wq->flush();
        model::check(order.size() == items.size(), "each item ran");
        for (std::size_t i = 0; i < items.size(); ++i)
            model::check(order[i] == &items[i], "in the order of enqueueing");
    });
}

void use_other_cpus() {
    tested_runtime rt;
    tested_item item;
    int accepted = rt.system_unbound().enqueue(item) ? 1 : 0;
    (void)item.flush();
    const bool changed = rt.set_unbound_cpus(cmwq::cpu_mask::of({1}));
    item.body = [changed](tested_item&) {
        model::check(!changed || platform::current_cpu() == 1, "they have changed if it says so");
    };
    accepted += rt.system_unbound().enqueue(item) ? 1 : 0;
    (void)item.flush();
    model::check(item.runs == accepted, "an accepted item runs");
}

TEST(unbound_cpus, have_changed_or_not_when_memory_ends) {
    const std::uint64_t allocations = model::run(on_cpus(2), use_other_cpus).allocations;
    ASSERT_GE(allocations, 5u);
    for (std::uint64_t nth = 2; nth <= allocations + 2; ++nth) {  // the first one is the runtime
        model::options how = on_cpus(2);
        how.failing_allocations.nth = nth;
        explore(how, schedules / 8, use_other_cpus);
    }
}

TEST(changing_cpus, are_noticed_while_work_is_pending) {
    model::options how = on_cpus(2);
    how.step_limit = 2'000'000;  // a tick each 10 ms
    explore(how, schedules / 100, [] {
        tested_runtime rt{{.detect = cmwq::block_detection::watchdog}};  // it is the one that notices
        const auto wq = rt.make_queue(cmwq::ordered{.name = "slow"});
        tested_item items[2];
        items[0].body = [](tested_item&) {
            model::take_cpu(1);
            model::burn(1100ms);
        };
        items[1].body = [](tested_item&) { model::check(!cmwq::cpu_online(1), "somebody has looked"); };
        tested_item others[2];
        for (tested_item& item : others) item.body = [](tested_item&) { model::burn(1050ms); };
        (void)wq->enqueue(items[0]);
        (void)wq->enqueue(items[1]);
        for (tested_item& item : others) (void)rt.system().enqueue_on(0, item);
        wq->flush();
        rt.system().flush();
    });
}

}  // namespace
