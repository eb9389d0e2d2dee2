// SPDX-License-Identifier: Apache-2.0
#include "backend/clock.hpp"
#include "backend/parker.hpp"

#include "support/patience.hpp"

#include <atomic>
#include <gtest/gtest.h>
#include <memory>
#include <thread>

namespace {

using cmwq::platform::now;
using cmwq::platform::parker;
using std::chrono::milliseconds;

TEST(parker_test, token_given_before_is_taken_without_waiting) {
    parker place;
    place.unpark();
    place.park();
    EXPECT_FALSE(place.park_until(now()));
}

TEST(parker_test, tokens_do_not_add_up) {
    parker place;
    place.unpark();
    place.unpark();
    EXPECT_TRUE(place.park_until(now()));
    EXPECT_FALSE(place.park_until(now()));
}

TEST(parker_test, wait_with_a_deadline_ends_no_sooner) {
    parker place;
    const auto deadline = now() + milliseconds{15};
    EXPECT_FALSE(place.park_until(deadline));
    EXPECT_GE(now(), deadline);
}

TEST(parker_test, awake_it_waits_no_less) {
    parker place;
    const auto deadline = now() + milliseconds{2};
    EXPECT_FALSE(place.spin_until(deadline));
    EXPECT_GE(now(), deadline);
}

TEST(parker_test, token_ends_a_wait_that_is_spent_awake) {
    parker place;
    std::thread waker{[&] { place.unpark(); }};
    EXPECT_TRUE(place.spin_until(now() + std::chrono::hours{1}));
    EXPECT_FALSE(place.park_until(now())) << "the token was taken";
    waker.join();
}

TEST(parker_test, token_ends_a_wait_with_a_deadline) {
    parker place;
    std::jthread other{[&] {
        std::this_thread::sleep_for(milliseconds{5});
        place.unpark();
    }};
    EXPECT_TRUE(place.park_until(now() + support::patience()));
}

TEST(parker_test, waker_s_stores_are_seen_by_the_woken) {
    parker here, there;
    int plain = 0;  // ThreadSanitizer watches it
    constexpr int rounds = 20'000;
    std::jthread other{[&] {
        for (int i = 0; i < rounds; ++i) {
            here.park();
            ++plain;
            there.unpark();
        }
    }};
    for (int i = 0; i < rounds; ++i) {
        here.unpark();
        there.park();
        ASSERT_EQ(plain, i + 1);
    }
}

TEST(parker_test, woken_thread_may_destroy_the_parker_at_once) {
    for (int i = 0; i < 2000; ++i) {
        auto place = std::make_unique<parker>();
        std::jthread other{[waker = place.get()] { waker->unpark(); }};
        place->park();
        place.reset();
    }
}

}  // namespace
