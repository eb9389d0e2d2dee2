// SPDX-License-Identifier: Apache-2.0
//
// The end of the process comes while items run, are pending, and enqueue themselves.
#include "support/gate.hpp"
#include "support/own_process.hpp"
#include "support/sanitizers.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <cstdlib>
#include <gtest/gtest.h>
#include <string>

#if defined(CMWQ_TEST_ASAN)
#include <sanitizer/lsan_interface.h>
#endif

namespace {

constexpr int left_well = 7;

/// While it exists, what is allocated is no leak.
struct allowed_to_leak {
#if defined(CMWQ_TEST_ASAN)
    allowed_to_leak() {
        __lsan_disable();
    }
    ~allowed_to_leak() {
        __lsan_enable();
    }
#else
    allowed_to_leak() {}
#endif
};

/// The running test, in a new process that plays `role`, ends with that status.
void expect_to_leave_well(const char* role) {
    const testing::TestInfo& now = *testing::UnitTest::GetInstance()->current_test_info();
    const auto child = support::run_alone(std::string{now.test_suite_name()} + "." + now.name(), role);
    EXPECT_TRUE(child.exited && child.status == left_well) << child.output;
}

struct restless : cmwq::work<restless> {
    static inline std::atomic<long> runs{0};
    static void run(restless& self) {
        ++runs;
        (void)cmwq::system().enqueue(self);
    }
};

TEST(process_end, comes_while_items_run_and_others_are_pending) {
    if (!support::plays("leaves")) {
        return expect_to_leave_well("leaves");
    }
    static restless items[4];
    static support::gate never;
    for (restless& item : items) {
        (void)cmwq::system().enqueue(item);
    }
    for (int i = 0; i < 4; ++i) {
        (void)cmwq::system_unbound().try_spawn([] { never.pass(); });
    }
    ASSERT_TRUE(support::eventually([] { return restless::runs > 100; }));
    std::quick_exit(left_well);
}

TEST(process_end, by_exit_runs_static_destructors_beside_items) {
    if (!support::plays("exits")) {
        return expect_to_leave_well("exits");
    }
    static restless item;
    struct last_words {
        ~last_words() {
            const allowed_to_leak closure;  // the process may be gone before it runs
            (void)cmwq::system_unbound().try_spawn([] {});
        }
    };
    static last_words object;
    (void)cmwq::system().enqueue(item);
    ASSERT_TRUE(support::eventually([] { return restless::runs > 100; }));
    std::exit(left_well);
}

TEST(process_end, may_come_from_inside_an_item) {
    if (!support::plays("leaves from inside")) {
        return expect_to_leave_well("leaves from inside");
    }
    auto& never = *new support::gate;  // not destroyed by exit while this thread waits at it
    (void)cmwq::system().try_spawn([] { std::exit(left_well); });
    never.pass();
}

TEST(process_end, waits_for_the_items_of_static_queues) {
    if (!support::plays("waits")) {
        return expect_to_leave_well("waits");
    }
    struct check {
        std::atomic<int> runs{0};
        ~check() {
            if (runs != 100) std::_Exit(1);
        }
    };
    static check count;  // before the queue: destroyed after it
    static auto queue = cmwq::make_queue(cmwq::unbound{.name = "static"});
    for (int i = 0; i < 100; ++i) {
        ASSERT_TRUE(queue->try_spawn([] { ++count.runs; }));
    }
    std::exit(left_well);
}

}  // namespace
