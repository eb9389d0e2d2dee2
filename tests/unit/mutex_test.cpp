// SPDX-License-Identifier: Apache-2.0
#include "backend/mutex.hpp"

#include <atomic>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

namespace {

using cmwq::platform::mutex;

constinit mutex made_by_the_compiler;

TEST(mutex_test, constant_initialised_one_works) {
    made_by_the_compiler.lock();
    made_by_the_compiler.unlock();
}

TEST(mutex_test, is_four_bytes) {
    EXPECT_EQ(sizeof(mutex), 4u);
}

TEST(mutex_test, held_one_is_not_taken_by_others) {
    mutex one;
    one.lock();
    std::jthread{[&] { EXPECT_FALSE(one.try_lock()); }}.join();
    one.unlock();
    const bool taken = one.try_lock();
    EXPECT_TRUE(taken);
    if (taken) one.unlock();
}

TEST(mutex_test, one_holder_at_a_time) {
    mutex one;
    long plain = 0;  // ThreadSanitizer watches it
    constexpr long each = 50'000;
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([&] {
                for (long i = 0; i < each; ++i) {
                    one.lock();
                    ++plain;
                    one.unlock();
                }
            });
        }
    }
    EXPECT_EQ(plain, 4 * each);
}

TEST(mutex_test, sleepers_are_all_woken_in_the_end) {
    mutex one;
    std::atomic<int> through{0};
    one.lock();
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 8; ++t) {
            threads.emplace_back([&] {
                one.lock();
                ++through;
                one.unlock();
            });
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
        EXPECT_EQ(through, 0);
        one.unlock();
    }
    EXPECT_EQ(through, 8);
}

}  // namespace
