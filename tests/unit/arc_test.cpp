// SPDX-License-Identifier: Apache-2.0
#include <cmwq/arc.hpp>

#include "support/sanitizers.hpp"
#include "unit/held_queue.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

using cmwq::arc;
using cmwq::make_arc;
using unit::tracked;

static_assert(sizeof(arc<int>) == sizeof(int*));
static_assert(std::is_nothrow_move_constructible_v<arc<int>> && std::is_nothrow_copy_constructible_v<arc<int>>);

class arc_test : public testing::Test {
protected:
    void TearDown() override { EXPECT_EQ(tracked::alive, 0); }
};

TEST_F(arc_test, default_is_null) {
    arc<int> none;
    EXPECT_FALSE(none);
    EXPECT_EQ(none.get(), nullptr);
    EXPECT_EQ(none, nullptr);
    EXPECT_EQ(arc<int>{none}, nullptr);
}

TEST_F(arc_test, object_lives_as_long_as_its_last_owner) {
    auto first = make_arc<tracked>();
    auto second = first;
    EXPECT_EQ(first, second);
    first = nullptr;
    EXPECT_EQ(tracked::alive, 1);
    second = nullptr;
    EXPECT_EQ(tracked::alive, 0);
}

TEST_F(arc_test, move_leaves_null_behind) {
    auto first = make_arc<tracked>();
    tracked* const object = first.get();
    auto second = std::move(first);
    EXPECT_FALSE(first);
    EXPECT_EQ(second.get(), object);
}

TEST_F(arc_test, assignment_from_itself_keeps_the_object) {
    auto owner = make_arc<tracked>();
    const auto& same = owner;
    owner = same;
    EXPECT_TRUE(owner);
    EXPECT_EQ(tracked::alive, 1);
}

TEST_F(arc_test, raw_pointer_carries_the_reference) {
    auto owner = make_arc<tracked>();
    tracked* const raw = std::move(owner).into_raw();
    EXPECT_FALSE(owner);
    EXPECT_EQ(tracked::alive, 1);
    owner = arc<tracked>::from_raw(raw);
    EXPECT_EQ(owner.get(), raw);
}

TEST_F(arc_test, share_gives_one_more_owner) {
    auto first = make_arc<tracked>();
    auto second = arc<tracked>::share(*first);
    first = nullptr;
    EXPECT_EQ(tracked::alive, 1);
    EXPECT_TRUE(second);
}

TEST_F(arc_test, over_aligned_object_is_aligned) {
    struct alignas(128) wide {
        char byte = 1;
    };
    auto owner = make_arc<wide>();
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(owner.get()) % 128, 0U);
    EXPECT_EQ(owner->byte, 1);
}

TEST_F(arc_test, one_byte_object_has_its_count_beside_it) {
    auto first = make_arc<char>('a');
    auto second = first;
    *first = 'z';
    first = nullptr;
    EXPECT_EQ(*second, 'z');
}

TEST_F(arc_test, aggregate_needs_no_constructor) {
    struct pair_with_default {
        int first;
        int second = 7;
    };
    auto owner = make_arc<pair_with_default>(3);
    EXPECT_EQ(owner->first, 3);
    EXPECT_EQ(owner->second, 7);
}

TEST_F(arc_test, arguments_are_forwarded) {
    auto owner = make_arc<std::unique_ptr<int>>(std::make_unique<int>(5));
    EXPECT_EQ(**owner, 5);
}

TEST_F(arc_test, owner_of_const_destroys_too) {
    auto owner = make_arc<const tracked>();
    EXPECT_EQ(tracked::alive, 1);
    auto second = owner;
    EXPECT_EQ(&*owner, &*second);
}

TEST_F(arc_test, throwing_constructor_passes_through) {
    struct thrower {
        tracked part;
        thrower() { throw std::runtime_error{"no"}; }
    };
    EXPECT_THROW((void)make_arc<thrower>(), std::runtime_error);
}

// The sanitizers end the program when so much is asked for.
#if !(defined(CMWQ_TEST_ASAN) || defined(CMWQ_TEST_TSAN))
struct larger_than_any_memory {
    char bytes[std::size_t{1} << 60];
};

TEST_F(arc_test, try_make_arc_without_memory_is_null) {
    EXPECT_FALSE(cmwq::try_make_arc<larger_than_any_memory>());
}

TEST_F(arc_test, make_arc_without_memory_throws) {
    EXPECT_THROW((void)make_arc<larger_than_any_memory>(), std::bad_alloc);
}
#endif

TEST_F(arc_test, owners_on_several_threads_destroy_the_object_once) {
    auto owner = make_arc<tracked>();
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([owner] {
            for (int copies = 0; copies < 1000; ++copies) {
                auto copy = owner;
                EXPECT_TRUE(copy);
            }
        });
    }
    owner = nullptr;
    for (auto& each : threads) {
        each.join();
    }
    threads.clear();
    EXPECT_EQ(tracked::alive, 0);
}

}  // namespace
