// SPDX-License-Identifier: Apache-2.0
//
// Promise 8: a queue marked mem_reclaim makes progress when no thread can be had.
#include "engine_scenario.hpp"

#include "engine/queue_state.hpp"

namespace {

using namespace cmwq_test;

/// The first thread that is started is the rescuer; there is never another.
model::options with_nothing_but_a_rescuer(int cpus) {
    model::options how = on_cpus(cpus);
    how.failing_thread_starts.from = 2;
    how.step_limit = 2'000'000;
    return how;
}

TEST(mem_reclaim, runs_every_item_without_a_worker) {
    for (const int cpus : {1, 2}) {
        explore(with_nothing_but_a_rescuer(cpus), schedules, [] {
            tested_runtime rt;
            const auto wq = rt.make_queue(cmwq::percpu{.name = "reclaim", .mem_reclaim = true});
            std::vector<tested_item> items(3);
            for (tested_item& item : items) {
                item.body = [](tested_item&) {
                    model::check(cmwq::this_worker::is_rescuer(), "only a rescuer can run this");
                };
                model::check(wq->enqueue(item), "accepted");
            }
            wq->flush();
            for (const tested_item& item : items) model::check(item.runs == 1, "each item runs once");
        });
    }
}

TEST(mem_reclaim, leaves_the_items_of_other_queues_to_their_workers) {
    explore(with_nothing_but_a_rescuer(1), schedules / 8, [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(cmwq::percpu{.name = "reclaim", .mem_reclaim = true});
        tested_item other, item;
        (void)rt.system().enqueue(other);
        (void)wq->enqueue(item);
        wq->flush();
        model::check(item.runs == 1, "it runs");
        model::check(other.runs == 0 && other.cancel(), "what may need memory waits for a worker");
    });
}

/// The rescuer runs an item that a worker of another pool has the next instance of.
TEST(mem_reclaim, sends_on_what_is_left_with_its_rescuer) {
    model::options how = with_nothing_but_a_rescuer(1);
    how.failing_thread_starts.from = 3;  // the first two are that worker and the rescuer
    explore(how, schedules / 8, [] {
        tested_runtime rt;
        tested_item first, item;
        (void)rt.system_highpri().enqueue(first);
        rt.system_highpri().flush();
        const auto wq = rt.make_queue(cmwq::percpu{.name = "reclaim", .mem_reclaim = true});
        item.body = [&](tested_item& self) {
            if (self.runs != 1) return;
            model::check(cmwq::this_worker::is_rescuer(), "only a rescuer can run this");
            (void)rt.system_highpri().enqueue(self);
            model::sleep_for(1ms);  // the worker has come to it
        };
        (void)wq->enqueue(item);
        wq->flush();
        rt.system_highpri().flush();
        model::check(item.runs == 2, "each accepted enqueue ran");
    });
}

TEST(mem_reclaim, keeps_the_order_of_an_ordered_queue) {
    explore(with_nothing_but_a_rescuer(2), schedules, [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(cmwq::ordered{.name = "reclaim", .mem_reclaim = true});
        std::vector<int> order;
        std::vector<tested_item> items(3);
        for (int i = 0; i < 3; ++i) {
            items[static_cast<std::size_t>(i)].body = [&order, i](tested_item&) { order.push_back(i); };
            (void)wq->enqueue(items[static_cast<std::size_t>(i)]);
        }
        wq->flush();
        model::check(order == std::vector<int>{0, 1, 2}, "in the order of enqueuing");
    });
}

/// An enqueuer whose item has run already has still to send a token for it.
template <class Before>
void end_while_a_token_comes(tested_runtime& rt, Before before) {
    auto wq = rt.make_queue(cmwq::ordered{.name = "reclaim", .freezable = true, .mem_reclaim = true});
    if (!wq) return;  // no memory
    tested_item item;
    (void)wq->enqueue(item);
    item.flush();
    engine::pool_workqueue& seat = *wq->native()->first_seat();
    model::thread enqueuer = model::spawn("enqueuer", [&] {
        before();
        engine::send_token(seat);
    });
    wq = {};
    enqueuer.join();
}

TEST(mem_reclaim, ends_though_a_token_came_after_its_item_had_run) {
    explore(with_nothing_but_a_rescuer(2), schedules, [] {
        tested_runtime rt;
        end_while_a_token_comes(rt, [] {});
    });
}

TEST(mem_reclaim, ends_though_a_thaw_could_give_the_late_token_a_place) {
    explore(with_nothing_but_a_rescuer(2), schedules, [] {
        tested_runtime rt;
        end_while_a_token_comes(rt, [&] {
            rt.freeze();
            rt.thaw();
        });
    });
}

TEST(mem_reclaim, runs_an_item_that_its_own_item_enqueued) {
    explore(with_nothing_but_a_rescuer(1), schedules, [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(cmwq::percpu{.name = "reclaim", .mem_reclaim = true});
        tested_item item;
        item.body = [&wq](tested_item& self) {
            if (self.runs < 3) (void)wq->enqueue(self);
        };
        (void)wq->enqueue(item);
        wq->drain();
        model::check(item.runs == 3, "the whole chain runs");
    });
}

/// Nobody asks the library meanwhile, and looks in the watchdog's place.
void expect_a_rescue() {
    tested_runtime rt;
    const auto wq = rt.make_queue(cmwq::percpu{.name = "reclaim", .mem_reclaim = true});
    tested_item item;
    gate ran;
    item.body = [&](tested_item&) { ran.open(); };
    (void)wq->enqueue(item);
    ran.wait();
    item.flush();
}

TEST(mem_reclaim, runs_an_item_though_nobody_waits_in_the_library) {
    explore(with_nothing_but_a_rescuer(1), schedules / 4, expect_a_rescue);
}

TEST(mem_reclaim, runs_an_item_when_there_is_a_watchdog_and_no_worker) {
    model::options how = with_nothing_but_a_rescuer(1);
    how.failing_thread_starts = {.nth = 2, .from = 4};  // the third one is the watchdog's
    explore(how, schedules / 4, expect_a_rescue);
}

TEST(mem_reclaim, is_not_made_without_its_rescuer) {
    model::options how = on_cpus(1);
    how.failing_thread_starts.from = 1;
    explore(how, 100, [] {
        tested_runtime rt;
        model::check(!rt.make_queue(cmwq::percpu{.name = "reclaim", .mem_reclaim = true}), "no rescuer, no queue");
        model::check(bool{rt.make_queue(cmwq::percpu{.name = "other"})}, "other queues need none");
    });
}

}  // namespace
