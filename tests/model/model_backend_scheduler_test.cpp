// SPDX-License-Identifier: Apache-2.0
//
// The deterministic scheduler itself: same seed, same run; virtual time; CPUs; what ends a run.
#include "model/explore.hpp"
#include "platform/port.hpp"

#include <chrono>
#include <cstdlib>
#include <gtest/gtest.h>
#include <memory>
#include <new>
#include <set>
#include <string>
#include <vector>

namespace {

using namespace cmwq_test;
using namespace std::chrono_literals;
namespace platform = cmwq::platform;

constexpr auto relaxed = std::memory_order_relaxed;

bool contains(const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
}

// Something of everything: atomics, a lock, parking with and without deadline, time, memory.
void busy_body() {
    const auto on_the_heap = std::make_unique<platform::atomic<int>>(0);
    platform::atomic<int>& counter = *on_the_heap;
    platform::mutex lock;
    platform::parker bell;
    std::vector<model::thread> threads;
    for (int i = 0; i < 3; ++i) {
        threads.push_back(model::spawn("busy", [&, i] {
            for (int k = 0; k < 5; ++k) counter.fetch_add(k, relaxed);
            lock.lock();
            void* block = platform::allocate(64, 8);
            model::sleep_for(std::chrono::microseconds(i));
            if (block != nullptr) platform::deallocate(block, 64, 8);
            lock.unlock();
            bell.unpark();
        }));
    }
    static_cast<void>(bell.park_until(platform::now() + 2us));
    for (auto& thread : threads) thread.join();
}

TEST(model_backend_scheduler, same_seed_gives_the_same_run) {
    for (const auto strategy : {model::strategy::random_walk, model::strategy::pct}) {
        model::options how;
        how.schedule = strategy;
        how.migrate = true;
        how.time_leaps = 0.01;
        for (how.seed = 1; how.seed <= 50; ++how.seed) {
            const auto first = model::run(how, busy_body);
            const auto occupied = std::make_unique<platform::atomic<int>>(0);  // where the first run had its atomic
            const auto second = model::run(how, busy_body);
            ASSERT_FALSE(first.failed) << first.report;
            ASSERT_EQ(first.trace_hash, second.trace_hash);
            ASSERT_EQ(first.steps, second.steps);
            ASSERT_EQ(first.virtual_time, second.virtual_time);
            ASSERT_EQ(first.switches, second.switches);
        }
    }
}

TEST(model_backend_scheduler, different_seeds_give_different_runs) {
    std::set<std::uint64_t> hashes;
    model::options how;
    for (how.seed = 1; how.seed <= 100; ++how.seed) hashes.insert(model::run(how, busy_body).trace_hash);
    EXPECT_EQ(hashes.size(), 100u);
}

TEST(model_backend_scheduler, exploration_repeats_itself) {
    auto plan = plan_of_this_test(200);
    plan.quiet = true;
    const auto first = model::explore({}, plan, busy_body);
    const auto second = model::explore({}, plan, busy_body);
    EXPECT_FALSE(first.failed) << first.first_failure.report;
    EXPECT_EQ(first.steps, second.steps);
    EXPECT_EQ(first.distinct, second.distinct);
}

TEST(model_backend_scheduler, exploration_tells_of_what_outlives_a_run) {
    int runs = 0;
    auto plan = plan_of_this_test(20);
    plan.quiet = true;
    const auto found = model::explore({}, plan, [&runs] {
        if (++runs == 1) model::interrupt();
        busy_body();
    });
    EXPECT_TRUE(found.failed);
    EXPECT_TRUE(contains(found.first_failure.message, "something outlives a run")) << found.first_failure.message;
}

void lose_an_update() {
    platform::atomic<int> counter{0};
    auto other = model::spawn("other", [&] { counter.store(counter.load(relaxed) + 1, relaxed); });
    counter.store(counter.load(relaxed) + 1, relaxed);
    other.join();
    model::check(counter.load(relaxed) == 2, "no increment is lost");
}

TEST(model_backend_scheduler, printed_seed_replays_the_failure_with_its_trace) {
    const auto found = find_failure({}, 1'000, lose_an_update);
    const std::string variable = "CMWQ_MODEL_SEED=" + std::string([&] {
                                     char digits[32];
                                     std::snprintf(digits, sizeof digits, "%#" PRIx64, found.schedule_seed);
                                     return std::string(digits);
                                 }());
    EXPECT_TRUE(contains(found.first_failure.report, (variable + " model_tests --gtest_filter=").c_str()))
        << found.first_failure.report;

    setenv("CMWQ_MODEL_SEED", variable.substr(variable.find('=') + 1).c_str(), 1);
    testing::internal::CaptureStderr();
    auto plan = plan_of_this_test(1'000);
    plan.quiet = true;
    const auto replayed = model::explore({}, plan, lose_an_update);
    const std::string trace = testing::internal::GetCapturedStderr();
    unsetenv("CMWQ_MODEL_SEED");
    EXPECT_TRUE(replayed.failed);
    EXPECT_EQ(replayed.schedules, 1u);
    EXPECT_EQ(replayed.first_failure.trace_hash, found.first_failure.trace_hash);
    EXPECT_TRUE(contains(trace, "other          atomic 1 load 0 (relaxed)")) << trace;
}

TEST(model_backend_scheduler, number_of_schedules_is_taken_from_the_environment) {
    const char* wanted = std::getenv("CMWQ_MODEL_SCHEDULES");
    const std::string before = wanted != nullptr ? wanted : "";
    setenv("CMWQ_MODEL_SCHEDULES", "7", 1);
    const auto found = model::explore({}, plan_of_this_test(1'000), busy_body);
    if (before.empty()) {
        unsetenv("CMWQ_MODEL_SCHEDULES");
    } else {
        setenv("CMWQ_MODEL_SCHEDULES", before.c_str(), 1);
    }
    EXPECT_EQ(found.schedules, 7u);
}

TEST(model_backend_scheduler, sleepers_wake_in_the_order_of_their_deadlines) {
    explore({}, 500, [] {
        std::vector<int> order;
        std::vector<model::thread> threads;
        for (const int i : {3, 1, 2}) {
            threads.push_back(model::spawn("sleeper", [&order, i] {
                model::sleep_for(std::chrono::milliseconds(i));
                order.push_back(i);
            }));
        }
        for (auto& thread : threads) thread.join();
        model::check(order == std::vector<int>{1, 2, 3}, "the shortest sleep ends first");
        model::check(platform::now() >= 3ms && platform::now() < 4ms, "time passes as slept, not longer");
    });
}

TEST(model_backend_scheduler, park_until_times_out_at_its_deadline_and_not_before) {
    explore({}, 200, [] {
        platform::parker bell;
        const auto deadline = platform::now() + 5ms;
        model::check(!bell.park_until(deadline), "nobody gave the token");
        model::check(platform::now() >= deadline, "the deadline has passed");
        bell.unpark();
        model::check(bell.park_until(deadline), "a token is taken even after the deadline");
    });
}

TEST(model_backend_scheduler, token_ends_park_until_long_before_its_deadline) {
    explore({}, 200, [] {
        platform::parker bell;
        auto waker = model::spawn("waker", [&] { bell.unpark(); });
        model::check(bell.park_until(platform::now() + 1h), "the token came");
        model::check(platform::now() < 1s, "and was taken at once");
        waker.join();
    });
}

TEST(model_backend_scheduler, mutex_admits_one_at_a_time_and_loses_nobody) {
    explore({}, 1'000, [] {
        platform::mutex lock;
        int inside = 0, visits = 0;
        const auto visit = [&] {
            for (int i = 0; i < 2; ++i) {
                lock.lock();
                model::check(++inside == 1, "one at a time");
                model::interrupt();
                --inside;
                ++visits;
                lock.unlock();
            }
        };
        auto second = model::spawn("second", visit);
        auto third = model::spawn("third", visit);
        visit();
        second.join();
        third.join();
        model::check(visits == 6, "everybody came in");
    });
}

TEST(model_backend_scheduler, token_given_twice_is_one_token) {
    explore({}, 200, [] {
        platform::parker bell;
        bell.unpark();
        bell.unpark();
        bell.park();
        model::check(!bell.park_until(platform::now() + 1us), "the second token was the first");
    });
}

TEST(model_backend_scheduler, parker_may_be_destroyed_by_the_woken_thread) {
    explore({}, 500, [] {
        auto* bell = new platform::parker;
        auto waker = model::spawn("waker", [bell] { bell->unpark(); });
        bell->park();
        delete bell;
        waker.join();
    });
}

TEST(model_backend_scheduler, time_passes_for_threads_that_only_yield) {
    for (const auto strategy : {model::strategy::random_walk, model::strategy::pct}) {
        model::options how;
        how.schedule = strategy;
        how.step_limit = 2'000;
        const auto result = model::run(how, [] {
            platform::atomic<bool> done{false};
            auto sleeper = model::spawn("sleeper", [&] {
                model::sleep_for(1s);
                done.store(true, relaxed);
            });
            auto spinner = model::spawn("spinner", [&] {
                while (!done.load(relaxed)) platform::pause();
            });
            while (!done.load(relaxed)) platform::yield();
            sleeper.join();
            spinner.join();
        });
        EXPECT_FALSE(result.failed) << result.report;
    }
}

TEST(model_backend_scheduler, time_does_not_leap_while_somebody_is_on_his_way) {
    for (const auto strategy : {model::strategy::random_walk, model::strategy::pct}) {
        bool on_his_way = false, leapt = false;
        model::options how;
        how.schedule = strategy;
        how.on_leap = [&](std::chrono::nanoseconds) { leapt = leapt || on_his_way; };
        for (how.seed = 1; how.seed <= 50; ++how.seed) {
            const auto result = model::run(how, [&on_his_way] {
                on_his_way = true;
                platform::atomic<bool> done{false};
                auto sleeper = model::spawn("sleeper", [] { model::sleep_for(1s); });
                auto spinner = model::spawn("spinner", [&] {
                    while (!done.load(relaxed)) platform::pause();
                });
                for (int step = 0; step < 300; ++step) model::interrupt();
                on_his_way = false;
                done.store(true, relaxed);
                spinner.join();
                sleeper.join();
            });
            ASSERT_FALSE(result.failed) << result.report;
            ASSERT_FALSE(leapt) << "seed " << how.seed;
        }
    }
}

TEST(model_backend_scheduler, strict_priorities_do_not_starve_whom_a_spinner_waits_for) {
    model::options how;
    how.schedule = model::strategy::pct;
    how.pct_depth = 1;
    for (how.seed = 1; how.seed <= 20; ++how.seed) {
        const auto result = model::run(how, [] {
            platform::atomic<bool> go{false};
            auto other = model::spawn("other", [&] { go.store(true, relaxed); });
            while (!go.load(relaxed)) {}
            other.join();
        });
        ASSERT_FALSE(result.failed) << result.report;
    }
}

TEST(model_backend_scheduler, task_state_tells_blocked_from_running) {
    explore({}, 300, [] {
        platform::mutex lock;
        lock.lock();
        auto sleeper = model::spawn("sleeper", [] { model::sleep_for(1ms); });
        auto burner = model::spawn("burner", [] { model::burn(1ms); });
        auto waiter = model::spawn("waiter", [&] {
            lock.lock();
            lock.unlock();
        });
        model::sleep_for(500us);
        using platform::task_state;
        model::check(platform::task_state_of(sleeper.id()) == task_state::blocked, "a sleeper is blocked");
        model::check(platform::task_state_of(burner.id()) == task_state::running, "who burns CPU is running");
        model::check(platform::task_state_of(waiter.id()) == task_state::blocked, "who waits for a lock is blocked");
        const int self = platform::current_thread_id();
        model::check(platform::task_state_of(self) == task_state::running, "the caller is running");
        lock.unlock();
        sleeper.join();
        waiter.join();
        burner.join();
        model::check(platform::task_state_of(burner.id()) == task_state::unknown, "who has ended is unknown");
        model::check(platform::cpu_time_of(burner.id()) >= 1ms, "burnt time counts");
        model::check(platform::cpu_time_of(sleeper.id()) < 1ms, "slept time does not");
    });
}

TEST(model_backend_scheduler, topology_is_what_the_test_says) {
    model::options how;
    how.cpus = {.count = 64, .nodes = 4, .caches = 8};
    const auto result = model::run(how, [] {
        const auto& cpus = platform::discover_topology();
        model::check(cpus.nr_cpus == 64, "64 CPUs");
        model::check(cpus.cpus[0].node == 0 && cpus.cpus[16].node == 1 && cpus.cpus[63].node == 3, "16 a node");
        model::check(cpus.cpus[7].cache == 0 && cpus.cpus[8].cache == 1 && cpus.cpus[63].cache == 7, "8 a cache");
    });
    EXPECT_FALSE(result.failed) << result.report;
}

TEST(model_backend_scheduler, pinned_threads_stay_and_others_migrate) {
    model::options how;
    how.cpus.count = 8;
    how.migrate = true;
    explore(how, 100, [] {
        platform::atomic<int> unused{0};
        auto pinned = model::spawn(
            "pinned",
            [&] {
                for (int i = 0; i < 20; ++i) {
                    unused.load(relaxed);
                    model::check(platform::current_cpu() == 5, "a pinned thread stays");
                }
            },
            5);
        std::set<int> seen;
        for (int i = 0; i < 200; ++i) {
            unused.load(relaxed);
            seen.insert(platform::current_cpu());
        }
        model::check(seen.size() > 1, "an unpinned thread moves");
        pinned.join();
    });
}

TEST(model_backend_scheduler, thread_slot_is_per_thread_and_null_at_first) {
    explore({}, 100, [] {
        int mine = 0, theirs = 0;
        platform::set_thread_slot(&mine);
        auto other = model::spawn("other", [&] {
            model::check(platform::thread_slot() == nullptr, "null at first");
            platform::set_thread_slot(&theirs);
            model::interrupt();
            model::check(platform::thread_slot() == &theirs, "its own");
        });
        model::interrupt();
        model::check(platform::thread_slot() == &mine, "nobody else's");
        other.join();
    });
}

TEST(model_backend_scheduler, threads_left_after_the_body_are_a_failure_unless_allowed) {
    platform::parker forever;
    const auto body = [&] { model::spawn("left", [&] { forever.park(); }); };
    const auto strict = model::run({}, body);
    EXPECT_TRUE(strict.failed);
    EXPECT_TRUE(contains(strict.message, "the body has returned, and a thread waits")) << strict.message;
    model::options lenient;
    lenient.allow_unfinished_threads = true;
    EXPECT_FALSE(model::run(lenient, body).failed);
}

TEST(model_backend_scheduler, lock_misuse_is_reported) {
    platform::mutex lock;
    const auto twice = model::run({}, [&]() CMWQ_NO_THREAD_SAFETY_ANALYSIS {
        lock.lock();
        lock.lock();
    });
    EXPECT_TRUE(contains(twice.message, "locks a mutex that it holds")) << twice.message;
    const auto foreign = model::run({}, [&]() CMWQ_NO_THREAD_SAFETY_ANALYSIS {
        lock.lock();  // free again: the run that left it locked is over
        model::spawn("other", [&]() CMWQ_NO_THREAD_SAFETY_ANALYSIS { lock.unlock(); }).join();
    });
    EXPECT_TRUE(contains(foreign.message, "unlocks a mutex that it does not hold")) << foreign.message;
}

TEST(model_backend_scheduler, failed_run_does_not_touch_the_next) {
    for (int i = 0; i < 100; ++i) {
        const auto failed = model::run({}, [] {
            static_cast<void>(platform::allocate(100, 16));
            model::spawn("other", [] { model::sleep_for(1h); });
            model::fail("on purpose");
        });
        ASSERT_TRUE(failed.failed);
        const auto next = model::run({}, busy_body);
        ASSERT_FALSE(next.failed) << next.report;
    }
}

TEST(model_backend_scheduler, state_that_outlives_a_run_is_set_up_and_dropped_around_it) {
    std::vector<std::string> calls;
    void* kept = nullptr;
    model::options how;
    how.before_run = [&] { calls.push_back("before"); };
    how.after_run = [&](bool failed) {
        calls.push_back(failed ? "after a failure" : "after");
        platform::deallocate(kept, 32, 8);
    };
    const auto result = model::run(how, [&] { kept = platform::allocate(32, 8); });
    EXPECT_FALSE(result.failed) << result.report;
    EXPECT_EQ(calls, (std::vector<std::string>{"before", "after"}));
}

TEST(model_backend_scheduler, assertions_of_the_test_framework_fail_the_exploration) {
    auto plan = plan_of_this_test(100);
    plan.quiet = true;
    int runs = 0;
    plan.also_failed = [&] { return runs == 3; };
    const auto found = model::explore({}, plan, [&] { ++runs; });
    EXPECT_TRUE(found.failed);
    EXPECT_EQ(found.schedules, 3u);
}

#if defined(__cpp_exceptions)
TEST(model_backend_scheduler, exceptions_in_flight_belong_to_their_thread) {
    explore({}, 300, [] {
        const auto throw_and_catch = [](int own) {
            try {
                throw own;
            } catch (int caught) {
                model::interrupt();  // others throw and catch meanwhile
                model::interrupt();
                model::check(caught == own, "its own exception");
                try {
                    throw;
                } catch (int again) {
                    model::check(again == own, "its own exception, thrown again");
                }
            }
        };
        auto other = model::spawn("other", [&] { throw_and_catch(2); });
        throw_and_catch(1);
        other.join();
    });
}
#endif

TEST(model_backend_scheduler_death, process_that_dies_in_a_run_says_how_to_replay) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(model::explore({}, plan_of_this_test(10), [] { std::abort(); }),
                 "died in a run; replay: CMWQ_MODEL_SEED=0x[0-9a-f]+ model_tests --gtest_filter=");
}

TEST(model_backend_scheduler, operations_outside_of_a_run_are_plain) {
    platform::atomic<int> counter{1};
    EXPECT_EQ(counter.fetch_add(2, relaxed), 1);
    EXPECT_EQ(counter.exchange(5, relaxed), 3);
    platform::mutex lock;
    lock.lock();
    EXPECT_FALSE(lock.try_lock());
    lock.unlock();
    platform::parker bell;
    bell.unpark();
    bell.park();
    EXPECT_EQ(platform::current_thread_id(), 0);
    EXPECT_EQ(platform::discover_topology().nr_cpus, 1);
}

}  // namespace
