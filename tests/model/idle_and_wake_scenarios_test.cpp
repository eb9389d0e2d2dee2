// SPDX-License-Identifier: Apache-2.0
//
// Promise 10: idle costs nothing: no spinning, no periodic wake-up when there is no work. And its other half: nothing
// waits that could run, and no more workers are made or awake than there is use for.
#include "model/engine_scenario.hpp"

#include <array>

namespace {

using namespace cmwq_test;

/// Counts the steps of all threads.
std::uint64_t steps_so_far = 0;

model::options counting_steps(model::options how) {
    how.before_run = [] { steps_so_far = 0; };
    how.on_step = [others = how.on_step] {
        ++steps_so_far;
        others();
    };
    return how;
}

/// Steps of all threads while the caller sleeps: its own few, and whatever wakes up periodically.
std::uint64_t steps_during(std::chrono::nanoseconds time) {
    const std::uint64_t before = steps_so_far;
    model::sleep_for(time);
    return steps_so_far - before;
}

constexpr std::uint64_t own_steps = 4;  ///< of the sleep itself

/// Until thieves have stopped looking, surplus workers have ended and the watchdog has lain down. Several sleeps,
/// because time leaps to the end of one as soon as everybody else only pauses.
void settle() {
    for (int i = 0; i < 20; ++i) model::sleep_for(1h);
}

void use_every_part(tested_runtime& rt) {
    std::array<tested_item, 8> items;
    const auto in_order = rt.make_queue(cmwq::ordered{.name = "in order"});
    for (std::size_t i = 0; i < 4; ++i) (void)rt.system().enqueue(items[i]);
    for (std::size_t i = 4; i < 6; ++i) (void)in_order->enqueue(items[i]);
    for (std::size_t i = 6; i < 8; ++i) (void)rt.system_unbound().enqueue(items[i]);
    rt.system().flush();
    rt.system_unbound().flush();
}

std::uint64_t steps_to_lock(engine::worklist& list) CMWQ_NO_THREAD_SAFETY_ANALYSIS {
    const std::uint64_t before = steps_so_far;
    list.lock();
    list.unlock();
    return steps_so_far - before;
}

/// To take the bias from an owner costs a fence in all threads. Who steals from an idle pool does not pay it.
TEST(idle, a_list_that_its_owner_has_left_is_locked_as_if_it_had_none) {
    explore(counting_steps(on_cpus(1)), schedules / 40, [] {
        engine::worklist left, never_owned;
        engine::biased_entry owner;
        left.adopt(owner, false);
        left.disown(owner);
        model::check(steps_to_lock(left) == steps_to_lock(never_owned), "nothing has to be revoked");
    });
}

/// A worker on its way to its rest may ask for it after the runtime has joined it.
TEST(idle, a_watchdog_that_has_ended_is_not_started_any_more) {
    explore(on_cpus(1), schedules / 40, [] {
        tested_runtime rt;
        engine::watchdog& dog = engine::access::impl(rt)->dog;
        dog.end();
        dog.arm();
        model::check(!dog.has_thread(), "there is nobody who would join it");
    });
}

TEST(idle, makes_no_step_when_everything_is_done) {
    for (const auto& how : {on_cpus(1), on_cpus(2), on_two_nodes()}) {
        explore(counting_steps(how), schedules, [] {
            tested_runtime rt;
            use_every_part(rt);
            settle();
            model::check(steps_during(1h) <= own_steps, "nobody woke up for an hour");
        });
    }
}

TEST(idle, makes_no_step_while_the_only_items_block) {
    explore(counting_steps(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        std::array<tested_item, 3> items;
        gate gates[3];
        for (std::size_t i = 0; i < 3; ++i) items[i].body = [&, i](tested_item&) { gates[i].wait(); };
        for (tested_item& item : items) (void)rt.system().enqueue(item);
        settle();
        for (const tested_item& item : items) model::check(item.runs == 1, "a blocked item does not hold back others");
        model::check(steps_during(1h) <= own_steps, "nobody woke up for an hour");
        for (gate& one : gates) one.open();
        rt.system().flush();
    });
}

TEST(idle, workers_in_surplus_end_and_others_come_when_needed) {
    model::options how = on_cpus(1);
    explore(counting_steps(how), schedules, [] {
        cmwq::runtime_options options;
        options.idle_worker_timeout = 1ms;
        tested_runtime rt{options};
        std::array<tested_item, 5> items;
        for (tested_item& item : items) item.body = [](tested_item&) { model::sleep_for(100ms); };
        for (int round = 1; round <= 2; ++round) {
            for (tested_item& item : items) (void)rt.system().enqueue(item);
            rt.system().flush();
            for (const tested_item& item : items) model::check(item.runs == round, "each item ran");
            settle();
        }
        const auto now = rt.statistics();
        model::check(now.workers_created >= 4, "more than two workers were there");
        model::check(now.idle_workers <= 2, "those in surplus ended");
        model::check(now.idle_workers >= 1, "not all of them");
        model::check(steps_during(1h) <= own_steps, "nobody woke up for an hour");
    });
}

TEST(idle, a_worker_that_is_about_to_end_is_woken_or_replaced) {
    // Items come just as idle workers have waited long enough.
    model::options how = on_cpus(1);
    how.time_leaps = 0.01;
    explore(how, schedules, [] {
        cmwq::runtime_options options;
        options.idle_worker_timeout = 200us;
        tested_runtime rt{options};
        std::array<tested_item, 4> items;
        for (tested_item& item : items) item.body = [](tested_item&) { model::sleep_for(50ms); };
        for (int round = 1; round <= 3; ++round) {
            for (tested_item& item : items) model::check(rt.system().enqueue(item), "an idle item is accepted");
            rt.system().flush();
            for (const tested_item& item : items) model::check(item.runs == round, "each item ran");
            model::sleep_for(200us);
        }
    });
}

TEST(wake, item_that_another_one_waits_for_begins_at_once) {
    explore(without_watchdog(on_cpus(1)), schedules / 4, [] {
        tested_runtime rt{{.detect = cmwq::block_detection::watchdog}};  // a canary would find it, too
        tested_item outer, inner;
        outer.body = [&](tested_item&) {
            (void)rt.system().enqueue(inner);
            (void)inner.flush();
            model::check(inner.runs == 1, "it was waited for");
        };
        (void)rt.system().enqueue(outer);
        (void)outer.flush();
    });
}

TEST(wake, no_item_is_missed_by_a_watchdog_that_lies_down) {
    // It finds no work and is about to rest while an item comes that the running one waits for.
    explore(on_cpus(1), schedules, [] {
        tested_runtime rt{{.detect = cmwq::block_detection::watchdog}};
        tested_item running, withdrawn, awaited;
        gate began, end;
        running.body = [&](tested_item&) {
            began.open();
            end.wait();
        };
        awaited.body = [&](tested_item&) { end.open(); };
        (void)rt.system().enqueue(running);
        began.wait();
        (void)rt.system().enqueue(withdrawn);  // has the watchdog begin
        (void)withdrawn.cancel();
        model::sleep_for(10ms + std::chrono::nanoseconds(model::random_below(600)) - 200ns);
        (void)rt.system().enqueue(awaited);
        running.flush();
        awaited.flush();
    });
}

TEST(wake, no_item_waits_for_the_watchdog) {
    // Items come one by one, just as workers go to sleep. With the clock ending the run at 5 ms, each must be found at
    // once: by the worker that goes, or by the one that its enqueuer wakes.
    for (const auto& how : {on_cpus(1), on_cpus(2), migrating(on_cpus(2)), without_fence_all_threads(on_two_nodes())}) {
        explore(without_watchdog(how), schedules, [] {
            tested_runtime rt;
            const auto enqueue_one_by_one = [&] {
                std::array<tested_item, 3> items;
                gate ran;
                for (tested_item& item : items) {
                    item.body = [&](tested_item&) { ran.open(); };
                    if (!rt.system().enqueue(item)) model::excuse_refusal();
                    ran.wait();
                }
                rt.system().flush();
            };
            together({{0, enqueue_one_by_one}, {-1, enqueue_one_by_one}});
        });
    }
}

TEST(wake, no_item_of_a_limited_queue_waits_for_the_watchdog) {
    for (const auto& how : {on_cpus(1), migrating(on_cpus(2))}) {
        explore(without_watchdog(how), schedules, [] {
            tested_runtime rt;
            const auto wq = rt.make_queue(cmwq::ordered{.name = "in order"});
            const auto enqueue_one_by_one = [&] {
                std::array<tested_item, 3> items;
                gate ran;
                for (tested_item& item : items) {
                    item.body = [&](tested_item&) { ran.open(); };
                    (void)wq->enqueue(item);
                    ran.wait();
                }
                wq->flush();
            };
            together({{-1, enqueue_one_by_one}, {-1, enqueue_one_by_one}});
        });
    }
}

TEST(wake, work_goes_on_when_an_item_waits_for_another) {
    // The wait is the library's own: the other item starts at once, on whatever CPU.
    for (const int cpus : {1, 2}) {
        explore(without_watchdog(on_cpus(cpus)), schedules, [] {
            tested_runtime rt;
            tested_item waiters[2], workers[2];
            for (std::size_t i = 0; i < 2; ++i) {
                waiters[i].body = [&, i](tested_item&) {
                    (void)rt.system().enqueue(workers[i]);
                    workers[i].flush();
                    model::check(workers[i].runs == 1, "it was waited for");
                };
                (void)rt.system().enqueue(waiters[i]);
            }
            rt.system().flush();
            rt.system().flush();
        });
    }
}

TEST(wake, an_item_that_blocks_or_computes_for_long_is_replaced_within_a_few_ticks) {
    for (const bool blocks : {true, false}) {
        explore(on_cpus(1), schedules, [blocks] {
            tested_runtime rt;
            tested_item slow, quick;
            std::chrono::nanoseconds started{0};
            slow.body = [&](tested_item&) {
                if (blocks) return model::sleep_for(1s);
                for (int i = 0; i < 200; ++i) model::burn(5ms);
            };
            quick.body = [&](tested_item&) { started = platform::now(); };
            (void)rt.system().enqueue(slow);
            (void)rt.system().enqueue(quick);
            rt.system().flush();
            model::check(quick.runs == 1 && started < 60ms, "the second item did not wait for the first");
        });
    }
}

// ---- how many workers ----------------------------------------------------------------------------------------------

TEST(workers, one_at_a_time_runs_in_each_pool_while_nobody_blocks) {
    const auto how = with_pool_invariant(without_watchdog(on_cpus(2)), [](engine::worker_pool& pool) {
        const int running = pool.nr_running.load(std::memory_order_relaxed);
        model::check(running == 0 || running == 1, "one worker of a pool runs");
    });
    explore(how, schedules, [] {
        tested_runtime rt;
        std::array<tested_item, 4> items[2];
        const auto enqueue_all = [&](std::array<tested_item, 4>& own) {
            for (tested_item& item : own) (void)rt.system().enqueue(item);
        };
        together({{0, [&] { enqueue_all(items[0]); }}, {1, [&] { enqueue_all(items[1]); }}});
        const auto pause = fault_schedules() != 0 ? 1ms : 1us;  // with refusals it takes seconds
        while (cmwq::detail::item_busy(items[0][3]) || cmwq::detail::item_busy(items[1][3])) model::sleep_for(pause);
        rt.system().flush();
    });
}

TEST(workers, the_running_count_never_falls_below_zero) {
    const auto how = with_pool_invariant(on_cpus(2), [](engine::worker_pool& pool) {
        const int running = pool.nr_running.load(std::memory_order_relaxed);
        const auto workers = static_cast<int>(pool.nr_workers.load(std::memory_order_relaxed));
        model::check(running >= 0, "nobody leaves the running count twice");
        model::check(running <= workers + 1, "nobody joins the running count twice");
    });
    explore(how, schedules, [] {
        tested_runtime rt;
        std::array<tested_item, 5> items;
        for (tested_item& item : items) {
            item.body = [](tested_item&) {
                model::sleep_for(15ms);
                work_a_little();
            };
        }
        for (tested_item& item : items) (void)rt.system().enqueue(item);
        items[4].flush();
        rt.system().flush();
        settle();
        for_each_pool(*engine::access::impl(rt), [](engine::worker_pool& pool) {
            model::check(pool.nr_running.load(std::memory_order_relaxed) == 0, "nobody is counted when all is done");
            model::check(pool.near->nr_looking.load(std::memory_order_relaxed) == 0, "nobody looks when all is done");
        });
    });
}

TEST(workers, a_burst_makes_no_more_of_them_than_cpus) {
    for (const auto& how : {on_cpus(1), on_cpus(2), on_two_nodes()}) {
        const auto cpus = static_cast<std::uint64_t>(how.cpus.count);
        explore(without_watchdog(how), schedules, [cpus] {
            tested_runtime rt;
            std::array<tested_item, 10> items;
            for (tested_item& item : items) (void)rt.system().enqueue(item);
            rt.system().flush();
            model::check(rt.statistics().workers_created <= cpus, "as many as CPUs suffice while nobody blocks");
        });
    }
}

TEST(workers, those_that_block_are_replaced_one_by_one) {
    explore(on_cpus(2), schedules, [] {
        tested_runtime rt;
        std::array<tested_item, 6> items;
        for (tested_item& item : items) item.body = [](tested_item&) { model::sleep_for(1s); };
        for (tested_item& item : items) (void)rt.system().enqueue(item);
        model::sleep_for(900ms);
        for (const tested_item& item : items) model::check(item.runs == 1, "all of them block at once");
        model::check(rt.statistics().workers_created <= 6 + 2 * 2,
                     "one for each that blocks, a runner and a spare for each CPU");
        rt.system().flush();
    });
}

}  // namespace
