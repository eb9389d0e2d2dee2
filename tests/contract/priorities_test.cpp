// SPDX-License-Identifier: Apache-2.0
//
// High and low priority: what the workers' niceness is, and what is said where the system refuses it.
#include "support/gate.hpp"
#include "support/misuse_recorder.hpp"
#include "support/own_process.hpp"
#include "support/tasks.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <string>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

int niceness_of_this_thread() {
    return getpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)));
}

int niceness_of_items(cmwq::queue& wq) {
    int found = -100;
    EXPECT_TRUE(wq.try_spawn([&] { found = niceness_of_this_thread(); }));
    wq.flush();
    return found;
}

TEST(priorities, background_items_run_at_the_lowest_one) {
    cmwq::runtime own;
    auto near = own.make_queue(cmwq::percpu{.name = "near", .background = true});
    auto anywhere = own.make_queue(cmwq::unbound{.name = "anywhere", .background = true});
    auto ordinary = own.make_queue(cmwq::percpu{.name = "ordinary"});
    EXPECT_EQ(niceness_of_items(*near), 19);
    EXPECT_EQ(niceness_of_items(*anywhere), 19);
    EXPECT_EQ(niceness_of_items(*ordinary), niceness_of_this_thread());
    EXPECT_EQ(niceness_of_items(own.system()), niceness_of_this_thread());
}

TEST(priorities, statistics_say_what_highpri_means_here) {
    cmwq::runtime own;
    EXPECT_EQ(own.statistics().highpri_by_niceness + own.statistics().highpri_by_preference, 0u);
    const int found = niceness_of_items(own.system_highpri());
    const auto now = own.statistics();
    EXPECT_EQ(now.highpri_by_niceness > 0, found < niceness_of_this_thread());
    EXPECT_EQ(now.highpri_by_preference > 0, found >= niceness_of_this_thread());
}

/// Gives up what a privileged process has: of root the capabilities, not the name, whose files it may have to write.
/// False: it cannot be had for this test.
bool give_up_privileges() {
    const rlimit none{0, 0};
    if (setrlimit(RLIMIT_NICE, &none) != 0) return false;
    __user_cap_header_struct of_this_thread{_LINUX_CAPABILITY_VERSION_3, 0};
    const __user_cap_data_struct nothing[_LINUX_CAPABILITY_U32S_3] = {};
    return syscall(SYS_capset, &of_this_thread, nothing) == 0;
}

TEST(priorities, refused_ones_leave_preference) {
    if (!support::plays("unprivileged")) {
        return support::expect_to_pass_alone("unprivileged");
    }
    ASSERT_TRUE(give_up_privileges());
    cmwq::runtime own;
    std::atomic<int> runs{0};
    const auto run_both = [&] {
        for (int i = 0; i < 100; ++i) {
            for (cmwq::queue* wq : {&own.system(), &own.system_unbound(), &own.system_highpri()}) {
                ASSERT_TRUE(wq->try_spawn([&] { ++runs; }));
            }
        }
        for (cmwq::queue* wq : {&own.system(), &own.system_unbound(), &own.system_highpri()}) {
            wq->flush();
        }
    };
    run_both();
    run_both();
    EXPECT_EQ(runs, 600);
    EXPECT_GE(niceness_of_items(own.system_highpri()), niceness_of_this_thread());
    EXPECT_EQ(own.statistics().highpri_by_niceness, 0u);
    EXPECT_GT(own.statistics().highpri_by_preference, 0u);
}

TEST(priorities, high_and_low_at_once_is_misuse) {
    const support::misuse_recorder recorder;
    cmwq::runtime own;
    auto wq = own.make_queue(cmwq::percpu{.name = "both", .highpri = true, .background = true});
    const auto told = support::misuse_recorder::take();
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0].code, cmwq::misuse_code::contradictory_options);
    EXPECT_LE(niceness_of_items(*wq), niceness_of_this_thread());
}

}  // namespace
