// SPDX-License-Identifier: Apache-2.0
//
// queue::enqueue and what belongs to it: spellings of run, ids, results, handles.
#include <cmwq/cmwq.hpp>

#include "unit/held_queue.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace {

using cmwq::arc;
using unit::held_queue;
using unit::tracked;

// ---- how run may be spelled ----

std::atomic<int> runs{0};

struct takes_const_reference {
    cmwq::work<takes_const_reference> work;
    CMWQ_HAS_WORK(work);
    static void run(const arc<takes_const_reference>&) { ++runs; }
};

struct takes_rvalue {
    cmwq::work<takes_rvalue> work;
    CMWQ_HAS_WORK(work);
    static void run(arc<takes_rvalue>&& self) {
        const auto mine = std::move(self);
        ++runs;
    }
};

struct never_throws {
    cmwq::work<never_throws> work;
    CMWQ_HAS_WORK(work);
    static void run(arc<never_throws>) noexcept { ++runs; }
};

class hides_everything {
    cmwq::work<hides_everything> work_;
    CMWQ_HAS_WORK(work_);
    static void run(arc<hides_everything>) { ++runs; }
};

struct is_a_template {
    using pointer = arc<is_a_template>;
    cmwq::work<is_a_template> work;
    CMWQ_HAS_WORK(work);
    template <class P>
    static void run(P) {
        ++runs;
    }
};

struct tags_its_only_work {
    cmwq::work<tags_its_only_work> work;
    CMWQ_HAS_WORK(work);
    static void run(cmwq::work_id<0>, arc<tags_its_only_work>) { ++runs; }
};

template <class Item>
class every_spelling_of_run : public testing::Test {};

using spellings = testing::Types<takes_const_reference, takes_rvalue, never_throws, hides_everything, is_a_template,
                                 tags_its_only_work>;
TYPED_TEST_SUITE(every_spelling_of_run, spellings);

TYPED_TEST(every_spelling_of_run, is_called) {
    static_assert(std::is_same_v<cmwq::item_pointer_t<TypeParam>, arc<TypeParam>>);
    runs = 0;
    held_queue q;
    EXPECT_TRUE(q->enqueue(cmwq::make_arc<TypeParam>()));
    q.finish();
    EXPECT_EQ(runs, 1);
}

TEST(enqueue_test, function_may_take_its_item_as_const) {
    struct reader {
        cmwq::work<reader> work;
        CMWQ_HAS_WORK(work);
        static void run(const reader&) { ++runs; }
    };
    runs = 0;
    reader item;
    held_queue q;
    EXPECT_TRUE(q->enqueue(item));
    q.finish();
    EXPECT_EQ(runs, 1);
}

// ---- several works in one class ----

struct two_works {
    cmwq::work<two_works, 1> shared;
    cmwq::work<two_works, 2> kept;
    CMWQ_HAS_WORK(shared);
    CMWQ_HAS_WORK(kept);
    int first = 0;
    int second = 0;
    static void run(cmwq::work_id<1>, arc<two_works> self) { ++self->first; }
    static void run(cmwq::work_id<2>, two_works& self) { ++self.second; }
};

TEST(enqueue_test, id_selects_the_function) {
    auto item = cmwq::make_arc<two_works>();
    held_queue q;
    EXPECT_TRUE(q->enqueue<1>(item));
    q.finish();
    EXPECT_EQ(item->first, 1);
    EXPECT_EQ(item->second, 0);
}

TEST(enqueue_test, works_of_one_object_are_pending_independently) {
    auto item = cmwq::make_arc<two_works>();
    held_queue q;
    EXPECT_TRUE(q->enqueue<1>(item));
    EXPECT_TRUE(q->enqueue<2>(*item));
    EXPECT_FALSE(q->enqueue<2>(*item));
    EXPECT_TRUE(item->shared.pending());
    q.finish();
    EXPECT_EQ(item->first, 1);
    EXPECT_EQ(item->second, 1);
}

// ---- states of one item ----

struct counter {
    cmwq::work<counter> work;
    CMWQ_HAS_WORK(work);
    int count = 0;
    static void run(counter& self) { ++self.count; }
};

TEST(enqueue_test, pending_item_is_refused_by_every_queue) {
    counter item;
    held_queue first;
    held_queue second;
    EXPECT_TRUE(first->enqueue(item));
    EXPECT_FALSE(first->enqueue(item));
    EXPECT_FALSE(second->enqueue(item));
    first.finish();
    second.finish();
    EXPECT_EQ(item.count, 1);
}

TEST(enqueue_test, item_is_pending_until_it_runs) {
    counter item;
    held_queue q;
    EXPECT_FALSE(item.work.pending());
    EXPECT_TRUE(q->enqueue(item));
    EXPECT_TRUE(item.work.pending());
    EXPECT_TRUE(item.work.busy());
    q.finish();
    EXPECT_FALSE(item.work.busy());
}

