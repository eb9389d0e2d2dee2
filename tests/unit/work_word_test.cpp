// SPDX-License-Identifier: Apache-2.0
#include "engine/work_word.hpp"

#include <gtest/gtest.h>
#include <thread>
#include <vector>

namespace {

using namespace cmwq::engine;
using cmwq::refusal;
using cmwq::work_base;

constinit const cmwq::work_class kind{[](work_base*) {}, [](work_base*) noexcept {}, "unit"};

class work_word_test : public testing::Test {
protected:
    work_base item{kind};
    std::uint64_t& word = access::word(item);
};

TEST_F(work_word_test, new_item_is_idle_and_has_no_history) {
    EXPECT_EQ(word, 0u);
    EXPECT_EQ(queue_of_word(word), 0u);
    EXPECT_EQ(last_worker_of_word(word), 0u);
}

TEST_F(work_word_test, fields_of_the_word_do_not_overlap) {
    const std::uint64_t fields[] = {work_word::pending, work_word::timer_armed,   work_word::taken,
                                    work_word::held,    work_word::disable_depth, work_word::last_worker,
                                    work_word::queue,   work_word::wheel};
    std::uint64_t seen = 0;
    for (const std::uint64_t field : fields) {
        EXPECT_EQ(seen & field, 0u);
        seen |= field;
    }
    EXPECT_EQ(last_worker_of_word(work_word::last_worker), work_word::max_worker);
    EXPECT_EQ(queue_of_word(work_word::queue), work_word::max_queue);
}

TEST_F(work_word_test, claim_sets_pending_and_the_queue) {
    EXPECT_EQ(transition_to_pending(item, 7), refusal::none);
    EXPECT_TRUE(item.pending());
    EXPECT_EQ(queue_of_word(word), 7u);
}

TEST_F(work_word_test, claim_of_a_pending_item_changes_nothing) {
    ASSERT_EQ(transition_to_pending(item, 7), refusal::none);
    const std::uint64_t before = word;
    EXPECT_EQ(transition_to_pending(item, 8), refusal::already_pending);
    EXPECT_EQ(word, before);
}

TEST_F(work_word_test, claim_of_a_disabled_item_is_refused) {
    word = std::uint64_t{1} << 4;
    const std::uint64_t before = word;
    EXPECT_EQ(transition_to_pending(item, 7), refusal::disabled);
    EXPECT_EQ(word, before);
}

TEST_F(work_word_test, disables_nest_and_are_taken_back_one_by_one) {
    ASSERT_TRUE(transition_to_disabled(item));
    ASSERT_TRUE(transition_to_disabled(item));
    EXPECT_EQ(transition_to_enabled(item), enabled::not_yet);
    EXPECT_EQ(transition_to_pending(item, 7), refusal::disabled);
    EXPECT_EQ(transition_to_enabled(item), enabled::now);
    EXPECT_EQ(transition_to_enabled(item), enabled::was_already);
    EXPECT_EQ(transition_to_pending(item, 7), refusal::none);
}

TEST_F(work_word_test, disable_beyond_the_last_one_is_refused_and_changes_nothing) {
    for (int i = 0; i < 4095; ++i) {
        ASSERT_TRUE(transition_to_disabled(item));
    }
    const std::uint64_t before = word;
    EXPECT_FALSE(transition_to_disabled(item));
    EXPECT_EQ(word, before);
}

TEST_F(work_word_test, held_item_is_claimed_by_no_worker_until_it_is_let_go) {
    ASSERT_EQ(transition_to_pending(item, 7), refusal::none);
    EXPECT_FALSE(transition_to_held(item, 8));
    ASSERT_TRUE(transition_to_held(item, 7));
    std::uint64_t seen = word;
    EXPECT_FALSE(transition_to_running(item, seen, 42));
    EXPECT_TRUE(item.pending());
    transition_from_held(item);
    EXPECT_TRUE(transition_to_running(item, seen, 42));
}

TEST_F(work_word_test, cancelled_item_is_idle_and_remembers_where_it_was) {
    ASSERT_EQ(transition_to_pending(item, 7), refusal::none);
    ASSERT_TRUE(transition_to_held(item, 7));
    transition_to_taken(item);
    EXPECT_TRUE(item.pending());
    EXPECT_FALSE(transition_to_held(item, 7));  // somebody has it
    transition_to_cancelled(item);
    EXPECT_FALSE(item.pending());
    EXPECT_EQ(queue_of_word(word), 7u);
    EXPECT_EQ(transition_to_pending(item, 8), refusal::none);
}

TEST_F(work_word_test, run_clears_pending_and_leaves_its_worker) {
    ASSERT_EQ(transition_to_pending(item, 7), refusal::none);
    std::uint64_t seen = word;
    EXPECT_TRUE(transition_to_running(item, seen, 42));
    EXPECT_FALSE(item.pending());
    EXPECT_EQ(last_worker_of_word(word), 42u);
    EXPECT_EQ(queue_of_word(word), 7u);
}

TEST_F(work_word_test, claim_keeps_the_last_worker_and_replaces_the_queue) {
    ASSERT_EQ(transition_to_pending(item, 7), refusal::none);
    std::uint64_t seen = word;
    ASSERT_TRUE(transition_to_running(item, seen, 42));
    EXPECT_EQ(transition_to_pending(item, work_word::max_queue), refusal::none);
    EXPECT_EQ(last_worker_of_word(word), 42u);
    EXPECT_EQ(queue_of_word(word), work_word::max_queue);
}

TEST_F(work_word_test, run_with_an_old_view_fails_and_shows_the_word) {
    ASSERT_EQ(transition_to_pending(item, 7), refusal::none);
    std::uint64_t seen = 0;
    EXPECT_FALSE(transition_to_running(item, seen, 42));
    EXPECT_EQ(seen, word);
    EXPECT_TRUE(transition_to_running(item, seen, 42));
}

TEST_F(work_word_test, one_of_many_claims_wins) {
    for (int round = 0; round < 200; ++round) {
        std::atomic<int> winners{0};
        {
            std::vector<std::jthread> threads;
            for (queue_id id = 1; id <= 4; ++id) {
                threads.emplace_back([&, id] { winners += transition_to_pending(item, id) == refusal::none ? 1 : 0; });
            }
        }
        ASSERT_EQ(winners, 1);
        std::uint64_t seen = word;
        ASSERT_TRUE(transition_to_running(item, seen, 1));
    }
}

TEST_F(work_word_test, armed_is_pending_and_knows_its_wheel) {
    ASSERT_EQ(transition_to_armed(item, 7, 13), refusal::none);
    EXPECT_TRUE(item.pending());
    EXPECT_TRUE(is_armed(word));
    EXPECT_EQ(wheel_of_word(word), 13u);
    EXPECT_EQ(queue_of_word(word), 7u);
    EXPECT_EQ(transition_to_pending(item, 8), refusal::already_pending);
    EXPECT_FALSE(transition_to_held(item, 7));
    transition_from_armed(item);
    EXPECT_EQ(word, in_queue(7) | work_word::pending);
}

TEST_F(work_word_test, taken_from_its_wheel_it_cannot_be_held_until_it_is_let_go) {
    ASSERT_EQ(transition_to_armed(item, 7, 13), refusal::none);
    transition_from_armed_to_taken(item, 13);
    EXPECT_EQ(word, in_queue(7) | work_word::pending | work_word::taken);
    EXPECT_FALSE(transition_to_held(item, 7));
    ASSERT_TRUE(transition_to_disabled(item));
    transition_to_moved(item, in_wheel(9, 2));
    EXPECT_EQ(word, in_wheel(9, 2) | work_word::pending | work_word::one_disable);
    transition_from_armed_to_taken(item, 2);
    transition_from_taken(item);
    EXPECT_TRUE(transition_to_held(item, 9));
    transition_to_taken(item);
    transition_to_cancelled(item);
    EXPECT_EQ(word, in_queue(9) | work_word::one_disable);
}

/// As in the child of a fork: the queues of this process have ids from here on.
struct first_queue_is {
    explicit first_queue_is(queue_id id) { first_queue_here.store(id, memory_order_relaxed); }
    ~first_queue_is() { first_queue_here.store(1, memory_order_relaxed); }
};

TEST_F(work_word_test, instance_of_the_parents_leaves_nothing_behind_in_the_next_one) {
    ASSERT_EQ(transition_to_armed(item, 7, 13), refusal::none);
    word |= std::uint64_t{5} << work_word::last_worker_shift;
    access::prev_and_home(item) = ~std::uintptr_t{0};  // in a list, and waited for
    const first_queue_is child{8};
    EXPECT_FALSE(item.pending());
    EXPECT_EQ(transition_to_pending(item, 9), refusal::none);
    EXPECT_EQ(word, in_queue(9) | work_word::pending | std::uint64_t{5} << work_word::last_worker_shift);
    EXPECT_EQ(access::prev_and_home(item), 0u);
    EXPECT_EQ(transition_to_pending(item, 9), refusal::already_pending);
}

TEST_F(work_word_test, instance_of_the_parents_may_be_followed_by_an_armed_one) {
    ASSERT_EQ(transition_to_pending(item, 7), refusal::none);
    const first_queue_is child{8};
    EXPECT_EQ(transition_to_armed(item, 9, 2), refusal::none);
    EXPECT_EQ(word, in_wheel(9, 2) | work_word::pending);
}

TEST_F(work_word_test, disable_of_the_parents_instance_is_kept) {
    ASSERT_EQ(transition_to_pending(item, 7), refusal::none);
    const first_queue_is child{8};
    ASSERT_TRUE(transition_to_disabled(item));
    EXPECT_EQ(transition_to_pending(item, 9), refusal::disabled);
    EXPECT_EQ(transition_to_enabled(item), enabled::now);
    EXPECT_EQ(transition_to_pending(item, 9), refusal::none);
}

}  // namespace
