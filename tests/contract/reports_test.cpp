// SPDX-License-Identifier: Apache-2.0
//
// What the library says on stderr by itself: pools that do not get on, and items that compute for too long.
#include "support/cpus.hpp"
#include "support/gate.hpp"

#include <cmwq/cmwq.hpp>

#include <ctime>
#include <gtest/gtest.h>
#include <string>
#include <thread>

namespace {

using namespace std::chrono_literals;

std::size_t occurrences(const std::string& text, const std::string& of) {
    std::size_t count = 0;
    for (auto at = text.find(of); at != std::string::npos; at = text.find(of, at + 1)) ++count;
    return count;
}

/// What is written to stderr while `body` runs.
template <class Body>
std::string told_during(Body body) {
    testing::internal::CaptureStderr();
    body();
    return testing::internal::GetCapturedStderr();
}

struct stuck_item : cmwq::work<stuck_item> {
    support::gate gate;
    static void run(stuck_item& self) {
        cmwq::this_worker::describe("waits at the gate");
        (void)self.gate.pass();
    }
};

/// One worker, which waits in an item; another item that nobody can run, for `time`.
std::string stall_for(std::chrono::milliseconds time, std::chrono::nanoseconds limit) {
    return told_during([&] {
        cmwq::runtime own{{.max_workers = 1, .report_stalls_after = limit}};
        auto wq = own.make_queue(cmwq::percpu{.name = "stuck queue"});
        const support::pinned_to place{support::allowed_cpus().front()};
        stuck_item item;
        ASSERT_TRUE(wq->enqueue(item));
        ASSERT_TRUE(wq->try_spawn([] {}));
        std::this_thread::sleep_for(time);
        item.gate.open();
        wq->flush();
    });
}

TEST(stall_report, names_queue_and_item_and_where_the_worker_stands) {
    const std::string told = stall_for(300ms, 100ms);
    EXPECT_NE(told.find("has begun no item for"), std::string::npos) << told;
    EXPECT_NE(told.find("of queue \"stuck queue\""), std::string::npos) << told;
    EXPECT_NE(told.find("stuck_item"), std::string::npos) << told;
    EXPECT_NE(told.find("(waits at the gate)"), std::string::npos) << told;
    EXPECT_NE(told.find("blocked"), std::string::npos) << told;
    EXPECT_NE(told.find("thread "), std::string::npos) << told;
}

TEST(stall_report, says_for_how_long_the_item_has_been_stuck) {
    const std::string told = stall_for(1700ms, 400ms);
    EXPECT_NE(told.find(", for 1 s, "), std::string::npos) << told;
}

TEST(stall_report, comes_once_per_limit) {
    const std::string told = stall_for(450ms, 100ms);
    EXPECT_GE(occurrences(told, "has begun no item"), 1u) << told;
    EXPECT_LE(occurrences(told, "has begun no item"), 5u) << told;
}

TEST(stall_report, can_be_switched_off) {
    EXPECT_EQ(stall_for(200ms, 0ns), "");
}

TEST(stall_report, does_not_come_for_a_pool_that_gets_on) {
    const std::string told = told_during([] {
        cmwq::runtime own{{.max_workers = 1, .report_stalls_after = 2s}};
        const support::pinned_to place{support::allowed_cpus().front()};
        for (int i = 0; i < 20; ++i) {
            ASSERT_TRUE(own.system().try_spawn([] { std::this_thread::sleep_for(10ms); }));
        }
        own.system().flush();
    });
    EXPECT_EQ(told, "");
}

/// Enqueues itself until as many flushes as that have waited for it.
struct successive : cmwq::work<successive> {
    successive(cmwq::runtime& on, cmwq::queue& queue, std::uint64_t flushes) : own{on}, wq{queue}, enough{flushes} {}
    static void run(successive& self) {
        if (self.own.statistics().flushes < self.enough) {
            EXPECT_TRUE(self.wq.enqueue(self));
        }
    }
    cmwq::runtime& own;
    cmwq::queue& wq;
    std::uint64_t enough;
};

std::string told_of_a_drain(std::uint64_t rounds, std::chrono::nanoseconds report_stalls_after) {
    return told_during([&] {
        cmwq::runtime own{{.report_stalls_after = report_stalls_after}};
        auto wq = own.make_queue(cmwq::percpu{.name = "endless queue"});
        successive item{own, *wq, rounds};
        ASSERT_TRUE(wq->enqueue(item));
        wq->drain();
    });
}

TEST(drain_report, comes_at_the_tenth_round_and_at_each_hundredth) {
    const std::string told = told_of_a_drain(210, 30s);
    for (const char* rounds : {" 10 rounds", " 100 rounds", " 200 rounds"}) {
        EXPECT_EQ(occurrences(told, std::string{"draining queue \"endless queue\" has taken"} + rounds), 1u) << told;
    }
    EXPECT_EQ(occurrences(told, " 11 rounds") + occurrences(told, " 20 rounds"), 0u) << told;
}

TEST(drain_report, does_not_come_for_a_drain_that_ends) {
    EXPECT_EQ(told_of_a_drain(0, 30s), "");
}

TEST(drain_report, can_be_switched_off) {
    EXPECT_EQ(told_of_a_drain(110, 0s), "");
}

std::chrono::nanoseconds own_cpu_time() {
    timespec used{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return std::chrono::seconds{used.tv_sec} + std::chrono::nanoseconds{used.tv_nsec};
}

struct computing_item : cmwq::work<computing_item> {
    static void run(computing_item&) {
        const auto enough = own_cpu_time() + 60ms;
        while (own_cpu_time() < enough) {}
    }
};

TEST(hog_report, comes_for_the_fourth_item_and_then_ever_more_rarely) {
    const std::string told = told_during([] {
        cmwq::runtime own{
            {.detect = cmwq::block_detection::watchdog}};  // where states are not read, all are called blocked
        auto wq = own.make_queue(cmwq::percpu{.name = "hogged"});
        const support::pinned_to place{support::allowed_cpus().front()};
        // Hogs are looked for while something waits, so the last few are not found.
        computing_item items[10];
        for (computing_item& each : items) ASSERT_TRUE(wq->enqueue(each));
        wq->flush();
        EXPECT_GE(own.statistics().cpu_hogs, 5u);
    });
    EXPECT_NE(told.find("of queue \"hogged\" has computed for more than 10 ms 4 times"), std::string::npos) << told;
    EXPECT_NE(told.find("ms 5 times"), std::string::npos) << told;
    EXPECT_EQ(told.find("ms 6 times"), std::string::npos) << told;
    EXPECT_EQ(told.find("ms 8 times"), std::string::npos) << told;
}

}  // namespace
