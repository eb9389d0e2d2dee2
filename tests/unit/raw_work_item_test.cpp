// SPDX-License-Identifier: Apache-2.0
//
// The raw level: items with their own way of being enqueued.
#include <cmwq/cmwq.hpp>

#include "unit/held_queue.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <type_traits>
#include <utility>

namespace {

using unit::held_queue;

/// An item that finds its object by being its base.
struct waiter : cmwq::work_base {
    waiter() : work_base{kind} {}
    static void run(cmwq::work_base* item) { ++static_cast<waiter*>(item)->runs; }
    static void drop(cmwq::work_base* item) noexcept { ++static_cast<waiter*>(item)->drops; }
    static constinit inline const cmwq::work_class kind{&run, &drop, "waiter"};

    int runs = 0;
    int drops = 0;
};

TEST(raw_work_item_test, raw_item_runs_by_its_class) {
    waiter item;
    held_queue q;
    EXPECT_EQ(cmwq::raw_enqueue(*q, item), cmwq::refusal::none);
    EXPECT_EQ(cmwq::raw_enqueue(*q, item), cmwq::refusal::already_pending);
    EXPECT_TRUE(item.pending());
    q.finish();
    EXPECT_EQ(item.runs, 1);
    EXPECT_EQ(item.drops, 0);
}

TEST(raw_work_item_test, raw_item_has_the_name_of_its_class) {
    waiter item;
    EXPECT_STREQ(item.name(), "waiter");
}

TEST(raw_work_item_test, draining_queue_refuses_and_keeps_its_hands_off) {
    waiter item;
    unit::draining_queue q;
    EXPECT_EQ(cmwq::raw_enqueue(*q, item), cmwq::refusal::queue_draining);
    EXPECT_FALSE(item.pending());
}

/// A handle that enqueues the waiter it points to, and has an output of its own.
struct waiter_handle {
    enum class output { queued, refused };

    output raw_enqueue(cmwq::work_id<4>, cmwq::queue_work_on on) && noexcept {
        return on(*target) == cmwq::refusal::none ? output::queued : output::refused;
    }
    waiter* target;
};

static_assert(cmwq::raw_work_item<waiter_handle, 4> && !cmwq::raw_work_item<waiter_handle>);
static_assert(!cmwq::raw_work_item<waiter>);

TEST(raw_work_item_test, enqueue_returns_what_raw_enqueue_returns) {
    waiter item;
    held_queue q;
    const waiter_handle handle{&item};
    EXPECT_EQ(q->enqueue<4>(waiter_handle{&item}), waiter_handle::output::queued);
    EXPECT_EQ(q->enqueue<4>(handle), waiter_handle::output::refused);
    q.finish();
    EXPECT_EQ(item.runs, 1);
}

/// A message box: the last value written by the enqueuer that claimed the item is what its run sees.
struct box : waiter {
    int value = 0;
};

struct letter {
    cmwq::refusal raw_enqueue(cmwq::work_id<0>, cmwq::queue_work_on on) && noexcept {
        return on(*to, [this] {
            to->value = value;
            ++prepared;
        });
    }
    box* to;
    int value;
    static inline int prepared = 0;
};

TEST(raw_work_item_test, prepare_runs_only_for_the_enqueuer_that_claimed_the_item) {
    letter::prepared = 0;
    box item;
    held_queue q;
    EXPECT_EQ(q->enqueue(letter{&item, 1}), cmwq::refusal::none);
    EXPECT_EQ(q->enqueue(letter{&item, 2}), cmwq::refusal::already_pending);
    EXPECT_EQ(letter::prepared, 1);
    EXPECT_EQ(item.value, 1);
    q.finish();
    EXPECT_EQ(item.runs, 1);
}

TEST(raw_work_item_test, prepare_does_not_run_for_a_draining_queue) {
    letter::prepared = 0;
    box item;
    unit::draining_queue q;
    EXPECT_EQ(q->enqueue(letter{&item, 1}), cmwq::refusal::queue_draining);
    EXPECT_EQ(letter::prepared, 0);
    EXPECT_EQ(item.value, 0);
}

}  // namespace
