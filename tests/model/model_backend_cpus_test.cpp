// SPDX-License-Identifier: Apache-2.0
//
// The CPUs of the deterministic scheduler, with options::share_cpus: who burns when, and for how long.
#include "model/explore.hpp"
#include "platform/port.hpp"

#include <algorithm>
#include <chrono>
#include <gtest/gtest.h>
#include <initializer_list>
#include <utility>
#include <vector>

namespace {

using namespace cmwq_test;
using namespace std::chrono_literals;
namespace platform = cmwq::platform;

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr std::uint64_t schedules = 300;

/// Only burning and sleeping take time.
model::options sharing(int cpus, nanoseconds slice = 0ns) {
    model::options how;
    how.cpus = {.count = cpus};
    how.share_cpus = true;
    how.time_slice = slice;
    how.step_time = 0ns;
    return how;
}

/// All burn from the same moment on, on these CPUs; returns when each of them was through.
std::vector<nanoseconds> ends_of_burns(std::initializer_list<std::pair<int, milliseconds>> burns) {
    std::vector<nanoseconds> ends(burns.size());
    std::vector<model::thread> threads;
    for (const auto& [cpu, length] : burns) {
        threads.push_back(model::spawn(
            "burner",
            [&end = ends[threads.size()], length = length] {
                model::burn(length);
                end = platform::now();
            },
            cpu));
    }
    for (auto& thread : threads) thread.join();
    return ends;
}

TEST(model_backend_cpus, burns_on_one_cpu_come_one_after_the_other) {
    explore(sharing(2), schedules, [] {
        const auto ends = ends_of_burns({{0, 5ms}, {0, 5ms}});
        EXPECT_EQ(std::min(ends[0], ends[1]), 5ms);
        EXPECT_EQ(std::max(ends[0], ends[1]), 10ms);
    });
}

TEST(model_backend_cpus, burns_on_two_cpus_go_on_at_once) {
    explore(sharing(2), schedules, [] {
        const auto ends = ends_of_burns({{0, 5ms}, {1, 7ms}});
        EXPECT_EQ(ends[0], 5ms);
        EXPECT_EQ(ends[1], 7ms);
    });
}

TEST(model_backend_cpus, burns_do_not_wait_where_cpus_are_not_shared) {
    model::options how = sharing(1);
    how.share_cpus = false;
    explore(how, schedules, [] {
        const auto ends = ends_of_burns({{0, 5ms}, {0, 5ms}});
        EXPECT_EQ(ends[0], 5ms);
        EXPECT_EQ(ends[1], 5ms);
    });
}

TEST(model_backend_cpus, slices_are_taken_in_turns) {
    explore(sharing(1, 1ms), schedules, [] {
        const auto ends = ends_of_burns({{0, 5ms}, {0, 5ms}, {0, 1ms}});
        EXPECT_EQ(std::min(ends[0], ends[1]), 10ms);  // the short one was before both's second slice
        EXPECT_EQ(std::max(ends[0], ends[1]), 11ms);
        EXPECT_LE(ends[2], 3ms);
    });
}

TEST(model_backend_cpus, an_unpinned_burn_goes_to_a_free_cpu) {
    explore(sharing(2), schedules, [] {
        const auto ends = ends_of_burns({{0, 5ms}, {-1, 5ms}, {-1, 5ms}});
        const auto last = std::max({ends[0], ends[1], ends[2]});
        EXPECT_EQ(ends[0] + ends[1] + ends[2], 20ms);
        EXPECT_EQ(last, 10ms);
    });
}

TEST(model_backend_cpus, a_burn_that_is_unpinned_moves_to_a_free_cpu) {
    explore(sharing(2), schedules, [] {
        nanoseconds end{0};
        auto long_one = model::spawn(
            "long", [] { model::burn(20ms); }, 0);
        auto moved = model::spawn(
            "moved",
            [&] {
                model::burn(5ms);
                end = platform::now();
            },
            0);
        model::sleep_for(2ms);
        platform::pin_thread(moved.id(), -1);
        long_one.join();
        moved.join();
        // Whichever burnt first, the other one begins after 2 ms.
        EXPECT_TRUE(end == 5ms || end == 7ms) << end.count();
        EXPECT_EQ(platform::now(), end == 5ms ? 22ms : 20ms);
    });
}

TEST(model_backend_cpus, what_takes_no_time_waits_for_no_burn) {
    explore(sharing(1), schedules, [] {
        auto burner = model::spawn(
            "burner", [] { model::burn(10ms); }, 0);
        model::sleep_for(3ms);
        EXPECT_EQ(platform::now(), 3ms);
        EXPECT_EQ(platform::task_state_of(burner.id()), platform::task_state::running);
        burner.join();
        EXPECT_EQ(platform::now(), 10ms);
    });
}

TEST(model_backend_cpus, cpu_time_grows_while_a_thread_burns_and_not_while_it_waits_for_the_cpu) {
    explore(sharing(1), schedules, [] {
        auto first = model::spawn(
            "burner", [] { model::burn(6ms); }, 0);
        auto second = model::spawn(
            "burner", [] { model::burn(6ms); }, 0);
        model::sleep_for(4ms);
        const auto of_first = platform::cpu_time_of(first.id()), of_second = platform::cpu_time_of(second.id());
        EXPECT_EQ(of_first + of_second, 4ms);
        EXPECT_TRUE(of_first == 0ms || of_second == 0ms);
        first.join();
        second.join();
    });
}

/// Notes when it first gets the CPU.
struct low_priority_thread {
    nanoseconds first_look{-1};
    platform::thread thread{};