TEST(enqueue_test, flush_of_an_item_waits_for_its_run) {
    counter item;
    held_queue q;
    EXPECT_FALSE(item.work.flush());
    EXPECT_TRUE(q->enqueue(item));
    q.open();
    item.work.flush();
    EXPECT_EQ(item.count, 1);
    EXPECT_FALSE(item.work.busy());
}

TEST(enqueue_test, running_item_is_not_pending_and_may_enqueue_itself) {
    struct repeater {
        cmwq::work<repeater> work;
        CMWQ_HAS_WORK(work);
        cmwq::queue* on = nullptr;
        int left = 3;
        bool was_pending = false;
        static void run(repeater& self) {
            self.was_pending = self.was_pending || self.work.pending();
            if (--self.left > 0) {
                self.on->enqueue(self);
            }
        }
    };
    auto q = cmwq::make_queue(cmwq::unbound{.name = "repeat"});
    ASSERT_TRUE(q);
    repeater item;
    item.on = &*q;
    EXPECT_TRUE(q->enqueue(item));
    q->drain();
    EXPECT_EQ(item.left, 0);
    EXPECT_FALSE(item.was_pending);
}

TEST(enqueue_test, owner_in_hand_may_enqueue_its_item_again_while_it_runs) {
    struct hop {
        cmwq::work<hop> work;
        CMWQ_HAS_WORK(work);
        tracked part;
        cmwq::queue* on = nullptr;
        std::atomic<int>* hops = nullptr;
        static void run(std::unique_ptr<hop> self) {
            if (++*self->hops < 5) {
                auto& q = *self->on;
                EXPECT_TRUE(q.enqueue(std::move(self)));
            }
        }
    };
    std::atomic<int> hops{0};
    auto q = cmwq::make_queue(cmwq::percpu{.name = "hop"});
    ASSERT_TRUE(q);
    auto item = std::make_unique<hop>();
    item->on = &*q;
    item->hops = &hops;
    EXPECT_TRUE(q->enqueue(std::move(item)));
    q->drain();
    EXPECT_EQ(hops, 5);
    EXPECT_EQ(tracked::alive, 0);
}

TEST(enqueue_test, refusal_by_a_draining_queue_names_item_and_place) {
    counter item;
    unit::draining_queue q;
    const int before = unit::misuse_recorder::count(cmwq::misuse_code::enqueue_while_draining);
    EXPECT_FALSE(q->enqueue(item));
    const unsigned line = __LINE__ - 1;
    EXPECT_EQ(unit::misuse_recorder::count(cmwq::misuse_code::enqueue_while_draining), before + 1);
    EXPECT_EQ(unit::misuse_recorder::last_line(), line);
    EXPECT_FALSE(item.work.pending());
}

// ---- handles and owners of queues ----

TEST(enqueue_test, native_handle_leads_back_to_the_queue) {
    cmwq::queue& q = cmwq::system_unbound();
    EXPECT_EQ(&cmwq::queue::from_native(q.native()), &q);
}

TEST(enqueue_test, queue_has_the_name_it_was_made_with) {
    const auto q = cmwq::make_queue(cmwq::power_efficient{.name = "quiet"});
    ASSERT_TRUE(q);
    EXPECT_EQ(std::string_view{q->name()}, "quiet");
}

TEST(enqueue_test, owned_queue_moves_its_queue) {
    auto first = cmwq::make_queue(cmwq::ordered{.name = "moved"});
    ASSERT_TRUE(first);
    cmwq::queue* const q = &*first;
    auto second = std::move(first);
    EXPECT_FALSE(first);
    EXPECT_EQ(&static_cast<cmwq::queue&>(second), q);
    second = cmwq::owned_queue{};
    EXPECT_FALSE(second);
}

TEST(enqueue_test, destruction_of_a_queue_runs_what_it_has) {
    counter item;
    {
        const auto q = cmwq::make_queue(cmwq::ordered{.name = "closing"});
        ASSERT_TRUE(q);
        EXPECT_TRUE(q->enqueue(item));
    }
    EXPECT_EQ(item.count, 1);
}

TEST(enqueue_test, seven_system_queues_are_different_and_run_items) {
    cmwq::queue* const all[] = {&cmwq::system(),
                                &cmwq::system_highpri(),
                                &cmwq::system_long(),
                                &cmwq::system_unbound(),
                                &cmwq::system_freezable(),
                                &cmwq::system_power_efficient(),
                                &cmwq::system_freezable_power_efficient()};
    int expected = 0;
    counter item;
    for (cmwq::queue* each : all) {
        EXPECT_TRUE(each->enqueue(item));
        item.work.flush();
        EXPECT_EQ(item.count, ++expected);
        for (cmwq::queue* other : all) {
            EXPECT_EQ(each == other, each->native() == other->native());
        }
    }
}

}  // namespace
