// SPDX-License-Identifier: Apache-2.0
//
// Promise 1: enqueue of a pending item is refused and changes nothing, its position included. An accepted one runs
// once.
#include "model/engine_scenario.hpp"

#include <string>

namespace {

using namespace cmwq_test;

TEST(pending_once, each_accepted_enqueue_runs_once) {
    for (const auto& how : {on_cpus(1), on_cpus(2), without_fence_all_threads(on_cpus(2))}) {
        explore(without_watchdog(how), schedules, [] {
            tested_runtime rt;
            tested_item item;
            int accepted_by[2] = {};
            together({{0, [&] { accepted_by[0] = accepted(rt.system(), item, 3); }},
                      {-1, [&] { accepted_by[1] = accepted(rt.system(), item, 3); }}});
            rt.system().flush();
            model::check(item.runs == accepted_by[0] + accepted_by[1], "each accepted enqueue runs once");
        });
    }
}

TEST(pending_once, one_of_two_queues_has_the_item) {
    explore(without_watchdog(migrating(on_cpus(2))), schedules, [] {
        tested_runtime rt;
        tested_item item;
        int accepted_by[2] = {};
        together({{-1, [&] { accepted_by[0] = accepted(rt.system(), item, 3); }},
                  {-1, [&] { accepted_by[1] = accepted(rt.system_unbound(), item, 3); }}});
        rt.system().flush();
        rt.system_unbound().flush();
        model::check(item.runs == accepted_by[0] + accepted_by[1], "each accepted enqueue runs once");
    });
}

/// Enqueues a, b, c and a again: whether the last one is refused, the place of the first a is its own.
void enqueue_a_twice(cmwq::queue& wq) {
    std::string order;
    tested_item a, b, c;
    a.body = [&](tested_item&) { order += 'a'; };
    b.body = [&](tested_item&) { order += 'b'; };
    c.body = [&](tested_item&) { order += 'c'; };
    for (tested_item* item : {&a, &b, &c}) model::check(wq.enqueue(*item), "an idle item is accepted");
    const bool again = wq.enqueue(a);
    wq.flush();
    model::check(order == (again ? "abca" : "abc"), "a refused item keeps its place, an accepted one gets the last");
}

TEST(pending_once, a_refused_item_keeps_its_place_in_its_pool) {
    explore(without_watchdog(on_cpus(1)), schedules, [] {
        tested_runtime rt;
        enqueue_a_twice(rt.system());
    });
}

TEST(pending_once, a_refused_item_keeps_its_place_in_an_ordered_queue) {
    explore(without_watchdog(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(cmwq::ordered{.name = "in order"});
        enqueue_a_twice(wq);
    });
}

TEST(pending_once, an_item_may_be_enqueued_once_from_its_start_on) {
    explore(without_watchdog(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        tested_item item;
        int own = 0, others = 0;
        item.body = [&](tested_item& self) {
            if (self.runs != 1) return;
            const int now = accepted(rt.system(), self, 2);
            model::check(now <= 1, "it is pending after the first enqueue");
            own += now;
        };
        model::check(rt.system().enqueue(item), "an idle item is accepted");
        others = accepted(rt.system(), item, 2);
        rt.system().drain();
        model::check(item.runs == 1 + own + others, "each accepted enqueue runs once");
        model::check(item.runs >= 2, "the running item was accepted again");
    });
}

}  // namespace
