// SPDX-License-Identifier: Apache-2.0
//
// What the promises say when the system refuses a thread or memory: accepted items run all the same, refused ones are
// handed back, nothing leaks. Each call that can fail is made to fail in turn.
#include "model/engine_scenario.hpp"

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace cmwq_test;

/// A little of everything that starts threads or asks for memory. What was accepted must run.
void use_what_there_is() {
    try {
        tested_runtime rt;
        std::array<tested_item, 6> items;
        int taken = 0;
        {
            const auto in_order = rt.make_queue(cmwq::ordered{.name = "in order"});
            const auto limited = rt.make_queue(cmwq::percpu{.name = "limited", .max_active = 2});
            for (std::size_t i = 0; i < 2; ++i) taken += rt.system().enqueue(items[i]) ? 1 : 0;
            for (std::size_t i = 2; i < 4 && in_order; ++i) taken += in_order->enqueue(items[i]) ? 1 : 0;
            for (std::size_t i = 4; i < 6 && limited; ++i) taken += limited->enqueue(items[i]) ? 1 : 0;
            rt.system().flush();
        }
        int runs = 0;
        for (const tested_item& item : items) runs += item.runs;
        model::check(runs == taken, "what was accepted was run");
    } catch (const std::bad_alloc&) {
        // the runtime itself: its constructor says so
    }
}

TEST(thread_failure, of_any_one_start_delays_and_loses_nothing) {
    const std::uint64_t starts = model::run(on_cpus(2), use_what_there_is).thread_starts;
    ASSERT_GE(starts, 2u);
    for (std::uint64_t nth = 1; nth <= starts + 2; ++nth) {
        model::options how = on_cpus(2);
        how.failing_thread_starts.nth = nth;
        explore(how, schedules / 4, use_what_there_is);
    }
}

TEST(thread_failure, of_half_of_the_starts_delays_and_loses_nothing) {
    for (model::options how : {on_cpus(1), on_cpus(2), without_fence_all_threads(on_two_nodes())}) {
        how.failing_thread_starts.probability = 0.5;
        how.step_limit =
            2'000'000;  // several failures in a row mean seconds of back-off, and a watchdog's look each 10 ms
        explore(how, schedules / 2, use_what_there_is);
    }
}

TEST(thread_failure, after_the_first_leaves_one_worker_that_runs_everything) {
    model::options how = on_cpus(2);
    how.failing_thread_starts.from = 2;
    explore(how, schedules, [] {
        tested_runtime rt;
        std::array<tested_item, 6> items;
        for (tested_item& item : items) (void)rt.system().enqueue(item);
        rt.system().flush();
        for (const tested_item& item : items) model::check(item.runs == 1, "one worker runs them all");
    });
}

TEST(thread_failure, leaves_an_item_for_the_worker_that_just_goes_to_sleep) {
    // The enqueuer cannot have a new worker; the only one is between its last look and its sleep.
    model::options how = on_cpus(1);
    how.failing_thread_starts.from = 2;  // the worker is there
    explore(without_watchdog(how), schedules, [] {
        tested_runtime rt;
        for (int i = 0; i < 4; ++i) {
            tested_item item;
            gate ran;
            item.body = [&](tested_item&) { ran.open(); };
            (void)rt.system().enqueue(item);
            ran.wait();
            if (i % 2 == 0) item.flush();
            while (i % 2 != 0 && cmwq::detail::item_busy(item)) model::interrupt();
        }
    });
}

TEST(thread_failure, of_the_first_worker_is_made_up_for_though_nobody_waits) {
    model::options how = on_cpus(1);
    how.failing_thread_starts.nth = 1;
    explore(how, schedules, [] {
        tested_runtime rt;
        tested_item item;
        gate ran;
        item.body = [&](tested_item&) { ran.open(); };
        (void)rt.system().enqueue(item);
        ran.wait();
        rt.system().flush();
    });
}

// ---- the threads of a worker and of the watchdog are both refused ----

/// Nobody asks the library: who enqueued waits in a way of his own.
void run_without_asking(cmwq::queue& wq) {
    tested_item item;
    gate ran;
    item.body = [&](tested_item&) { ran.open(); };
    (void)wq.enqueue(item);
    ran.wait();
    item.flush();
}

