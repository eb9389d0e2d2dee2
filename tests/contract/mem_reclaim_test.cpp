// SPDX-License-Identifier: Apache-2.0
//
// Promise 8, for real: a process that may not have another thread still runs the items of a mem_reclaim queue.
#include "support/own_process.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <cstdio>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

/// From here on no thread can be started. The limit does not bind root, so root becomes somebody else first.
bool forbid_new_threads() {
    const rlimit none{0, 0};
    if (setrlimit(RLIMIT_NPROC, &none) != 0) return false;
    return geteuid() != 0 || setresuid(65534, 65534, 65534) == 0;
}

struct counted : cmwq::work<counted> {
    std::atomic<int> runs{0};
    std::atomic<bool> by_rescuer{false};
    static void run(counted& self) {
        self.by_rescuer = cmwq::this_worker::is_rescuer();
        ++self.runs;
    }
};

void use_queue_without_threads() {
    cmwq::runtime own;
    const auto wq = own.make_queue(cmwq::percpu{.name = "reclaim", .mem_reclaim = true});
    ASSERT_TRUE(wq);
    ASSERT_TRUE(forbid_new_threads());
    EXPECT_THROW(std::thread{[] {}}.join(), std::system_error) << "the limit does not hold here";
    std::vector<counted> items(100);
    for (counted& item : items) EXPECT_TRUE(wq->enqueue(item));
    wq->flush();
    for (const counted& item : items) {
        EXPECT_EQ(item.runs, 1);
        EXPECT_TRUE(item.by_rescuer);
    }
    EXPECT_GE(own.statistics().items_rescued, 100u);
    EXPECT_GE(own.statistics().worker_creation_failures, 1u);
}

TEST(mem_reclaim, makes_progress_in_a_process_that_may_not_start_threads) {
    if (!support::plays("no threads")) return support::expect_to_pass_alone("no threads");
    use_queue_without_threads();
    // Not by way of exit: LeakSanitizer starts a thread there, which this process may not.
    std::fflush(nullptr);
    _exit(HasFailure() ? 1 : 0);
}

TEST(mem_reclaim, uses_ordinary_workers_while_there_are_some) {
    const auto wq = cmwq::make_queue(cmwq::percpu{.name = "reclaim", .mem_reclaim = true});
    ASSERT_TRUE(wq);
    counted item;
    EXPECT_TRUE(wq->enqueue(item));
    wq->flush();
    EXPECT_EQ(item.runs, 1);
    EXPECT_FALSE(item.by_rescuer);
}

}  // namespace
