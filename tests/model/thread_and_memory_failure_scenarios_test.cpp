// SPDX-License-Identifier: Apache-2.0
//
// What the promises say when the system refuses a thread or memory: accepted items run all the same, refused ones are
// handed back, nothing leaks. Each call that can fail is made to fail in turn.
#include "model/engine_scenario.hpp"

#include <array>
#include <memory>

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
        explore(how, schedules, use_what_there_is);
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

TEST(memory_failure, of_any_one_allocation_leaks_and_loses_nothing) {
    const std::uint64_t allocations = model::run(on_cpus(2), use_what_there_is).allocations;
    ASSERT_GE(allocations, 5u);
    for (std::uint64_t nth = 1; nth <= allocations + 2; ++nth) {
        model::options how = on_cpus(2);
        how.failing_allocations.nth = nth;
        explore(how, schedules / 8, use_what_there_is);
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