model::options refusing(std::uint64_t from, std::uint64_t to) {
    model::options how = on_cpus(1);
    how.failing_thread_starts.from = from;
    how.failing_thread_starts.to = to;
    how.step_limit = 2'000'000;
    return how;
}

TEST(thread_failure, of_worker_and_watchdog_is_made_up_for_by_a_worker_with_nothing_to_do) {
    for (const std::uint64_t last : {3, 8}) {
        explore(refusing(2, last), schedules / 4, [] {
            tested_runtime rt;
            run_without_asking(rt.system());
            run_without_asking(rt.system_highpri());
            run_without_asking(rt.system_unbound());
        });
    }
}

TEST(thread_failure, of_worker_and_watchdog_is_made_up_for_by_a_worker_of_another_runtime) {
    explore(refusing(2, 6), schedules / 4, [] {
        tested_runtime other, rt;
        tested_item item, follower;
        gate ran;
        follower.body = [&](tested_item&) { ran.open(); };
        item.body = [&](tested_item&) { (void)rt.system().enqueue(follower); };
        (void)other.system().enqueue(item);
        ran.wait();
        follower.flush();
        item.flush();
    });
}

TEST(thread_failure, is_not_forgotten_when_the_worker_that_makes_up_for_it_has_work_again) {
    explore(refusing(3, 8), schedules / 4, [] {
        tested_runtime rt;
        run_without_asking(rt.system());
        run_without_asking(rt.system_highpri());
        tested_item kept, busy;
        gate ran, end;
        kept.body = [&](tested_item&) { ran.open(); };
        busy.body = [&](tested_item&) { end.wait(); };
        (void)rt.system_unbound().enqueue(kept);
        (void)rt.system().enqueue(busy);  // its worker is asked first
        ran.wait();
        end.open();
        kept.flush();
        busy.flush();
    });
}

TEST(thread_failure, of_worker_and_watchdog_is_made_up_for_by_the_thread_of_the_timers) {
    struct timed_item : cmwq::delayed_work<timed_item> {
        gate* ran = nullptr;
        static void run(timed_item& self) { self.ran->open(); }
    };
    explore(refusing(2, 6), schedules / 4, [] {
        tested_runtime rt;
        timed_item item;
        gate ran;
        item.ran = &ran;
        model::check(rt.system().enqueue_delayed(item, 1ms), "accepted");
        ran.wait();
        item.flush();
        run_without_asking(rt.system_highpri());
    });
}

TEST(thread_failure, of_all_threads_is_made_up_for_by_whoever_asks) {
    const std::vector<std::function<void(tested_runtime&, tested_item&)>> questions = {
        [](tested_runtime&, tested_item& item) { (void)item.pending(); },
        [](tested_runtime&, tested_item& item) { (void)item.busy(); },
        [](tested_runtime& rt, tested_item& item) { (void)rt.system().enqueue(item); },
        [](tested_runtime& rt, tested_item&) { (void)rt.frozen(); },
        [](tested_runtime&, tested_item&) { tested_item{}.cancel(); },
    };
    for (const auto& question : questions) {
        explore(refusing(1, 4), schedules / 16, [&question] {
            tested_runtime rt;
            tested_item item;
            gate ran;
            item.body = [&](tested_item&) { ran.open(); };
            (void)rt.system().enqueue(item);
            for (int i = 0; i < 4; ++i) question(rt, item);
            ran.wait();
            rt.system().flush();
        });
    }
}

TEST(thread_failure, of_worker_and_watchdog_is_made_up_for_by_who_waits_for_room) {
    // One worker, which blocks: the next item needs another one, and somebody who sees that.
    explore(refusing(2, 4), schedules / 4, [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(
            cmwq::unbound{.name = "bounded",
                          .bound = {.max_pending = 1, .when_full = cmwq::full_queue::wait, .timeout = 1h}});
        gate way_out;
        tested_item blocked, pending, waiting;
        blocked.body = [&](tested_item&) { way_out.wait(); };
        pending.body = [&](tested_item&) { way_out.open(); };
        for (tested_item* item : {&blocked, &pending, &waiting}) {
            model::check(wq->enqueue(*item), "there is room before the time is over");
        }
        wq->flush();
        model::check(waiting.runs == 1, "who waited for room ran");
    });
}

