// SPDX-License-Identifier: Apache-2.0
#include "engine/timer_wheel.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <memory>
#include <random>
#include <vector>

namespace {

using namespace cmwq::engine;
using cmwq::work_base;

constinit const cmwq::work_class kind{[](work_base*) {}, [](work_base*) noexcept {}, "unit"};

struct timed_item : work_base {
    timed_item() : work_base{kind} {}
    explicit timed_item(instant due) : timed_item() { timer.due = due; }
    cmwq::detail::timer_part timer;
};

constexpr instant us = 1'000, ms = 1'000 * us, s = 1'000 * ms, day = 86'400 * s;

class timer_wheel_test : public testing::Test {
protected:
    timer_wheel wheel;
    std::vector<std::unique_ptr<timed_item>> items;

    timed_item& arm(instant due) {
        timed_item& item = *items.emplace_back(std::make_unique<timed_item>(due));
        wheel.insert(item);
        return item;
    }
    std::vector<work_base*> due_at(instant now) {
        wheel.collect_due(now);
        std::vector<work_base*> due;
        while (work_base* item = wheel.pop_due()) due.push_back(item);
        return due;
    }
    std::vector<instant> times_due_at(instant now) {
        std::vector<instant> times;
        for (work_base* item : due_at(now)) times.push_back(static_cast<timed_item*>(item)->timer.due);
        return times;
    }
};

TEST_F(timer_wheel_test, never_comes_after_every_instant) {
    EXPECT_TRUE(earlier(1, 2));
    EXPECT_FALSE(earlier(2, 2));
    EXPECT_TRUE(earlier(last_instant, never));
    EXPECT_FALSE(earlier(never, 1));
    EXPECT_FALSE(earlier(never, never));
}

TEST_F(timer_wheel_test, empty_wheel_has_nothing_due) {
    EXPECT_EQ(wheel.earliest(), never);
    EXPECT_TRUE(due_at(5 * s).empty());
    EXPECT_EQ(wheel.earliest(), never);
}

TEST_F(timer_wheel_test, empty_wheel_can_be_set_to_an_earlier_time) {
    EXPECT_TRUE(due_at(9 * day).empty());
    wheel.start_at(1 * s);
    timed_item& item = arm(2 * s);
    EXPECT_EQ(due_at(2 * s), std::vector<work_base*>{&item});
}

TEST_F(timer_wheel_test, item_is_due_at_its_time_to_the_nanosecond) {
    for (const instant due : {instant{1}, 32'767 * instant{1}, 40 * us, 7 * ms, 3 * s, 400 * day, 250 * 365 * day}) {
        timer_wheel fresh;
        timed_item item{due};
        fresh.insert(item);
        EXPECT_EQ(fresh.earliest(), due);
        fresh.collect_due(due - 1);
        EXPECT_EQ(fresh.pop_due(), nullptr) << due;
        EXPECT_TRUE(timer_wheel::contains(item));
        EXPECT_EQ(fresh.earliest(), due);
        fresh.collect_due(due);
        EXPECT_EQ(fresh.pop_due(), &item) << due;
        EXPECT_FALSE(timer_wheel::contains(item));
    }
}

TEST_F(timer_wheel_test, item_for_the_end_of_the_clock_is_kept) {
    timed_item& item = arm(last_instant);
    EXPECT_TRUE(due_at(last_instant - 1).empty());
    EXPECT_EQ(due_at(last_instant), std::vector<work_base*>{&item});
}

TEST_F(timer_wheel_test, item_whose_time_has_passed_is_due_at_once) {
    EXPECT_TRUE(due_at(10 * s).empty());
    timed_item& item = arm(3 * s);
    EXPECT_EQ(wheel.earliest(), 3 * s);
    EXPECT_EQ(due_at(10 * s), std::vector<work_base*>{&item});
}

TEST_F(timer_wheel_test, items_are_due_in_the_order_of_their_times) {
    for (const instant due : {5 * ms, 2 * s, 1 * us, 5 * ms - 1, 70 * us, 3 * us}) arm(due);
    EXPECT_EQ(times_due_at(6 * ms), (std::vector<instant>{1 * us, 3 * us, 70 * us, 5 * ms - 1, 5 * ms}));
    EXPECT_EQ(times_due_at(2 * s), std::vector<instant>{2 * s});
}

TEST_F(timer_wheel_test, items_of_one_time_are_due_in_the_order_of_arming) {
    std::vector<work_base*> armed;
    for (int i = 0; i < 3; ++i) armed.push_back(&arm(20 * s));
    EXPECT_TRUE(due_at(19 * s).empty());
    EXPECT_TRUE(due_at(20 * s - 1).empty());
    for (int i = 0; i < 3; ++i) armed.push_back(&arm(20 * s));
    EXPECT_EQ(due_at(20 * s), armed);
}

TEST_F(timer_wheel_test, removed_item_is_not_due) {
    timed_item& first = arm(1 * ms);
    timed_item& second = arm(1 * ms);
    timed_item& third = arm(1 * ms);
    wheel.remove(second);
    EXPECT_FALSE(timer_wheel::contains(second));
    EXPECT_EQ(due_at(1 * ms), (std::vector<work_base*>{&first, &third}));
}

TEST_F(timer_wheel_test, item_can_be_removed_after_it_became_due) {
    timed_item& first = arm(1 * ms);
    timed_item& second = arm(2 * ms);
    timed_item& third = arm(3 * ms);
    wheel.collect_due(5 * ms);
    wheel.remove(first);
    wheel.remove(third);
    EXPECT_EQ(wheel.first_due(), 2 * ms);
    EXPECT_EQ(wheel.pop_due(), &second);
    EXPECT_EQ(wheel.pop_due(), nullptr);
}

TEST_F(timer_wheel_test, slot_that_was_emptied_by_removal_has_no_earliest_time) {
    timed_item& item = arm(1 * ms);
    arm(9 * s);
    wheel.remove(item);
    EXPECT_EQ(wheel.earliest(), 9 * s);
}

TEST_F(timer_wheel_test, removed_item_can_be_armed_again) {
    timed_item& item = arm(1 * ms);
    wheel.remove(item);
    item.timer.due = 4 * s;
    wheel.insert(item);
    EXPECT_TRUE(due_at(1 * s).empty());
    EXPECT_EQ(due_at(4 * s), std::vector<work_base*>{&item});
}

TEST_F(timer_wheel_test, gathered_items_can_be_popped_or_removed) {
    timed_item& due = arm(1 * ms);
    timed_item& soon = arm(2 * s);
    timed_item& kept = arm(2 * s);
    timed_item& late = arm(3 * day);
    wheel.collect_due(1 * s);
    work_base* gathered = nullptr;
    wheel.gather(gathered, [&](work_base& item) { return &item != &kept; });
    wheel.remove(soon);
    std::vector<work_base*> popped;
    while (work_base* item = timer_wheel::pop(gathered)) popped.push_back(item);
    std::vector<work_base*> wanted{&due, &late};
    EXPECT_TRUE(std::is_permutation(popped.begin(), popped.end(), wanted.begin(), wanted.end()));
    EXPECT_EQ(due_at(9 * day), std::vector<work_base*>{&kept});
    EXPECT_EQ(wheel.earliest(), never);
}

// The wheel against a sorted vector, with times of all magnitudes and steps of all sizes.
TEST_F(timer_wheel_test, behaves_as_a_sorted_list_under_random_use) {
    for (unsigned seed = 1; seed <= 20; ++seed) {
        std::mt19937_64 random{seed};
        const auto below = [&](std::uint64_t bound) { return random() % bound; };
        const auto some_span = [&] { return below(std::uint64_t{1} << (1 + below(48))); };
        timer_wheel tested;
        std::vector<std::unique_ptr<timed_item>> all;
        std::vector<timed_item*> armed;
        instant now = 1 + some_span();
        for (int step = 0; step < 2'000; ++step) {
            switch (below(4)) {
            case 0:
            case 1: {
                const instant due = below(8) == 0 ? std::max<instant>(1, now - below(now)) : now + some_span();
                tested.insert(*armed.emplace_back(all.emplace_back(std::make_unique<timed_item>(due)).get()));
                break;
            }
            case 2:
                if (!armed.empty()) {
                    const auto which = armed.begin() + static_cast<std::ptrdiff_t>(below(armed.size()));
                    tested.remove(**which);
                    armed.erase(which);
                }
                break;
            default: {
                now += some_span();
                const auto by_time = [](timed_item* a, timed_item* b) { return a->timer.due < b->timer.due; };
                std::sort(armed.begin(), armed.end(), by_time);
                tested.collect_due(now);
                std::size_t nr_due = 0;
                while (work_base* item = tested.pop_due()) {
                    ASSERT_LT(nr_due, armed.size());
                    ASSERT_EQ(static_cast<timed_item*>(item)->timer.due, armed[nr_due++]->timer.due);
                }
                armed.erase(armed.begin(), armed.begin() + static_cast<std::ptrdiff_t>(nr_due));
                for (timed_item* left : armed) ASSERT_GT(left->timer.due, now);
            }
            }
            instant first = never;
            for (timed_item* item : armed) first = earlier(item->timer.due, first) ? item->timer.due : first;
            ASSERT_FALSE(earlier(first, tested.earliest())) << "something is due before the wheel looks";
        }
    }
}

}  // namespace