    void start() {
        const platform::thread_options options{.name = "idle",
                                               .cpu = 0,
                                               .policy = platform::thread_policy::idle,
                                               .stack_size = 0};
        const auto body = [](void* self) { static_cast<low_priority_thread*>(self)->first_look = platform::now(); };
        ASSERT_TRUE(thread.start(options, body, this));
    }
};

TEST(model_backend_cpus, the_idle_policy_waits_until_nobody_else_wants_the_cpu) {
    explore(sharing(2), schedules, [] {
        low_priority_thread idle;
        auto burner = model::spawn(
            "burner",
            [&] {
                idle.start();
                model::burn(5ms);
                for (int i = 0; i < 5; ++i) model::interrupt();  // could run: the other one still waits
                EXPECT_LT(idle.first_look, 0ns);
                model::sleep_for(1ms);
                EXPECT_EQ(idle.first_look, 5ms);
            },
            0);
        burner.join();
        idle.thread.join();
    });
}

TEST(model_backend_cpus, the_idle_policy_does_not_wait_for_other_cpus) {
    explore(sharing(2), schedules, [] {
        model::set_cpu(1);
        low_priority_thread idle;
        auto burner = model::spawn(
            "burner", [] { model::burn(5ms); }, 1);
        idle.start();
        idle.thread.join();
        EXPECT_EQ(idle.first_look, 0ns);
        burner.join();
    });
}

TEST(model_backend_cpus, same_seed_gives_the_same_run) {
    const auto body = [] {
        low_priority_thread idle;
        idle.start();
        static_cast<void>(ends_of_burns({{0, 3ms}, {0, 4ms}, {-1, 5ms}, {1, 2ms}}));
        idle.thread.join();
    };
    for (const auto strategy : {model::strategy::random_walk, model::strategy::pct}) {
        model::options how = sharing(2, 1ms);
        how.schedule = strategy;
        for (how.seed = 1; how.seed <= 50; ++how.seed) {
            const auto first = model::run(how, body), second = model::run(how, body);
            ASSERT_FALSE(first.failed) << first.report;
            ASSERT_EQ(first.trace_hash, second.trace_hash);
            ASSERT_EQ(first.virtual_time, second.virtual_time);
        }
    }
}

TEST(model_backend_cpus, every_order_of_burns_is_explored) {
    std::vector<int> first_of(2);
    explore_all(sharing(1), -1, 20'000, [&] {
        const auto ends = ends_of_burns({{0, 1ms}, {0, 1ms}});
        ++first_of[ends[0] < ends[1] ? 0 : 1];
    });
    EXPECT_GT(first_of[0], 0);
    EXPECT_GT(first_of[1], 0);
}

}  // namespace
