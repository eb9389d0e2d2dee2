// SPDX-License-Identifier: Apache-2.0
//
// Promise 3: an item never runs on two workers at once, whatever queue or CPU it is enqueued to from where, including
// while it runs. tested_item checks it in each run.
#include "model/engine_scenario.hpp"

namespace {

using namespace cmwq_test;

/// A run that lasts, so that the next one collides with it.
void make_long(tested_item& item, int steps = 8) {
    item.body = [steps](tested_item&) { work_a_little(steps); };
}

/// Enqueues one item to both queues at once, from CPUs 0 and 1. Returns when all its runs are over.
void collide(cmwq::queue& one, cmwq::queue& other) {
    tested_item item;
    make_long(item);
    int accepted_by[2] = {};
    together({{0, [&] { accepted_by[0] = accepted(one, item, 3); }},
              {1, [&] { accepted_by[1] = accepted(other, item, 3); }}});
    one.flush();
    other.flush();
    model::check(item.runs == accepted_by[0] + accepted_by[1], "each accepted enqueue runs once");
}

TEST(non_reentrancy, holds_between_the_pools_of_two_cpus) {
    for (const auto& how : {on_cpus(2), without_fence_all_threads(on_cpus(2)), on_two_nodes()}) {
        explore(without_watchdog(how), schedules, [] {
            tested_runtime rt;
            collide(rt.system(), rt.system());
        });
    }
}

TEST(non_reentrancy, holds_between_queues_of_two_kinds) {
    for (const int cpus : {1, 2}) {
        explore(without_watchdog(on_cpus(cpus)), schedules, [] {
            tested_runtime rt;
            tested_item item;
            make_long(item);
            int accepted_by[2] = {};
            together({{0, [&] { accepted_by[0] = accepted(rt.system(), item, 3); }},
                      {-1, [&] { accepted_by[1] = accepted(rt.system_unbound(), item, 3); }}});
            rt.system().flush();
            rt.system_unbound().flush();
            model::check(item.runs == accepted_by[0] + accepted_by[1], "each accepted enqueue runs once");
        });
    }
}

TEST(non_reentrancy, an_item_is_not_left_with_a_worker_that_just_finished_it) {
    // The second worker looks whether the first one runs the item, which rests by the time that it is left with it.
    explore(without_watchdog(on_cpus(1)), 4 * schedules, [] {
        tested_runtime rt;
        tested_item item;
        item.body = [&](tested_item& self) {
            if (self.runs == 1) (void)rt.system_unbound().enqueue(self);
        };
        (void)rt.system().enqueue(item);
        rt.system().flush();
        rt.system_unbound().flush();
        model::check(item.runs == 2, "it ran twice");
    });
}

/// Where a processor holds stores back, a worker may see only in its last look that an item was left with it.
TEST(non_reentrancy, an_item_left_with_a_worker_that_goes_to_sleep_runs) {
    model::options how = on_cpus(1);
    how.weak_memory = true;
    explore(without_watchdog(how), schedules / 4, [] {
        tested_runtime rt;
        tested_item item;
        item.body = [&](tested_item& self) {
            if (self.runs == 1) (void)rt.system_unbound().enqueue(self);
            work_a_little();
        };
        (void)rt.system().enqueue(item);
        rt.system().flush();
        rt.system_unbound().flush();
        model::check(item.runs == 2, "it ran twice");
    });
}

TEST(non_reentrancy, holds_between_an_ordered_queue_and_a_system_queue) {
    for (const auto& how : {on_cpus(2), without_fence_all_threads(on_cpus(2))}) {
        explore(without_watchdog(how), schedules, [] {
            tested_runtime rt;
            const auto in_order = rt.make_queue(cmwq::ordered{.name = "in order"});
            collide(in_order, rt.system_highpri());
        });
    }
}

TEST(non_reentrancy, holds_between_two_ordered_queues) {
    explore(without_watchdog(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        const auto one = rt.make_queue(cmwq::ordered{.name = "one"});
        const auto other = rt.make_queue(cmwq::ordered{.name = "other", .highpri = true});
        collide(one, other);
    });
}

TEST(non_reentrancy, holds_within_a_limited_queue) {
    explore(without_watchdog(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        const auto limited = rt.make_queue(cmwq::unbound{.name = "limited", .max_active = 2});
        collide(limited, limited);
    });
}

TEST(non_reentrancy, holds_between_two_runtimes) {
    explore(without_watchdog(on_cpus(1)), schedules, [] {
        tested_runtime one, other;
        tested_item item;
        make_long(item);
        int accepted_by[2] = {};
        together({{0, [&] { accepted_by[0] = accepted(one.system(), item, 2); }},
                  {0, [&] { accepted_by[1] = accepted(other.system(), item, 2); }}});
        one.system().flush();
        other.system().flush();
        model::check(item.runs == accepted_by[0] + accepted_by[1], "each accepted enqueue runs once");
    });
}

TEST(non_reentrancy, holds_while_the_item_enqueues_itself_elsewhere) {
    explore(without_watchdog(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        tested_item item;
        int own = 0, others = 0;
        item.body = [&](tested_item& self) {
            if (self.runs <= 2 && rt.system_unbound().enqueue(self)) ++own;
            work_a_little(8);
        };
        together({{0, [&] { others += accepted(rt.system(), item, 2); }},
                  {1, [&] { others += accepted(rt.system_highpri(), item, 2); }}});
        for (cmwq::queue* wq : {&rt.system(), &rt.system_highpri(), &rt.system_unbound()}) wq->drain();
        model::check(item.runs == own + others, "each accepted enqueue runs once");
    });
}

TEST(non_reentrancy, an_item_left_with_a_worker_does_not_wait_for_another_item) {
    // What collides with a running item runs when that one is over, although its worker then goes on with an item that
    // never ends before.
    explore(on_cpus(2), schedules, [] {
        tested_runtime rt;
        tested_item item, forever;
        gate ran_twice;
        item.body = [&](tested_item& self) {
            work_a_little(8);
            if (self.runs == 2) ran_twice.open();
        };
        forever.body = [&](tested_item&) { ran_twice.wait(); };
        int times = 0;
        together({{0,
                   [&] {
                       times += accepted(rt.system(), item, 1);
                       times += accepted(rt.system(), forever, 1);
                   }},
                  {1, [&] { times += accepted(rt.system_unbound(), item, 1); }}});
        while (times++ < 3) {
            while (!rt.system_unbound().enqueue(item)) item.flush();
        }
        rt.system().flush();
        rt.system_unbound().flush();
        model::check(forever.runs == 1, "it came to an end");
    });
}

}  // namespace
