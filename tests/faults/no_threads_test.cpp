// SPDX-License-Identifier: Apache-2.0
//
// F1, for real: no thread can be had because of pids.max or RLIMIT_NPROC, and later they can be again. Items of a
// mem_reclaim queue run meanwhile (RLIMIT_NPROC: mem_reclaim_test); the others when the limit is gone.
#include "faults/control_group.hpp"
#include "faults/measured.hpp"
#include "support/child.hpp"
#include "support/gate.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <system_error>
#include <thread>

namespace {

using faults::clock;
using namespace std::chrono_literals;

bool can_start_a_thread() {
    try {
        std::thread{[] {}}.join();
        return true;
    } catch (const std::system_error&) {
        return false;
    }
}

struct item : cmwq::work<item> {
    static void run(item& self) {
        self.began = clock::now();
        ++self.runs;
    }
    std::atomic<int> runs{0};
    clock::time_point began;
};

/// The first worker of a runtime cannot be made; `lift` ends that. Whether items of a rescued queue ran meanwhile, and
/// those of another one within the bound afterwards.
template <class Forbid, class Lift>
bool items_run_when_threads_can_be_had_again(Forbid forbid, Lift lift, clock::duration& took) {
    cmwq::runtime own;
    const auto rescued = own.make_queue(cmwq::percpu{.name = "rescued", .mem_reclaim = true});
    const auto ordinary = own.make_queue(cmwq::unbound{.name = "ordinary"});
    if (!forbid() || can_start_a_thread()) return false;
    item first, second;
    bool well = ordinary->enqueue(second) && rescued->enqueue(first);
    (void)first.flush();
    std::this_thread::sleep_for(100ms);  // a few attempts fail
    well &= first.runs == 1 && own.statistics().worker_creation_failures > 0;
    const bool began_without = second.runs == 1;
    const auto lifted = clock::now();
    if (!lift()) return false;
    // Not even the watchdog's thread could be had: now it is the one who waits that tries again.
    (void)second.flush();
    well &= second.runs == 1;
    took = began_without ? clock::duration::zero() : second.began - lifted;
    return well && took < support::scaled(1s);
}

TEST(no_threads, by_pids_max_delay_items_until_a_second_after_the_limit_is_gone) {
    const faults::control_group group{"pids"};
    if (!group.missing().empty()) GTEST_SKIP() << group.missing();
    int report[2];
    ASSERT_EQ(pipe(report), 0);
    EXPECT_TRUE(support::in_child([&] {
        clock::duration took{};
        const bool well =
            items_run_when_threads_can_be_had_again([&] { return group.enter() && group.set("pids.max", "1"); },
                                                    [&] { return group.set("pids.max", "max"); }, took);
        return group.leave() && write(report[1], &took, sizeof took) == sizeof took && well;
    }));
    clock::duration took{};
    close(report[1]);
    ASSERT_EQ(read(report[0], &took, sizeof took), static_cast<ssize_t>(sizeof took));
    close(report[0]);
    faults::measured taken{"an item after pids.max was lifted"};
    taken.add(took);
    taken.expect_within(1s);
}

TEST(no_threads, by_rlimit_delay_items_until_a_second_after_the_limit_is_gone) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root, to become a user that owns no other process";
    int report[2];
    ASSERT_EQ(pipe(report), 0);
    EXPECT_TRUE(support::in_child([&] {
        clock::duration took{};
        const auto limit_to = [](rlim_t count) {
            rlimit now{};
            getrlimit(RLIMIT_NPROC, &now);
            now.rlim_cur = count;
            return setrlimit(RLIMIT_NPROC, &now) == 0;
        };
        rlimit former{};
        getrlimit(RLIMIT_NPROC, &former);
        const bool well =
            items_run_when_threads_can_be_had_again([&] { return limit_to(0) && setresuid(65534, 65534, 65534) == 0; },
                                                    [&] { return limit_to(former.rlim_max); }, took);
        return write(report[1], &took, sizeof took) == sizeof took && well;
    }));
    clock::duration took{};
    close(report[1]);
    ASSERT_EQ(read(report[0], &took, sizeof took), static_cast<ssize_t>(sizeof took));
    close(report[0]);
    faults::measured taken{"an item after RLIMIT_NPROC was raised"};
    taken.add(took);
    taken.expect_within(1s);
}

}  // namespace
