// SPDX-License-Identifier: Apache-2.0
//
// What a thread of the library starts out with.
#include "backend/thread.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

namespace {

namespace platform = cmwq::platform;

int niceness_of(id_t who) {
    return getpriority(PRIO_PROCESS, who);
}

/// Starts a thread, waits for it, and returns the niceness that it had.
int niceness_of_new_thread(int wished) {
    int seen = 0;
    platform::thread made{};
    const auto look = [](void* told) { *static_cast<int*>(told) = niceness_of(0); };
    EXPECT_TRUE(made.start({.name = "cmwq/test", .nice = wished}, look, &seen));
    made.join();
    return seen;
}

TEST(thread, has_the_niceness_wished_for) {
    const int ours = niceness_of(0);
    EXPECT_EQ(niceness_of_new_thread(ours + 3), ours + 3);
}

/// May a nicer thread come back to the process's niceness? Root may, others where RLIMIT_NICE lets them.
bool may_become_less_nice() {
    const int ours = niceness_of(0);
    const bool nicer = setpriority(PRIO_PROCESS, 0, ours + 1) == 0;
    return nicer && setpriority(PRIO_PROCESS, 0, ours) == 0;
}

TEST(thread, has_the_niceness_of_the_process_and_not_of_its_maker) {
    const int ours = niceness_of(static_cast<id_t>(getpid()));
    struct result {
        bool may = false;
        int seen = 0;
    } told;
    platform::thread maker{};
    const auto make = [](void* raw) {
        auto& into = *static_cast<result*>(raw);
        into.may = may_become_less_nice();
        into.seen = niceness_of_new_thread(0);
    };
    ASSERT_TRUE(maker.start({.name = "cmwq/test", .nice = ours + 3}, make, &told));
    maker.join();
    EXPECT_EQ(told.seen, told.may ? ours : ours + 3);
}

}  // namespace
