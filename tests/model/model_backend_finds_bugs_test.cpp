// SPDX-License-Identifier: Apache-2.0
//
// The explorer against programs that are wrong on purpose, each beside its correct twin: what it cannot find here it
// would not find in the engine.
#include "model/explore.hpp"
#include "platform/port.hpp"

#include <gtest/gtest.h>
#include <string>

namespace {

using namespace cmwq_test;
namespace platform = cmwq::platform;

constexpr auto relaxed = std::memory_order_relaxed;
constexpr auto seq_cst = std::memory_order_seq_cst;

bool contains(const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
}

template <class Increment>
void two_threads_increment(Increment increment) {
    platform::atomic<int> counter{0};
    auto other = model::spawn("other", [&] { increment(counter); });
    increment(counter);
    other.join();
    model::check(counter.load(seq_cst) == 2, "no increment is lost");
}

void increment_by_load_and_store(platform::atomic<int>& counter) {
    counter.store(counter.load(relaxed) + 1, relaxed);
}

TEST(model_backend_finds_bugs, lost_update) {
    const auto found = find_failure({}, 100, [] { two_threads_increment(increment_by_load_and_store); });
    EXPECT_TRUE(contains(found.first_failure.report, "no increment is lost"));
}

TEST(model_backend_finds_bugs, not_in_a_correct_increment) {
    explore({}, 500, [] { two_threads_increment([](auto& counter) { counter.fetch_add(1, relaxed); }); });
}

// The consumer looks, then sleeps; the producer's wake-up may come in between. `wakes` is what it waits on.
template <class Wait, class Wake>
void hand_over_one_item(Wait wait, Wake wake) {
    platform::atomic<bool> ready{false};
    auto producer = model::spawn("producer", [&] {
        ready.store(true, seq_cst);
        wake();
    });
    if (!ready.load(seq_cst)) wait();
    producer.join();
}

TEST(model_backend_finds_bugs, lost_wakeup) {
    const auto found = find_failure({}, 200, [] {
        platform::parker bell;
        platform::atomic<bool> sleeping{false};
        hand_over_one_item(
            [&] {
                sleeping.store(true, seq_cst);
                bell.park();
            },
            [&] {
                if (sleeping.load(seq_cst)) bell.unpark();
            });
    });
    EXPECT_TRUE(contains(found.first_failure.message, "deadlock")) << found.first_failure.report;
    EXPECT_TRUE(contains(found.first_failure.report, "parked on parker")) << found.first_failure.report;
}

TEST(model_backend_finds_bugs, not_in_a_correct_wakeup) {
    explore({}, 500, [] {
        platform::parker bell;
        hand_over_one_item([&] { bell.park(); }, [&] { bell.unpark(); });
    });
}

void lock_both(platform::mutex& first, platform::mutex& second) {
    first.lock();
    second.lock();
    second.unlock();
    first.unlock();
}

TEST(model_backend_finds_bugs, lock_order_inversion_is_reported_with_names) {
    const auto found = find_failure({}, 200, [] {
        platform::mutex a, b;
        model::label(&a, "accounts");
        model::label(&b, "journal");
        auto other = model::spawn("auditor", [&] { lock_both(b, a); });
        lock_both(a, b);
        other.join();
    });
    const std::string& report = found.first_failure.report;
    EXPECT_TRUE(contains(report, "deadlock")) << report;
    EXPECT_TRUE(contains(report, "waits for mutex \"journal\", held by 2 \"auditor\"")) << report;
    EXPECT_TRUE(contains(report, "waits for mutex \"accounts\", held by 1 \"main\"")) << report;
}

TEST(model_backend_finds_bugs, not_in_one_lock_order) {
    explore({}, 500, [] {
        platform::mutex a, b;
        auto other = model::spawn("auditor", [&] { lock_both(a, b); });
        lock_both(a, b);
        other.join();
    });
}

// A bug of depth 2 behind `noise` steps: the other thread must run to its end between two neighbouring steps of main.
void depth_two_bug(int noise) {
    platform::atomic<int> stage{0}, clock{0};
    auto other = model::spawn("other", [&] {
        for (int i = 0; i < noise; ++i) clock.fetch_add(1, relaxed);
        int expected = 1;
        if (stage.compare_exchange_strong(expected, 2, seq_cst)) clock.fetch_add(1, relaxed);
    });
    for (int i = 0; i < noise; ++i) clock.fetch_add(1, relaxed);
    stage.store(1, seq_cst);
    model::check(stage.exchange(3, seq_cst) == 1, "nobody came between");
    other.join();
}

TEST(model_backend_finds_bugs, pct_of_depth_two_finds_a_bug_that_needs_one_preemption) {
    model::options how;
    how.schedule = model::strategy::pct;
    how.pct_depth = 2;
    how.pct_steps = 64;
    int found = 0;
    for (how.seed = 1; how.seed <= 8'000; ++how.seed)
        found += model::run(how, [] { depth_two_bug(25); }).failed ? 1 : 0;
    // The bound of the method: each run finds it with a probability of at least 1 / (n * k^(d-1)) = 1 / (2 * 64), so 62
    // of 8,000 are expected. Half of that would be four standard deviations away.
    EXPECT_GE(found, 31);
}

TEST(model_backend_finds_bugs, pct_of_depth_one_does_not_find_it) {
    model::options how;
    how.schedule = model::strategy::pct;
    how.pct_depth = 1;
    for (how.seed = 1; how.seed <= 200; ++how.seed) EXPECT_FALSE(model::run(how, [] { depth_two_bug(25); }).failed);
}

TEST(model_backend_finds_bugs, exploration_mixes_strategies_and_finds_it_too) {
    find_failure({}, 2'000, [] { depth_two_bug(25); });
}

TEST(model_backend_finds_bugs, exhaustive_search_finds_it_with_one_preemption) {
    auto plan = plan_of_this_test(10'000);
    plan.quiet = true;
    EXPECT_TRUE(model::explore_all({}, 1, plan, [] { depth_two_bug(3); }).failed);
}

TEST(model_backend_finds_bugs, exhaustive_search_without_preemption_proves_it_absent) {
    explore_all({}, 0, 10'000, [] { depth_two_bug(3); });
}

TEST(model_backend_finds_bugs, exhaustive_search_visits_each_interleaving_once) {
    // After the start, main does store, join and its end, the other thread store and end; main waits in join unless the
    // other has ended. The store of the other thread comes before, between or after main's two steps.
    const auto found = explore_all({}, -1, 100'000, [] {
        platform::atomic<int> a{0}, b{0};
        auto other = model::spawn("other", [&] { a.store(1, relaxed); });
        b.store(1, relaxed);
        other.join();
    });
    EXPECT_EQ(found.distinct, found.schedules);
}

TEST(model_backend_finds_bugs, livelock_is_a_failure) {
    model::options how;
    how.step_limit = 5'000;
    const auto result = model::run(how, [] {
        platform::atomic<bool> never{false};
        while (!never.load(relaxed)) platform::pause();
    });
    EXPECT_TRUE(result.failed);
    EXPECT_TRUE(contains(result.message, "livelock")) << result.message;
    EXPECT_TRUE(contains(result.report, "and so on: the last 2 of these steps")) << result.report;
}

TEST(model_backend_finds_bugs, step_hook_sees_the_state_between_any_two_steps) {
    platform::atomic<int> balance{0};
    bool seen_negative = false;
    model::options how;
    how.on_step = [&] { seen_negative |= balance.load(relaxed) < 0; };
    const auto result = model::run(how, [&] {
        balance.fetch_sub(1, relaxed);
        balance.fetch_add(1, relaxed);
    });
    EXPECT_FALSE(result.failed) << result.report;
    EXPECT_TRUE(seen_negative);
}

TEST(model_backend_finds_bugs, step_hook_can_fail_the_run) {
    platform::atomic<int> balance{0};
    model::options how;
    how.on_step = [&] { model::check(balance.load(relaxed) >= 0, "the balance is never negative"); };
    const auto result = model::run(how, [&] { balance.fetch_sub(1, relaxed); });
    EXPECT_TRUE(result.failed);
    EXPECT_TRUE(contains(result.report, "the balance is never negative")) << result.report;
}

}  // namespace
