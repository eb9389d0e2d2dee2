// SPDX-License-Identifier: Apache-2.0
#include "engine/inbox.hpp"

#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <thread>
#include <vector>

namespace {

using namespace cmwq::engine;
using cmwq::work_base;

constinit const cmwq::work_class kind{[](work_base*) {}, [](work_base*) noexcept {}, "unit"};

using items = std::vector<std::unique_ptr<work_base>>;

items make(std::size_t count) {
    items made;
    for (std::size_t i = 0; i < count; ++i) {
        made.push_back(std::make_unique<work_base>(kind));
    }
    return made;
}

TEST(inbox_test, new_one_is_empty) {
    inbox box;
    item_list taken;
    EXPECT_TRUE(box.empty());
    box.take_all(taken);
    EXPECT_TRUE(taken.empty());
}

TEST(inbox_test, push_counts_what_nobody_has_looked_at) {
    inbox box;
    const items some = make(5);
    for (unsigned i = 0; i < 5; ++i) {
        EXPECT_EQ(box.push(*some[i]), i + 1);
    }
    item_list taken;
    box.take_all(taken);
    EXPECT_TRUE(box.empty());
    (void)taken.pop_front();
    EXPECT_EQ(box.push(*some[0]), 1u);
}

TEST(inbox_test, items_come_out_oldest_first_behind_those_taken_before) {
    inbox box;
    const items some = make(6);
    item_list taken;
    for (std::size_t half : {0u, 3u}) {
        for (std::size_t i = half; i < half + 3; ++i) {
            box.push(*some[i]);
        }
        box.take_all(taken);
    }
    EXPECT_EQ(taken.size(), 6u);
    for (const auto& item : some) {
        EXPECT_EQ(taken.pop_front(), item.get());
    }
}

TEST(inbox_test, count_saturates) {
    inbox box;
    const items many = make(70'000);
    unsigned last = 0;
    for (const auto& item : many) {
        last = box.push(*item);
    }
    EXPECT_EQ(last, 0xffffu);
    item_list taken;
    box.take_all(taken);
    EXPECT_EQ(taken.size(), many.size());
    EXPECT_EQ(taken.front(), many.front().get());
}

TEST(inbox_test, producers_and_a_taker_lose_and_double_nothing_and_keep_each_producers_order) {
    constexpr std::size_t producers = 3, each = 5000;
    inbox box;
    std::vector<items> made;
    std::map<const work_base*, std::pair<std::size_t, std::size_t>> number_of;
    for (std::size_t p = 0; p < producers; ++p) {
        made.push_back(make(each));
        for (std::size_t i = 0; i < each; ++i) {
            number_of[made[p][i].get()] = {p, i};
        }
    }
    std::vector<std::jthread> threads;
    for (std::size_t p = 0; p < producers; ++p) {
        threads.emplace_back([&, p] {
            for (const auto& item : made[p]) {
                box.push(*item);
            }
        });
    }
    std::size_t next[producers] = {};
    for (std::size_t taken_in_all = 0; taken_in_all < producers * each;) {
        item_list taken;
        box.take_all(taken);
        while (work_base* item = taken.pop_front()) {
            const auto [producer, number] = number_of.at(item);
            ASSERT_EQ(number, next[producer]++);
            ++taken_in_all;
        }
        std::this_thread::yield();
    }
    EXPECT_TRUE(box.empty());
}

}  // namespace
