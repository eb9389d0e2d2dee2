// SPDX-License-Identifier: Apache-2.0
//
// Promise 5: ordered queues run one item at a time, in enqueue order. Elsewhere a pool's items start first in, first
// out.
#include "model/engine_scenario.hpp"

#include <array>

namespace {

using namespace cmwq_test;

/// Items of one producer that write down when they ran, one at a time if so wanted.
template <std::size_t Count>
struct series {
    std::array<tested_item, Count> items;
    std::vector<std::size_t> order;

    explicit series(crowd* together = nullptr) {
        for (std::size_t i = 0; i < Count; ++i) {
            items[i].body = [this, i, together](tested_item&) {
                if (together != nullptr) together->enter();
                order.push_back(i);
                work_a_little();
                if (together != nullptr) together->leave();
            };
        }
    }

    void enqueue_all(cmwq::queue& wq) {
        for (tested_item& item : items) model::check(wq.enqueue(item), "an idle item is accepted");
    }

    void check_order() const {
        model::check(order.size() == Count, "each item ran once");
        for (std::size_t i = 0; i < Count; ++i) model::check(order[i] == i, "the items ran in the order of enqueue");
    }
};

TEST(ordered_queue, runs_one_item_at_a_time_in_order) {
    for (const auto& how : {on_cpus(1), migrating(on_cpus(2)), without_fence_all_threads(on_two_nodes())}) {
        explore(without_watchdog(how), schedules, [] {
            tested_runtime rt;
            crowd inside;
            series<5> items{&inside};
            {
                const auto wq = rt.make_queue(cmwq::ordered{.name = "in order"});
                items.enqueue_all(wq);
            }
            items.check_order();
            model::check(inside.most == 1, "one at a time");
        });
    }
}

TEST(ordered_queue, keeps_the_order_of_each_of_two_producers) {
    for (const auto& how : {on_cpus(2), migrating(on_two_nodes())}) {
        explore(without_watchdog(how), schedules, [] {
            tested_runtime rt;
            const auto wq = rt.make_queue(cmwq::ordered{.name = "in order"});
            crowd inside;
            series<3> one{&inside}, other{&inside};
            together({{-1, [&] { one.enqueue_all(wq); }}, {-1, [&] { other.enqueue_all(wq); }}});
            wq->flush();
            one.check_order();
            other.check_order();
            model::check(inside.most == 1, "one at a time");
        });
    }
}

TEST(ordered_queue, keeps_the_order_when_items_block) {
    explore(on_cpus(2), schedules, [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(cmwq::ordered{.name = "in order"});
        crowd inside;
        series<4> items{&inside};
        items.items[1].body = [&](tested_item&) {
            inside.enter();
            model::sleep_for(50ms);
            items.order.push_back(1);
            inside.leave();
        };
        items.enqueue_all(wq);
        wq->flush();
        items.check_order();
        model::check(inside.most == 1, "one at a time");
    });
}

TEST(ordered_queue, keeps_the_order_past_an_item_that_still_runs_elsewhere) {
    // The second item is left with the worker that runs it for another queue; the third must not overtake it.
    explore(without_watchdog(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(cmwq::ordered{.name = "in order"});
        std::vector<int> order;
        bool in_order = false;
        tested_item items[3];
        for (int i = 0; i < 3; ++i) {
            items[i].body = [&, i](tested_item&) {
                if (cmwq::this_worker::current_queue() == &*wq) order.push_back(i);
                work_a_little(6);
            };
        }
        (void)rt.system_unbound().enqueue(items[1]);
        together({{0, [&] {
                       for (tested_item& item : items) {
                           const bool taken = wq->enqueue(item);
                           if (&item == &items[1]) in_order = taken;
                       }
                   }}});
        wq->flush();
        rt.system_unbound().flush();
        model::check(order == (in_order ? std::vector<int>{0, 1, 2} : std::vector<int>{0, 2}), "nobody is overtaken");
    });
}

TEST(ordered_queue, keeps_those_behind_an_item_waiting_until_it_has_run_elsewhere) {
    explore(without_watchdog(on_cpus(1)), schedules / 4, [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(cmwq::ordered{.name = "in order"});
        held_item shared;
        tested_item behind;
        behind.body = [&](tested_item&) { model::check(shared.runs == 2, "it is not overtaken"); };
        model::check(rt.system_highpri().enqueue(shared), "an idle item is accepted");
        shared.wait_until_begun();
        model::check(wq->enqueue(shared) && wq->enqueue(behind), "both are accepted");
        model::sleep_for(1ms);  // the token has come to it
        shared.end.open();
        wq->flush();
        model::check(behind.runs == 1, "each item ran");
    });
}

TEST(ordered_queue, takes_an_item_that_enqueues_itself_behind_the_others) {
    explore(without_watchdog(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(cmwq::ordered{.name = "in order"});
        std::vector<int> order;
        tested_item first, second;
        gate both_there;
        first.body = [&](tested_item& self) {
            order.push_back(1);
            if (self.runs != 1) return;
            both_there.wait();
            model::check(wq->enqueue(self), "the running item is not pending");
        };
        second.body = [&](tested_item&) { order.push_back(2); };
        (void)wq->enqueue(first);
        (void)wq->enqueue(second);
        both_there.open();
        wq->flush();
        wq->flush();
        model::check(order == std::vector<int>{1, 2, 1}, "it waited for its turn");
    });
}

TEST(ordered_queue, lets_others_have_a_turn_and_keeps_its_order) {
    // More items than a token runs at a stretch: the rest comes behind the other queue's item, still in order.
    explore(without_watchdog(on_cpus(1)), schedules / 10, [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(cmwq::ordered{.name = "in order"});
        std::vector<int> order;
        std::vector<tested_item> items(300);
        for (int i = 0; i < 300; ++i) {
            items[static_cast<std::size_t>(i)].body = [&order, i](tested_item&) { order.push_back(i); };
        }
        for (tested_item& item : items) (void)wq->enqueue(item);
        wq->flush();
        model::check(order.size() == 300, "each item ran once");
        for (int i = 0; i < 300; ++i) model::check(order[static_cast<std::size_t>(i)] == i, "in the order of enqueue");
    });
}

TEST(pool, starts_its_items_first_in_first_out) {
    for (const auto& how : {on_cpus(1), without_fence_all_threads(on_cpus(1))}) {
        explore(without_watchdog(how), schedules, [] {
            tested_runtime rt;
            series<6> items;
            items.enqueue_all(rt.system());
            rt.system().flush();
            items.check_order();
        });
    }
}

TEST(pool, keeps_the_order_of_each_of_two_producers_and_of_its_own_items) {
    explore(without_watchdog(on_cpus(1)), schedules, [] {
        tested_runtime rt;
        series<3> one, other, own;
        tested_item parent;
        parent.body = [&](tested_item&) { own.enqueue_all(rt.system()); };
        together({{0, [&] { one.enqueue_all(rt.system()); }}, {0, [&] {
                                                                   (void)rt.system().enqueue(parent);
                                                                   other.enqueue_all(rt.system());
                                                               }}});
        rt.system().flush();
        rt.system().flush();
        one.check_order();
        other.check_order();
        own.check_order();
    });
}

TEST(pool, starts_an_item_that_an_item_enqueued_behind_those_already_there) {
    explore(without_watchdog(on_cpus(1)), schedules, [] {
        // Without a canary: a worker that waits for a lock between its pop and its function would be replaced, and the
        // order in which functions write here would not be the order of the pops any more.
        tested_runtime rt{{.detect = cmwq::block_detection::watchdog}};
        std::vector<int> order;
        tested_item first, second, third;
        gate both_there;
        first.body = [&](tested_item&) {
            order.push_back(1);
            both_there.wait();
            (void)rt.system().enqueue(third);
        };
        second.body = [&](tested_item&) { order.push_back(2); };
        third.body = [&](tested_item&) { order.push_back(3); };
        (void)rt.system().enqueue(first);
        (void)rt.system().enqueue(second);
        both_there.open();
        rt.system().drain();
        model::check(order == std::vector<int>{1, 2, 3}, "first in, first out");
    });
}

}  // namespace
