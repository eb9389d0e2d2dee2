// SPDX-License-Identifier: Apache-2.0
//
// Promise 10: idle costs nothing. After work of every kind, the kernel's own counters of the library's threads stand
// still: no time on a CPU, no switch, not even one.
#include "support/cpus.hpp"
#include "support/gate.hpp"
#include "support/tasks.hpp"

#include <cmwq/cmwq.hpp>

#include <algorithm>
#include <gtest/gtest.h>
#include <thread>

namespace {

/// All threads that cannot belong to a sanitizer.
std::map<int, support::task> watched_tasks() {
    return support::thread_sanitized ? support::library_tasks() : support::other_tasks();
}

/// A canary that is to look once more gets no CPU for seconds where others compute: it does not sleep meanwhile.
bool all_sleep(const std::map<int, support::task>& tasks) {
    return std::all_of(tasks.begin(), tasks.end(), [](const auto& each) { return each.second.state == "S"; });
}

/// Waits until nothing has happened for a moment: what is left of the work may end first.
bool comes_to_rest() {
    auto before = watched_tasks();
    return support::eventually([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds{100});
        auto now = watched_tasks();
        std::swap(before, now);
        return now == before && all_sleep(before);
    });
}

/// One quiet window is asked for, of two: on a loaded machine the canary's twin goes off duty some seconds after the
/// work, once.
bool rests_for(std::chrono::milliseconds time) {
    const auto before = watched_tasks();
    std::this_thread::sleep_for(time);
    return watched_tasks() == before;
}

void expect_rest_for(std::chrono::milliseconds time) {
    ASSERT_TRUE(comes_to_rest());
    if (rests_for(time)) {
        ASSERT_FALSE(watched_tasks().empty()) << "the workers stay for a while";
        return;
    }
    ASSERT_TRUE(comes_to_rest());
    const auto before = watched_tasks();
    ASSERT_FALSE(before.empty()) << "the workers stay for a while";
    std::this_thread::sleep_for(time);
    const auto after = watched_tasks();
    EXPECT_EQ(after.size(), before.size());
    for (const auto& [id, task] : before) {
        const auto found = after.find(id);
        ASSERT_NE(found, after.end()) << task.name;
        EXPECT_EQ(found->second.switches, task.switches) << task.name;
        EXPECT_EQ(found->second.cpu_time, task.cpu_time) << task.name;
    }
}

constexpr std::chrono::milliseconds long_enough{1200};

TEST(idle, costs_nothing_after_short_items) {
    for (cmwq::queue* wq : {&cmwq::system(), &cmwq::system_unbound(), &cmwq::system_highpri()}) {
        for (int i = 0; i < 10'000; ++i) {
            ASSERT_TRUE(wq->try_spawn([] {}));
        }
        wq->flush();
    }
    expect_rest_for(long_enough);
}

TEST(idle, costs_nothing_after_items_that_blocked_and_computed) {
    auto wq = cmwq::make_queue(cmwq::percpu{.name = "blocking"});
    support::gate last_started;
    for (int i = 0; i < 8; ++i) {
        ASSERT_TRUE(wq->try_spawn([&] { EXPECT_TRUE(last_started.pass()); }));
    }
    ASSERT_TRUE(wq->try_spawn([&] { last_started.open(); }));
    ASSERT_TRUE(wq->try_spawn([] {
        const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds{40};
        while (std::chrono::steady_clock::now() < end) {}
    }));
    wq->flush();
    expect_rest_for(long_enough);
}

TEST(idle, costs_nothing_while_an_item_blocks_and_nothing_waits) {
    support::gate entered, way_out;
    ASSERT_TRUE(cmwq::system().try_spawn([&] {
        entered.open();
        way_out.pass();
    }));
    ASSERT_TRUE(entered.pass());
    expect_rest_for(long_enough);
    way_out.open();
    cmwq::system().flush();
}

TEST(idle, costs_nothing_after_limited_queues_and_drains) {
    for (int i = 0; i < 20; ++i) {
        auto wq = cmwq::make_queue(cmwq::unbound{.name = "limited", .max_active = 2});
        for (int n = 0; n < 100; ++n) {
            ASSERT_TRUE(wq->try_spawn([] {}));
        }
        wq->drain();
    }
    expect_rest_for(long_enough);
}

}  // namespace
