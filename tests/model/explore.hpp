// SPDX-License-Identifier: Apache-2.0
//
// cmwq::model under GoogleTest: the sentences that the scenarios of this folder are written in.
//
//   TEST(ordered_queue, runs_items_in_order) {
//       model::options how;
//       how.cpus = {.count = 4, .nodes = 2, .caches = 2};
//       explore(how, 2000, [] { … model::check(order == wanted, "items ran in order"); });
//   }
//
// EXPECT_… and ASSERT_… work inside the body too; the first run in which one fails is reported with its seed.
#pragma once

#include "model.hpp"

#include <cerrno>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <gtest/gtest.h>
#include <new>
#include <string>

namespace cmwq_test {

namespace model = cmwq::model;

inline model::exploration_plan plan_of_this_test(std::uint64_t schedules) {
    model::exploration_plan plan;
    plan.schedules = schedules;
    plan.first_again = true;
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    if (test != nullptr) {
        plan.replay_command = std::string(program_invocation_short_name) +
                              " --gtest_filter=" + test->test_suite_name() + '.' + test->name();
    }
    plan.also_failed = [] { return ::testing::Test::HasFailure(); };
    return plan;
}

inline void print_statistics(const model::exploration& found) {
    std::printf("[  model   ] %" PRIu64 " schedules, %" PRIu64 " distinct, %" PRIu64 " steps, longest %" PRIu64 "%s\n",
                found.schedules, found.distinct, found.steps, found.longest, found.complete ? ", complete" : "");
}

/// CMWQ_MODEL_FAULTS in the environment: instead of exploring a scenario, each call of it that can fail is told to
/// fail, in turn, under so many schedules. 0: explore.
inline std::uint64_t fault_schedules() {
    const char* text = std::getenv("CMWQ_MODEL_FAULTS");
    return text == nullptr ? 0 : std::strtoull(text, nullptr, 0);
}

/// What fail_each_in_turn says of `body`; each run must pass, or be excused.
inline model::exploration fail_each_in_turn(const model::options& how, const std::function<void()>& body) {
    const auto unless_refused = [&body] {
        try {
            body();
        } catch (const std::bad_alloc&) {
            // what a constructor may say
        }
    };
    auto plan = plan_of_this_test(0);
    if (::testing::Test::HasFailure()) plan.also_failed = nullptr;  // of a sweep before this one
    const auto found = model::fail_each_in_turn(how, fault_schedules(), plan, unless_refused);
    std::printf("[  faults  ] %" PRIu64 " injection points: %" PRIu64 " thread starts, %" PRIu64
                " allocations, %" PRIu64 " waits; %" PRIu64 " runs, %" PRIu64 " excused\n",
                found.thread_starts + found.allocations + found.waits, found.thread_starts, found.allocations,
                found.waits, found.runs, found.excused);
    EXPECT_FALSE(found.failed) << found.first_failure.message;
    return {};
}

/// Runs `body` under `schedules` schedules; each must pass.
inline model::exploration explore(const model::options& how, std::uint64_t schedules,
                                  const std::function<void()>& body) {
    if (fault_schedules() != 0) return fail_each_in_turn(how, body);
    const auto found = model::explore(how, plan_of_this_test(schedules), body);
    print_statistics(found);
    EXPECT_FALSE(found.failed) << found.first_failure.message;
    return found;
}

/// Runs `body` under every schedule with at most `preemptions` preemptions; each must pass, and all must fit in
/// `most_schedules`.
inline model::exploration explore_all(const model::options& how, int preemptions, std::uint64_t most_schedules,
                                      const std::function<void()>& body) {
    const auto found = model::explore_all(how, preemptions, plan_of_this_test(most_schedules), body);
    print_statistics(found);
    EXPECT_FALSE(found.failed) << found.first_failure.message;
    EXPECT_TRUE(found.failed || found.complete) << "more than " << found.schedules << " schedules";
    return found;
}

/// Runs `body`, which is wrong on purpose, under at most `schedules` schedules; one must fail. Prints nothing.
inline model::exploration find_failure(const model::options& how, std::uint64_t schedules,
                                       const std::function<void()>& body) {
    auto plan = plan_of_this_test(schedules);
    plan.quiet = true;
    plan.shrink = false;
    const auto found = model::explore(how, plan, body);
    EXPECT_TRUE(found.failed) << "no failure in " << found.schedules << " schedules";
    return found;
}

}  // namespace cmwq_test
