// SPDX-License-Identifier: Apache-2.0
#include "engine/item_flush.hpp"

#include "backend/clock.hpp"

#include <gtest/gtest.h>

namespace {

using namespace cmwq::engine;
using cmwq::work_base;

constinit const cmwq::work_class kind{[](work_base*) {}, [](work_base*) noexcept {}, "unit"};

class item_flush_test : public testing::Test {
protected:
    item_flush_test() { me.item_number.store(5, std::memory_order_relaxed); }

    void add_pending(item_flush_ticket& ticket, work_base& of) {
        ticket.item = &of;
        flushes.add(ticket);
    }
    void add_running(item_flush_ticket& ticket, work_base& of, const worker& runner, std::uint64_t number) {
        ticket.item = &of;
        ticket.runner = &runner;
        ticket.number = number;
        flushes.add(ticket);
    }
    static bool completed(item_flush_ticket& ticket) { return ticket.done.park_until(cmwq::platform::now()); }

    item_flushes flushes;
    worker me, other;
    work_base item{kind}, another{kind};
    item_flush_ticket ticket, second;
};

TEST_F(item_flush_test, ticket_for_the_running_instance_is_completed_with_it) {
    add_running(ticket, item, me, 5);
    EXPECT_FALSE(completed(ticket));
    flushes.instance_done(me, 5);
    EXPECT_TRUE(completed(ticket));
}

TEST_F(item_flush_test, other_instances_and_workers_complete_nothing) {
    add_running(ticket, item, me, 5);
    flushes.instance_done(me, 4);
    flushes.instance_done(me, 6);
    flushes.instance_done(other, 5);
    EXPECT_FALSE(completed(ticket));
    flushes.instance_done(me, 5);
    EXPECT_TRUE(completed(ticket));
}

TEST_F(item_flush_test, ticket_for_the_pending_instance_follows_it_to_its_worker) {
    add_pending(ticket, item);
    flushes.instance_done(me, 5);
    EXPECT_FALSE(completed(ticket));
    flushes.instance_starts(me, item);
    EXPECT_EQ(ticket.runner, &me);
    EXPECT_EQ(ticket.number, 5u);
    flushes.instance_done(me, 5);
    EXPECT_TRUE(completed(ticket));
}

TEST_F(item_flush_test, later_instance_does_not_take_over_the_ticket) {
    add_pending(ticket, item);
    flushes.instance_starts(me, item);
    other.item_number.store(9, std::memory_order_relaxed);
    flushes.instance_starts(other, item);
    flushes.instance_done(other, 9);
    EXPECT_FALSE(completed(ticket));
    flushes.instance_done(me, 5);
    EXPECT_TRUE(completed(ticket));
}

TEST_F(item_flush_test, start_of_another_item_leaves_the_ticket_alone) {
    add_pending(ticket, item);
    flushes.instance_starts(me, another);
    flushes.instance_done(me, 5);
    EXPECT_FALSE(completed(ticket));
    flushes.instance_starts(me, item);
    flushes.instance_done(me, 5);
    EXPECT_TRUE(completed(ticket));
}

TEST_F(item_flush_test, all_tickets_of_one_instance_are_completed_at_once) {
    add_running(ticket, item, me, 5);
    add_pending(second, item);
    flushes.instance_starts(me, item);
    item_flush_ticket unconcerned;
    add_pending(unconcerned, another);
    flushes.instance_done(me, 5);
    EXPECT_TRUE(completed(ticket));
    EXPECT_TRUE(completed(second));
    EXPECT_FALSE(completed(unconcerned));
}

TEST_F(item_flush_test, cancelled_instance_completes_the_tickets_for_it_and_no_others) {
    item_flush_ticket third;
    add_pending(ticket, item);
    add_running(second, item, me, 5);
    add_pending(third, another);
    flushes.instance_cancelled(item);
    EXPECT_TRUE(completed(ticket));
    EXPECT_FALSE(completed(second));
    EXPECT_FALSE(completed(third));
    flushes.instance_done(me, 5);
    flushes.instance_cancelled(another);
}

}  // namespace
