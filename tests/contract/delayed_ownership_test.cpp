// SPDX-License-Identifier: Apache-2.0
//
// Promise 9 for delayed items: an owner given with a delay is run, handed back, or let go exactly once, also when the
// queue is destroyed with its item armed.
#include "support/blocked_queue.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <chrono>
#include <gtest/gtest.h>
#include <memory>

namespace {

using cmwq::refusal;
using support::eventually;
using namespace std::chrono_literals;

constexpr auto far_away = 1h;

struct counts {
    std::atomic<int> runs{0}, alive{0};
};

struct counted {
    explicit counted(counts& c) : c{c} { ++c.alive; }
    counted(const counted&) = delete;
    ~counted() { --c.alive; }
    counts& c;
};

struct shared_item : counted {
    using counted::counted;
    cmwq::delayed_work<shared_item> work{"shared_item::work"};
    CMWQ_HAS_WORK(work);
    static void run(cmwq::arc<shared_item> self) { ++self->c.runs; }
};

struct unique_item : counted, cmwq::delayed_work<unique_item> {
    using counted::counted;
    static void run(std::unique_ptr<unique_item> self) { ++self->c.runs; }
};

struct kept_item : counted {
    using counted::counted;
    cmwq::shared_delayed_work<kept_item> work;
    CMWQ_HAS_WORK(work);
    static void run(std::shared_ptr<kept_item> self) { ++self->c.runs; }
};

struct two_works : counted {
    using counted::counted;
    cmwq::work<two_works, 1> now;
    CMWQ_HAS_WORK(now);
    cmwq::delayed_work<two_works, 2> later;
    CMWQ_HAS_WORK(later);
    static void run(cmwq::work_id<1>, cmwq::arc<two_works> self) { self->c.runs += 1; }
    static void run(cmwq::work_id<2>, cmwq::arc<two_works> self) { self->c.runs += 100; }
};

class delayed_owner : public testing::Test {
protected:
    counts c;
    cmwq::owned_queue wq = cmwq::make_queue(cmwq::percpu{.name = "owners"});
    void TearDown() override {
        wq = {};
        EXPECT_EQ(c.alive, 0);
    }
};

TEST_F(delayed_owner, of_each_kind_reaches_its_run) {
    EXPECT_TRUE(wq->enqueue_delayed(cmwq::make_arc<shared_item>(c), 1ms));
    EXPECT_TRUE(wq->enqueue_delayed(std::make_unique<unique_item>(c), 1ms));
    EXPECT_TRUE(wq->enqueue_delayed(std::make_shared<kept_item>(c), 1ms));
    EXPECT_TRUE(wq->enqueue_delayed<2>(cmwq::make_arc<two_works>(c), 1ms));
    EXPECT_TRUE(eventually([&] { return c.runs == 103 && c.alive == 0; }));
}

TEST_F(delayed_owner, is_let_go_when_the_queue_is_destroyed) {
    EXPECT_TRUE(wq->enqueue_delayed(cmwq::make_arc<shared_item>(c), far_away));
    EXPECT_TRUE(wq->enqueue_delayed(std::make_unique<unique_item>(c), far_away));
    EXPECT_TRUE(wq->enqueue_delayed(std::make_shared<kept_item>(c), far_away));
    EXPECT_EQ(c.alive, 3);
    wq = {};
    EXPECT_EQ(c.alive, 0);
    EXPECT_EQ(c.runs, 0);
}

TEST_F(delayed_owner, of_another_queue_stays_when_a_queue_is_destroyed) {
    auto other = cmwq::make_queue(cmwq::unbound{.name = "other"});
    const auto item = cmwq::make_arc<shared_item>(c);
    EXPECT_TRUE(wq->enqueue_delayed(item, far_away));
    EXPECT_TRUE(other->enqueue_delayed(cmwq::make_arc<shared_item>(c), far_away));
    other = {};
    EXPECT_EQ(c.alive, 1);
    EXPECT_TRUE(item->work.pending());
    EXPECT_TRUE(item->work.cancel());
}

TEST_F(delayed_owner, survives_in_the_program_when_the_queue_lets_it_go) {
    const auto item = cmwq::make_arc<shared_item>(c);
    const auto kept = std::make_shared<kept_item>(c);
    EXPECT_TRUE(wq->enqueue_delayed(item, far_away));
    EXPECT_TRUE(wq->enqueue_delayed(kept, far_away));
    wq = cmwq::make_queue(cmwq::percpu{.name = "the next"});
    EXPECT_FALSE(item->work.busy());
    EXPECT_FALSE(kept->work.busy());
    EXPECT_EQ(kept.use_count(), 1);
    EXPECT_TRUE(wq->enqueue_delayed(item, 1ms));
    EXPECT_TRUE(wq->enqueue_delayed(kept, 1ms));
    EXPECT_TRUE(eventually([&] { return c.runs == 2; }));
}

TEST_F(delayed_owner, that_cancels_others_on_its_way_out_may_do_so) {
    struct pair_item : counted, cmwq::delayed_work<pair_item> {
        using counted::counted;
        ~pair_item() {
            if (other != nullptr) {
                other->other = nullptr;
                delete other->cancel().release();
            }
        }
        static void run(std::unique_ptr<pair_item>) {}
        pair_item* other = nullptr;
    };
    auto a = std::make_unique<pair_item>(c);
    auto b = std::make_unique<pair_item>(c);
    a->other = b.get();
    b->other = a.get();
    EXPECT_TRUE(wq->enqueue_delayed(std::move(a), far_away));
    EXPECT_TRUE(wq->enqueue_delayed(std::move(b), far_away));
    wq = {};
    EXPECT_EQ(c.alive, 0);
}

TEST_F(delayed_owner, comes_back_when_cancelled) {
    const auto item = cmwq::make_arc<shared_item>(c);
    const auto kept = std::make_shared<kept_item>(c);
    ASSERT_TRUE(wq->enqueue_delayed(item, far_away));
    ASSERT_TRUE(wq->enqueue_delayed(kept, far_away));
    EXPECT_EQ(item->work.cancel(), item);
    EXPECT_EQ(kept->work.disable_sync(), kept);
    EXPECT_EQ(item->work.cancel(), nullptr);
    EXPECT_EQ(kept.use_count(), 1);
}

TEST_F(delayed_owner, comes_back_when_refused) {
    const auto item = cmwq::make_arc<shared_item>(c);
    ASSERT_TRUE(wq->enqueue_delayed(item, far_away));
    auto refused = wq->enqueue_delayed(item, 1ms);
    EXPECT_EQ(refused.why(), refusal::already_pending);
    EXPECT_EQ(refused.take_back(), item);
    (void)item->work.disable();
    EXPECT_EQ(wq->enqueue_delayed(item, 1ms).why(), refusal::disabled);
}

TEST_F(delayed_owner, given_to_mod_goes_to_an_idle_item_and_comes_back_from_a_pending_one) {
    const auto item = cmwq::make_arc<shared_item>(c);
    const auto kept = std::make_shared<kept_item>(c);
    {
        const auto first = wq->mod_delayed(item, far_away);
        EXPECT_EQ(first.why, refusal::none);
        EXPECT_FALSE(first.was_pending);
        EXPECT_EQ(first.surplus, nullptr);
        const auto second = wq->mod_delayed(item, 2 * far_away);
        EXPECT_TRUE(second.was_pending);
        EXPECT_EQ(second.surplus, item);
    }
    EXPECT_FALSE(wq->mod_delayed(kept, far_away).was_pending);
    EXPECT_EQ(kept.use_count(), 2);
    EXPECT_TRUE(wq->mod_delayed(kept, 0s).was_pending);
    EXPECT_TRUE(wq->mod_delayed(item, 0s).was_pending);
    EXPECT_TRUE(eventually([&] { return c.runs == 2 && kept.use_count() == 1; }));
}

TEST_F(delayed_owner, given_to_mod_comes_back_from_a_disabled_item) {
    const auto item = cmwq::make_arc<shared_item>(c);
    (void)item->work.disable();
    const auto told = wq->mod_delayed(item, 1ms);
    EXPECT_EQ(told.why, refusal::disabled);
    EXPECT_EQ(told.surplus, item);
    EXPECT_FALSE(item->work.pending());
}

TEST_F(delayed_owner, is_let_go_when_its_item_arms_itself_for_a_queue_that_is_being_destroyed) {
    struct immortal : counted, cmwq::delayed_work<immortal> {
        immortal(counts& c, cmwq::queue& q) : counted{c}, wq{q} {}
        static void run(std::unique_ptr<immortal> self) {
            ++self->c.runs;
            cmwq::queue& to = self->wq;
            (void)to.enqueue_delayed(std::move(self), 20us);
        }
        cmwq::queue& wq;
    };
    EXPECT_TRUE(wq->enqueue_delayed(std::make_unique<immortal>(c, *wq), 20us));
    EXPECT_TRUE(wq->enqueue_delayed(std::make_unique<immortal>(c, *wq), 10us));
    ASSERT_TRUE(eventually([&] { return c.runs > 10; }));
    wq = {};
    EXPECT_EQ(c.alive, 0);
}

TEST_F(delayed_owner, is_let_go_when_the_runtime_ends) {
    {
        cmwq::runtime rt;
        EXPECT_TRUE(rt.system().enqueue_delayed(cmwq::make_arc<shared_item>(c), far_away));
        EXPECT_TRUE(rt.system_unbound().enqueue_delayed(std::make_unique<unique_item>(c), far_away));
        EXPECT_EQ(c.alive, 2);
    }
    EXPECT_EQ(c.alive, 0);
    EXPECT_EQ(c.runs, 0);
}

// ---- the raw level ----

struct alarm_item : cmwq::raw_delayed_work {
    explicit alarm_item(counts& c) : raw_delayed_work{kind}, c{c} {}
    static void run(cmwq::work_base* item) { ++static_cast<alarm_item*>(item)->c.runs; }
    static void drop(cmwq::work_base* item) noexcept { static_cast<alarm_item*>(item)->c.runs += 1'000; }
    static constinit inline const cmwq::work_class kind{&run, &drop, "alarm"};
    counts& c;
};

TEST_F(delayed_owner, raw_item_is_run_or_dropped_once) {
    alarm_item one{c}, other{c};
    EXPECT_EQ(cmwq::raw_enqueue_delayed(*wq, one, 1ms), refusal::none);
    EXPECT_TRUE(eventually([&] { return c.runs == 1; }));
    EXPECT_EQ(cmwq::raw_enqueue_delayed(*wq, one, far_away), refusal::none);
    EXPECT_EQ(cmwq::raw_enqueue_delayed(*wq, one, far_away), refusal::already_pending);
    EXPECT_TRUE(cmwq::raw_mod_delayed(*wq, one, 2 * far_away).was_pending);
    EXPECT_TRUE(cmwq::raw_flush_delayed(one));
    EXPECT_EQ(c.runs, 2);
    EXPECT_EQ(cmwq::raw_enqueue_delayed(*wq, other, far_away), refusal::none);
    EXPECT_TRUE(cmwq::raw_cancel(other));
    EXPECT_EQ(cmwq::raw_enqueue_delayed(*wq, other, far_away), refusal::none);
    wq = {};
    EXPECT_EQ(c.runs, 1'002);
    EXPECT_FALSE(other.pending());
}

}  // namespace