TEST(thread_failure, of_all_threads_is_told_once) {
    explore(refusing(1, 4), schedules / 16, [] {
        cmwq::platform::said.clear();
        tested_runtime rt;
        tested_item first, second;
        (void)rt.system_highpri().enqueue(first);
        (void)rt.system_highpri().enqueue(second);
        const std::string& said = cmwq::platform::said;
        const std::size_t told = said.find("items of queue \"events_highpri\" wait until the program calls");
        model::check(told != std::string::npos, "the queue is named");
        model::check(said.find("wait until", told + 60) == std::string::npos, "once");
        rt.system_highpri().flush();
    });
}

TEST(memory_failure, of_any_one_allocation_leaks_and_loses_nothing) {
    const std::uint64_t allocations = model::run(on_cpus(2), use_what_there_is).allocations;
    ASSERT_GE(allocations, 5u);
    for (std::uint64_t nth = 1; nth <= allocations + 2; ++nth) {
        model::options how = on_cpus(2);
        how.failing_allocations.nth = nth;
        explore(how, schedules / 8, use_what_there_is);
    }
}

void raise_a_limit() {
    try {
        tested_runtime rt;
        const auto wq = rt.make_queue(cmwq::unbound{.name = "limited", .max_active = 1});
        if (!wq) return;
        std::array<tested_item, 3> items;
        crowd inside;
        for (tested_item& item : items) make_sleeper(item, inside);
        const int limit = wq->set_max_active(3) ? 3 : 1;
        for (tested_item& item : items) (void)wq->enqueue(item);
        wq->flush();
        model::check(inside.most <= limit, "a limit that was refused is not in force");
    } catch (const std::bad_alloc&) {
        // the runtime itself: its constructor says so
    }
}

TEST(memory_failure, of_a_new_limit_leaves_the_former_one) {
    const std::uint64_t allocations = model::run(on_cpus(1), raise_a_limit).allocations;
    ASSERT_GE(allocations, 5u);
    for (std::uint64_t nth = 1; nth <= allocations; ++nth) {
        model::options how = on_cpus(1);
        how.failing_allocations.nth = nth;
        explore(how, schedules / 40, raise_a_limit);
    }
}

TEST(memory_failure, of_some_allocations_and_starts_leaks_and_loses_nothing) {
    model::options how = on_cpus(2);
    how.failing_allocations.probability = 0.2;
    how.failing_thread_starts.probability = 0.2;
    explore(how, schedules, use_what_there_is);
}

TEST(worker_limit, of_one_still_runs_everything) {
    explore(on_cpus(1), schedules, [] {
        cmwq::runtime_options options;
        options.max_workers = 1;
        tested_runtime rt{options};
        std::array<tested_item, 3> items;
        for (tested_item& item : items) item.body = [](tested_item&) { model::sleep_for(40ms); };
        for (tested_item& item : items) (void)rt.system().enqueue(item);
        rt.system().flush();
        for (const tested_item& item : items) model::check(item.runs == 1, "each item ran");
        model::check(rt.statistics().workers_created == 1, "one worker and no more");
    });
}

TEST(worker_limit, leaves_no_item_for_the_next_tick) {
    // The only worker comes back from its wait just as the watchdog tries in vain to make another: the worker goes on
    // with the next item at once.
    explore(on_cpus(1), 2 * schedules, [] {
        cmwq::runtime_options options;
        options.max_workers = 1;
        tested_runtime rt{options};
        std::array<tested_item, 4> items;
        for (tested_item& item : items) {
            item.body = [](tested_item&) {
                model::sleep_for(40ms + std::chrono::nanoseconds(model::random_below(2000)));
            };
        }
        for (tested_item& item : items) (void)rt.system().enqueue(item);
        rt.system().flush();
        model::check(platform::now() < 4 * 40ms + 2ms, "one item after the other, and no pause between them");
    });
}

}  // namespace
