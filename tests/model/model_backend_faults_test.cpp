// SPDX-License-Identifier: Apache-2.0
//
// Failures that a run can be told to inject, and what it finds at its end; the operations of an atomic.
#include "model/explore.hpp"
#include "platform/port.hpp"

#include <cstdint>
#include <gtest/gtest.h>
#include <limits>
#include <string>

namespace {

using namespace cmwq_test;
namespace platform = cmwq::platform;

constexpr auto relaxed = std::memory_order_relaxed;

bool contains(const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
}

// Tries five allocations; bit i of the result: the i-th failed.
unsigned five_allocations() {
    unsigned failed = 0;
    for (unsigned i = 0; i < 5; ++i) {
        void* block = platform::allocate(24, 8);
        if (block == nullptr) failed |= 1u << i;
        platform::deallocate(block, 24, 8);
    }
    return failed;
}

unsigned five_thread_starts() {
    unsigned failed = 0;
    platform::thread threads[5];
    for (unsigned i = 0; i < 5; ++i) {
        const bool started = threads[i].start(
            {.name = "started"}, [](void*) {}, nullptr);
        if (!started) failed |= 1u << i;
    }
    for (unsigned i = 0; i < 5; ++i) {
        if ((failed & (1u << i)) == 0) threads[i].join();
    }
    return failed;
}

TEST(model_backend_faults, nth_allocation_fails_once) {
    model::options how;
    how.failing_allocations.nth = 2;
    unsigned failed = 0;
    const auto result = model::run(how, [&] { failed = five_allocations(); });
    EXPECT_EQ(failed, 0b00010u);
    EXPECT_EQ(result.allocations, 5u);
    EXPECT_EQ(result.injected, 1u);
    EXPECT_FALSE(result.failed) << result.report;
}

TEST(model_backend_faults, allocations_fail_from_the_nth_on) {
    model::options how;
    how.failing_allocations.from = 3;
    unsigned failed = 0;
    const auto result = model::run(how, [&] { failed = five_allocations(); });
    EXPECT_EQ(failed, 0b11100u);
    EXPECT_EQ(result.injected, 3u);
}

TEST(model_backend_faults, thread_starts_fail_as_told) {
    model::options how;
    how.failing_thread_starts = {.nth = 1, .from = 4};
    unsigned failed = 0;
    const auto result = model::run(how, [&] { failed = five_thread_starts(); });
    EXPECT_EQ(failed, 0b11001u);
    EXPECT_EQ(result.thread_starts, 5u);
    EXPECT_EQ(result.threads, 2u);
    EXPECT_FALSE(result.failed) << result.report;
}

TEST(model_backend_faults, random_failures_come_by_seed_and_at_the_wanted_rate) {
    model::options how;
    how.failing_allocations.probability = 0.25;
    std::uint64_t injected = 0;
    for (how.seed = 1; how.seed <= 400; ++how.seed) {
        const auto first = model::run(how, [] { five_allocations(); });
        const auto second = model::run(how, [] { five_allocations(); });
        ASSERT_EQ(first.injected, second.injected);
        injected += first.injected;
    }
    // 2,000 draws: 500 expected, standard deviation 19.
    EXPECT_GT(injected, 400u);
    EXPECT_LT(injected, 600u);
}

TEST(model_backend_faults, fail_each_in_turn_until_nothing_fails_any_more) {
    std::uint64_t points = 0;
    for (bool again = true; again; ++points) {
        model::options how;
        how.failing_allocations.nth = points + 1;
        const auto result = model::run(how, [] { five_allocations(); });
        again = result.injected != 0;
    }
    EXPECT_EQ(points, 6u);
}

TEST(model_backend_faults, memory_left_at_the_end_is_a_failure_unless_allowed) {
    const auto body = [] { static_cast<void>(platform::allocate(48, 64)); };
    const auto strict = model::run({}, body);
    EXPECT_TRUE(strict.failed);
    EXPECT_TRUE(contains(strict.message, "1 blocks of memory (48 bytes) are still allocated")) << strict.message;
    model::options lenient;
    lenient.allow_leaks = true;
    EXPECT_FALSE(model::run(lenient, body).failed);
}

TEST(model_backend_faults, memory_is_aligned_as_asked) {
    const auto result = model::run({}, [] {
        for (std::size_t align = 1; align <= 4096; align *= 2) {
            void* block = platform::allocate(3 * align, align);
            model::check(reinterpret_cast<std::uintptr_t>(block) % align == 0, "aligned");
            platform::deallocate(block, 3 * align, align);
        }
    });
    EXPECT_FALSE(result.failed) << result.report;
}

TEST(model_backend_faults, deallocate_with_another_size_is_a_failure) {
    const auto result = model::run({}, [] { platform::deallocate(platform::allocate(16, 8), 24, 8); });
    EXPECT_TRUE(contains(result.message, "another size")) << result.message;
}

TEST(model_backend_faults, weak_exchange_fails_spuriously_and_a_strong_one_never) {
    model::options how;
    how.weak_failures = 0.5;
    int weak = 0, strong = 0;
    const auto result = model::run(how, [&] {
        platform::atomic<int> value{0};
        for (int i = 0; i < 1'000; ++i) {
            int expected = 0;
            weak += value.compare_exchange_weak(expected, 0, relaxed, relaxed) ? 1 : 0;
            strong += value.compare_exchange_strong(expected, 0, relaxed) ? 1 : 0;
            model::check(expected == 0, "the value seen");
        }
    });
    EXPECT_FALSE(result.failed) << result.report;
    EXPECT_EQ(strong, 1'000);
    EXPECT_GT(weak, 400);
    EXPECT_LT(weak, 600);
}

TEST(model_backend_faults, failed_exchange_tells_the_value_seen) {
    platform::atomic<int> value{5};
    int expected = 4;
    EXPECT_FALSE(value.compare_exchange_strong(expected, 6, relaxed));
    EXPECT_EQ(expected, 5);
    EXPECT_TRUE(value.compare_exchange_strong(expected, 6, relaxed));
    EXPECT_EQ(expected, 5);
    EXPECT_EQ(value.load(relaxed), 6);
}

TEST(model_backend_faults, atomics_compute_like_those_of_the_standard) {
    platform::atomic<std::uint8_t> byte{250};
    EXPECT_EQ(byte.fetch_add(10, relaxed), 250);
    EXPECT_EQ(byte.fetch_sub(5, relaxed), 4);
    EXPECT_EQ(byte.load(relaxed), 255);
    platform::atomic<int> number{std::numeric_limits<int>::max()};
    number.fetch_add(1, relaxed);  // wraps, where plain arithmetic would be undefined
    EXPECT_EQ(number.fetch_sub(1, relaxed), std::numeric_limits<int>::min());
    EXPECT_EQ(number.load(relaxed), std::numeric_limits<int>::max());
    int row[4] = {};
    platform::atomic<int*> place{row};
    EXPECT_EQ(place.fetch_add(3, relaxed), row);
    EXPECT_EQ(place.fetch_sub(1, relaxed), row + 3);
    EXPECT_EQ(place.load(relaxed), row + 2);
    std::uint64_t word = 0b1100;
    const platform::atomic_ref<std::uint64_t> bits{word};
    EXPECT_EQ(bits.fetch_or(0b0011, relaxed), 0b1100u);
    EXPECT_EQ(bits.fetch_and(0b0110, relaxed), 0b1111u);
    EXPECT_EQ(bits.fetch_xor(0b0010, relaxed), 0b0110u);
    EXPECT_EQ(word, 0b0100u);
    static_assert(sizeof(platform::atomic<std::uint64_t>) == 8 && sizeof(platform::atomic<bool>) == 1);
}

}  // namespace
