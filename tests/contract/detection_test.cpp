// SPDX-License-Identifier: Apache-2.0
//
// What a runtime tells about blocked items: who found them, how late, and what it does and says when states of threads
// cannot be read any more.
#include "support/cpus.hpp"
#include "support/gate.hpp"
#include "support/own_process.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using cmwq::block_detection;
using cmwq::runtime_statistics;

/// Items that each wait for the next: each has to be found blocked, by somebody.
void block_one_after_the_other(cmwq::queue& wq, int count) {
    std::vector<std::unique_ptr<support::gate>> gates;
    for (int i = 0; i <= count; ++i) {
        gates.push_back(std::make_unique<support::gate>());
    }
    std::atomic<int> passed{0};
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
        ASSERT_TRUE(wq.try_spawn([&, i] {
            passed += gates[i + 1]->pass() ? 1 : 0;
            gates[i]->open();
        }));
    }
    ASSERT_TRUE(wq.try_spawn([&] { gates[static_cast<std::size_t>(count)]->open(); }));
    wq.flush();
    EXPECT_EQ(passed, count);
}

TEST(detection_statistics, watchdog_alone_is_some_ten_milliseconds_late) {
    cmwq::runtime own{{.detect = block_detection::watchdog}};
    const support::pinned_to place{support::allowed_cpus().front()};
    block_one_after_the_other(own.system(), 4);
    const runtime_statistics told = own.statistics();
    EXPECT_GE(told.blocks_found_by_watchdog, 1u);
    EXPECT_EQ(told.blocks_found_by_canary + told.blocks_found_by_batch_canary, 0u);
    EXPECT_EQ(told.canary_lateness, 0ns);
    EXPECT_GE(told.most_watchdog_lateness, 5ms);
    EXPECT_GE(told.watchdog_lateness, told.most_watchdog_lateness);
    EXPECT_LE(told.watchdog_lateness, told.blocks_found_by_watchdog * told.most_watchdog_lateness);
}

TEST(detection_statistics, each_find_counts_for_the_one_who_made_it) {
    for (const block_detection tier : {block_detection::canary, block_detection::batch_canary}) {
        cmwq::runtime own{{.detect = tier}};
        const support::pinned_to place{support::allowed_cpus().front()};
        std::uint64_t count = 0;
        // On a busy machine the watchdog may be first for a while.
        EXPECT_TRUE(support::eventually([&] {
            block_one_after_the_other(own.system(), 20);
            const runtime_statistics told = own.statistics();
            count = tier == block_detection::canary ? told.blocks_found_by_canary : told.blocks_found_by_batch_canary;
            return count != 0;
        }));
        const runtime_statistics told = own.statistics();
        const bool batch = tier == block_detection::batch_canary;
        const auto sum = batch ? told.batch_canary_lateness : told.canary_lateness;
        const auto most = batch ? told.most_batch_canary_lateness : told.most_canary_lateness;
        EXPECT_GT(most, 0ns);
        EXPECT_GE(sum, most);
        if (batch) {
            EXPECT_EQ(told.blocks_found_by_canary, 0u);
        }
    }
}

TEST(detection_statistics, computing_items_are_hogs_and_not_blocked) {
    cmwq::runtime own{{.detect = block_detection::watchdog}};
    const support::pinned_to place{support::allowed_cpus().front()};
    const auto limit = std::chrono::steady_clock::now() + support::patience();
    // More than the CPUs can begin: hogs are looked for while something waits.
    for (std::size_t i = 0; i < 2 * support::allowed_cpus().size() + 2; ++i) {
        ASSERT_TRUE(own.system().try_spawn([&] {
            while (own.statistics().cpu_hogs == 0 && std::chrono::steady_clock::now() < limit) {}
        }));
    }
    own.system().flush();
    EXPECT_GE(own.statistics().cpu_hogs, 1u);
    EXPECT_EQ(own.statistics().blocks_found_by_watchdog, 0u);
}

rlim_t limit_descriptors(rlim_t to) {
    rlimit now{};
    getrlimit(RLIMIT_NOFILE, &now);
    const rlim_t former = std::exchange(now.rlim_cur, to);
    setrlimit(RLIMIT_NOFILE, &now);
    return former;
}

/// Nothing can be opened, and what was open is not any more.
rlim_t be_without_descriptors() {
    const rlim_t former = limit_descriptors(0);
    close_range(STDERR_FILENO + 1, ~0u, 0);
    return former;
}

// Without descriptors no state of a thread can be read; privileges given up have the same effect.
TEST(detection_loss, is_counted_and_told_once_and_items_go_on) {
    if (!support::plays("losing")) {
        const auto child = support::run_alone("detection_loss.is_counted_and_told_once_and_items_go_on", "losing");
        EXPECT_TRUE(child.exited && child.status == 0) << child.output;
        const std::string told = "states of threads cannot be read";
        const auto first = child.output.find(told);
        EXPECT_NE(first, std::string::npos) << child.output;
        EXPECT_EQ(child.output.find(told, first + 1), std::string::npos) << child.output;
        return;
    }
    unsetenv("CMWQ_BLOCK_DETECT");
    cmwq::runtime own;
    const support::pinned_to place{support::allowed_cpus().front()};
    block_one_after_the_other(own.system(), 10);
    EXPECT_EQ(own.statistics().detection_losses, 0u);
    for (std::uint64_t losses = 1; losses <= 2; ++losses) {
        const rlim_t former = be_without_descriptors();
        EXPECT_TRUE(support::eventually([&] {
            block_one_after_the_other(own.system(), 5);
            return own.statistics().detection_losses == losses;
        }));
        limit_descriptors(former);
        const auto finds = [&] {
            const runtime_statistics told = own.statistics();
            return told.blocks_found_by_canary + told.blocks_found_by_batch_canary;
        };
        const std::uint64_t before = finds();
        EXPECT_TRUE(support::eventually([&] {
            block_one_after_the_other(own.system(), 20);
            return finds() > before;
        })) << "the canary is back";
    }
}

}  // namespace
