// SPDX-License-Identifier: Apache-2.0
#include "engine/worklist.hpp"

#include <atomic>
#include <gtest/gtest.h>
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

work_base* pop(worklist& list, biased_entry& me) {
    work_base* found = nullptr;
    (void)list.pop(me, [&](work_base& item) { found = &item; });
    return found;
}

TEST(worklist_test, new_one_has_no_work) {
    worklist list;
    biased_entry me;
    EXPECT_FALSE(list.has_work());
    EXPECT_EQ(list.listed(), 0u);
    EXPECT_EQ(pop(list, me), nullptr);
}

/// Once with the bias and once without: the list is the same.
class worklist_in_order : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(with_and_without_bias, worklist_in_order, testing::Bool());

TEST_P(worklist_in_order, local_items_go_behind_everything_pushed_before) {
    worklist list;
    biased_entry me;
    if (GetParam()) {
        list.adopt(me, false);
    }
    const items some = make(4);
    list.push(*some[0]);
    EXPECT_TRUE(list.has_work());
    EXPECT_EQ(list.listed(), 0u);
    EXPECT_EQ(list.push_local(me, *some[1]), 2u);
    list.push(*some[2]);
    EXPECT_EQ(list.push_local(me, *some[3]), 4u);
    EXPECT_EQ(list.listed(), 4u);
    for (const auto& item : some) {
        EXPECT_EQ(pop(list, me), item.get());
    }
    EXPECT_FALSE(list.has_work());
}

TEST_P(worklist_in_order, whoever_locks_sees_inbox_and_list) {
    worklist list;
    biased_entry me;
    if (GetParam()) {
        list.adopt(me, false);
    }
    const items some = make(3);
    list.push_local(me, *some[0]);
    list.push(*some[1]);
    list.lock();
    item_list& all = list.take_inbox();
    EXPECT_EQ(all.size(), 2u);
    EXPECT_EQ(all.pop_front(), some[0].get());
    list.publish_size();
    list.unlock();
    EXPECT_EQ(list.listed(), 1u);
    EXPECT_EQ(list.push_local(me, *some[2]), 2u);
    EXPECT_EQ(pop(list, me), some[1].get());
    EXPECT_EQ(pop(list, me), some[2].get());
}

TEST(worklist_test, owner_may_lock_its_own_list) {
    worklist list;
    biased_entry me;
    list.adopt(me, false);
    const items some = make(1);
    list.push_local(me, *some[0]);
    list.lock(&me);
    EXPECT_EQ(list.take_inbox().size(), 1u);
    list.unlock();
    EXPECT_EQ(pop(list, me), some[0].get());
    list.disown(me);
}

/// One owner pops and pushes, others push, lock and adopt: each item is popped exactly once.
TEST(worklist_test, items_are_popped_once_whoever_owns_the_list) {
    constexpr std::size_t count = 20'000;
    worklist list;
    const items all = make(count);
    std::vector<std::atomic<int>> seen(count);
    std::atomic<std::size_t> popped{0};
    std::vector<std::jthread> threads;
    for (int worker = 0; worker < 2; ++worker) {
        threads.emplace_back([&] {
            biased_entry me;
            list.adopt(me, false);
            while (popped < count) {
                if (work_base* item = pop(list, me)) {
                    // Its word is free for the test: a number, and how often it came.
                    seen[access::word(*item)]++;
                    ++popped;
                } else {
                    std::this_thread::yield();
                }
                if (popped % 97 == 0) {
                    list.adopt(me, false);
                }
            }
            list.disown(me);
        });
    }
    threads.emplace_back([&] {
        while (popped < count) {
            list.lock();
            item_list front = list.take_inbox().split_front(3);
            list.take_inbox().append(front);
            list.publish_size();
            list.unlock();
            std::this_thread::yield();
        }
    });
    for (std::size_t i = 0; i < count; ++i) {
        access::word(*all[i]) = i;
        list.push(*all[i]);
    }
    threads.clear();
    for (const auto& times : seen) {
        ASSERT_EQ(times, 1);
    }
    EXPECT_FALSE(list.has_work());
}

}  // namespace
