// SPDX-License-Identifier: Apache-2.0
//
// A failing run is made small, and what is printed replays it. Each wait, thread start and allocation can be told to
// fail in turn.
#include "model/explore.hpp"
#include "platform/port.hpp"

#include <cstdlib>

namespace {

using namespace cmwq_test;
namespace platform = cmwq::platform;

constexpr auto relaxed = std::memory_order_relaxed;

/// Two threads that add by load and store: one update is lost if one is between them while the other is at it.
void lose_an_update() {
    platform::atomic<int> value{0};
    model::label(&value, "value");
    const auto add = [&] {
        for (int i = 0; i < 20; ++i) {
            const int before = value.load(relaxed);
            value.store(before + 1, relaxed);
        }
    };
    auto one = model::spawn("one", add);
    auto other = model::spawn("other", add);
    one.join();
    other.join();
    model::check(value.load(relaxed) == 40, "no update is lost");
}

model::exploration find_and_shrink() {
    auto plan = plan_of_this_test(1'000);
    plan.quiet = true;
    return model::explore({}, plan, lose_an_update);
}

TEST(model_backend_shrinks, a_failure_to_few_switches_of_threads) {
    const auto found = find_and_shrink();
    ASSERT_TRUE(found.failed);
    ASSERT_TRUE(found.shrunk.failed);
    EXPECT_EQ(found.shrunk.message, found.first_failure.message);
    EXPECT_LE(found.shrunk.switches, 8u);  // the threads start, one of them interrupts the other once, main joins
    EXPECT_LE(found.shrunk.switches, found.first_failure.switches);
    const std::string& report = found.shrunk.report;
    EXPECT_NE(report.find("other goes on"), std::string::npos) << report;
    EXPECT_NE(report.find("atomic \"value\" store"), std::string::npos) << report;
    EXPECT_NE(report.find("CMWQ_MODEL_SWITCHES="), std::string::npos) << report;
}

TEST(model_backend_shrinks, what_is_printed_replays_the_shrunk_run) {
    const auto found = find_and_shrink();
    ASSERT_TRUE(found.shrunk.failed);
    const std::string& replay = found.shrunk_replay;
    const auto quote = replay.find('\'');
    ASSERT_NE(quote, std::string::npos) << replay;
    const std::string seed = replay.substr(replay.find('=') + 1, replay.find(' ') - replay.find('=') - 1);
    setenv("CMWQ_MODEL_SEED", seed.c_str(), 1);
    setenv("CMWQ_MODEL_SWITCHES", replay.substr(quote + 1, replay.size() - quote - 2).c_str(), 1);
    ::testing::internal::CaptureStderr();
    const auto again = find_and_shrink();
    const std::string trace = ::testing::internal::GetCapturedStderr();
    unsetenv("CMWQ_MODEL_SEED");
    unsetenv("CMWQ_MODEL_SWITCHES");
    ASSERT_TRUE(again.failed);
    EXPECT_EQ(again.first_failure.trace_hash, found.shrunk.trace_hash);
    EXPECT_EQ(again.first_failure.switches, found.shrunk.switches);
}

TEST(model_backend_shrinks, the_recorded_run_is_the_same_run) {
    model::options how;
    for (how.seed = 1; how.seed <= 50; ++how.seed) {
        how.schedule = how.seed % 2 == 0 ? model::strategy::pct : model::strategy::random_walk;
        how.record_switches = true;
        const auto once = model::run(how, lose_an_update);
        model::options again = how;
        again.schedule = model::strategy::guided;
        again.switches = once.switches_made;
        EXPECT_EQ(model::run(again, lose_an_update).trace_hash, once.trace_hash);
    }
}

// ---- each in turn --------------------------------------------------------------------------------------------------

model::fault_sweep sweep(const std::function<void()>& body) {
    auto plan = plan_of_this_test(0);
    plan.quiet = true;
    return model::fail_each_in_turn({}, 4, plan, body);
}

TEST(model_backend_fails_each, counts_every_call_that_can_fail) {
    const auto found = sweep([] {
        platform::parker parker;
        void* block = platform::allocate(8, 8);
        auto other = model::spawn("other", [&] {
            model::sleep_for(std::chrono::microseconds(1));
            parker.unpark();
        });
        parker.park();
        other.join();
        platform::deallocate(block, 8, 8);
    });
    EXPECT_FALSE(found.failed) << found.first_failure.report;
    EXPECT_EQ(found.allocations, 2u);  // one call: once, and from there on
    EXPECT_EQ(found.waits, 2u);
    EXPECT_EQ(found.thread_starts, 0u);
    EXPECT_EQ(found.excused, 0u);
}

TEST(model_backend_fails_each, finds_what_a_refusal_breaks) {
    const auto leaks = sweep([] {
        void* first = platform::allocate(8, 8);
        void* second = platform::allocate(8, 8);
        if (second == nullptr) return;  // the first one is forgotten
        platform::deallocate(second, 8, 8);
        platform::deallocate(first, 8, 8);
    });
    EXPECT_TRUE(leaks.failed);
    EXPECT_NE(leaks.first_failure.message.find("still allocated"), std::string::npos) << leaks.first_failure.message;
    EXPECT_NE(leaks.first_failure.report.find("CMWQ_MODEL_FAULT=allocation:2:once:0"), std::string::npos)
        << leaks.first_failure.report;
}

TEST(model_backend_fails_each, a_refusal_excuses_a_check_and_nothing_else) {
    const auto checks = sweep([] {
        void* block = platform::allocate(8, 8);
        model::check(block != nullptr, "there is memory");
        platform::deallocate(block, 8, 8);
    });
    EXPECT_FALSE(checks.failed) << checks.first_failure.report;
    EXPECT_EQ(checks.excused, 8u);  // four schedules, once and from there on
    const auto fails = sweep([] {
        void* block = platform::allocate(8, 8);
        if (block == nullptr) model::fail("there is memory");
        platform::deallocate(block, 8, 8);
    });
    EXPECT_TRUE(fails.failed);
}

TEST(model_backend_fails_each, disturbed_wait_looks_again_and_loses_nothing) {
    model::options how;
    how.disturbed_waits.from = 1;
    explore(how, 500, [] {
        platform::parker parker;
        bool told = false;
        auto other = model::spawn("other", [&] {
            told = true;
            parker.unpark();
        });
        parker.park();
        model::check(told, "a park ends with the token");
        model::check(!parker.park_until(platform::now() + std::chrono::microseconds(5)), "or with the time");
        other.join();
    });
}

}  // namespace
