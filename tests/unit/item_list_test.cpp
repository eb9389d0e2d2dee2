// SPDX-License-Identifier: Apache-2.0
#include "engine/item_list.hpp"

#include <gtest/gtest.h>
#include <memory>
#include <vector>

namespace {

using namespace cmwq::engine;
using cmwq::work_base;

constinit const cmwq::work_class kind{[](work_base*) {}, [](work_base*) noexcept {}, "unit"};

class item_list_test : public testing::Test {
protected:
    item_list_test() {
        for (int i = 0; i < 6; ++i) {
            items.push_back(std::make_unique<work_base>(kind));
        }
    }

    work_base& item(std::size_t number) { return *items[number]; }

    void fill(item_list& to, std::vector<std::size_t> numbers) {
        for (const std::size_t number : numbers) {
            to.push_back(item(number));
        }
    }

    /// Forwards and backwards, so that both links are checked.
    void expect(const item_list& list, std::vector<std::size_t> numbers) {
        EXPECT_EQ(list.size(), numbers.size());
        EXPECT_EQ(list.empty(), numbers.empty());
        work_base* at = list.front();
        work_base* before = nullptr;
        for (const std::size_t number : numbers) {
            ASSERT_EQ(at, &item(number));
            EXPECT_EQ(home::prev(*at), before);
            EXPECT_NE(access::prev_and_home(*at) & home::linked, 0u);
            before = at;
            at = item_list::next(*at);
        }
        EXPECT_EQ(at, nullptr);
    }

    std::vector<std::unique_ptr<work_base>> items;
    item_list list;
};

TEST_F(item_list_test, new_list_is_empty) {
    expect(list, {});
    EXPECT_EQ(list.pop_front(), nullptr);
}

TEST_F(item_list_test, items_leave_in_the_order_they_came) {
    fill(list, {0, 1, 2});
    expect(list, {0, 1, 2});
    EXPECT_EQ(list.pop_front(), &item(0));
    EXPECT_EQ(list.pop_front(), &item(1));
    EXPECT_EQ(list.pop_front(), &item(2));
    expect(list, {});
}

TEST_F(item_list_test, push_front_goes_before_all_others) {
    fill(list, {0, 1});
    list.push_front(item(2));
    expect(list, {2, 0, 1});
}

TEST_F(item_list_test, unlink_takes_from_front_middle_and_back) {
    fill(list, {0, 1, 2, 3, 4});
    list.unlink(item(2));
    expect(list, {0, 1, 3, 4});
    list.unlink(item(0));
    expect(list, {1, 3, 4});
    list.unlink(item(4));
    expect(list, {1, 3});
    list.push_back(item(0));
    expect(list, {1, 3, 0});
}

TEST_F(item_list_test, unlinked_item_is_linked_no_longer_and_keeps_its_marks) {
    fill(list, {0, 1});
    home::add_marks(item(0), queue_mark | item_mark);
    list.unlink(item(0));
    EXPECT_EQ(access::prev_and_home(item(0)) & home::linked, 0u);
    EXPECT_EQ(home::marks_of(item(0)), queue_mark | item_mark);
}

TEST_F(item_list_test, marks_survive_every_move) {
    fill(list, {0, 1, 2});
    home::add_marks(item(1), item_mark);
    item_list other;
    other.append(list);
    item_list cut = other.split_front(2);
    EXPECT_EQ(home::marks_of(item(0)), 0u);
    EXPECT_EQ(home::marks_of(item(1)), item_mark);
    (void)cut.pop_front();
    cut.push_back(item(0));
    EXPECT_EQ(home::marks_of(item(1)), item_mark);
    home::add_marks(item(1), queue_mark);
    EXPECT_EQ(home::marks_of(item(1)), queue_mark | item_mark);
}

TEST_F(item_list_test, append_empties_the_other) {
    item_list other;
    fill(list, {0, 1});
    fill(other, {2, 3});
    list.append(other);
    expect(list, {0, 1, 2, 3});
    expect(other, {});
    list.append(other);
    expect(list, {0, 1, 2, 3});
    other.append(list);
    expect(other, {0, 1, 2, 3});
    expect(list, {});
}

TEST_F(item_list_test, split_front_cuts_off_the_oldest) {
    fill(list, {0, 1, 2, 3, 4});
    item_list none = list.split_front(0);
    expect(none, {});
    item_list two = list.split_front(2);
    expect(two, {0, 1});
    expect(list, {2, 3, 4});
    two.push_back(item(5));
    expect(two, {0, 1, 5});
    item_list all = list.split_front(17);
    expect(all, {2, 3, 4});
    expect(list, {});
    list.push_back(*all.pop_front());
    expect(list, {2});
}

TEST_F(item_list_test, item_with_two_neighbours_is_unlinked_without_its_list) {
    fill(list, {0, 1, 2});
    EXPECT_FALSE(item_list::unlink_inside(item(0)));
    EXPECT_FALSE(item_list::unlink_inside(item(2)));
    EXPECT_TRUE(item_list::unlink_inside(item(1)));
    EXPECT_EQ(access::prev_and_home(item(1)) & home::linked, 0u);
    EXPECT_EQ(list.size(), 3u);  // at least as many as there are
    EXPECT_EQ(list.pop_front(), &item(0));
    EXPECT_EQ(list.pop_front(), &item(2));
    expect(list, {});
}

TEST_F(item_list_test, split_of_a_list_that_is_shorter_than_its_size_takes_what_there_is) {
    fill(list, {0, 1, 2, 3, 4});
    ASSERT_TRUE(item_list::unlink_inside(item(1)));
    ASSERT_TRUE(item_list::unlink_inside(item(3)));
    item_list cut = list.split_front(4);
    expect(list, {});
    for (const std::size_t number : {0, 2, 4}) {
        EXPECT_EQ(cut.pop_front(), &item(number));
    }
    expect(cut, {});
}

}  // namespace
