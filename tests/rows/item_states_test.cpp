// SPDX-License-Identifier: Apache-2.0
//
// The table "state and operation" of docs/kernel-map.md for items, row by row.
#include "item_states.hpp"

#include <gtest/gtest-spi.h>

namespace {

using namespace rows;
using on_stage = stage<item>&;

constexpr bool yes = true, no = false;

TEST(table_of_states, that_is_wrong_is_found_out) {
    show([] {
        const auto enqueue = [](on_stage on) { return on.wq->enqueue(on.it); };
        EXPECT_NONFATAL_FAILURE(expect_row<item>({{state::pending, {yes, 1}}}, enqueue), "in state 2");
        EXPECT_NONFATAL_FAILURE(expect_row<item>({{state::running, {yes, 1}}}, enqueue), "in state 3");
    });
}

TEST(item_in_each_state, is_enqueued_unless_it_is_pending_or_disabled) {
    show([] {
        expect_row<item>({{state::idle, {yes, 1}},
                          {state::pending, {no, 1}},
                          {state::running, {yes, 2}},
                          {state::running_and_pending, {no, 2}},
                          {state::disabled, {no, 0}}},
                         [](on_stage on) { return on.wq->enqueue(on.it); });
    });
}

const cells what_is_pending_is_taken_back{{state::idle, {no, 0}},
                                          {state::pending, {yes, 0}},
                                          {state::running, {no, 1}},
                                          {state::running_and_pending, {yes, 1}},
                                          {state::disabled, {no, 0}}};

TEST(item_in_each_state, is_cancelled_if_it_is_pending_and_its_run_goes_on) {
    show([] {
        expect_row<item>(what_is_pending_is_taken_back, [](on_stage on) {
            const bool cancelled = on.it.cancel();
            EXPECT_FALSE(on.it.pending());
            EXPECT_EQ(on.it.inside, on.it.runs) << "a run goes on";
            return cancelled;
        });
    });
}

TEST(item_in_each_state, is_idle_after_cancel_sync_and_as_disabled_as_before) {
    show([] {
        expect_row_of_waiting<item>(what_is_pending_is_taken_back, [](on_stage on) {
            const bool cancelled = on.it.cancel_sync();
            EXPECT_EQ(on.it.inside, 0);
            EXPECT_FALSE(on.it.busy());
            if (on.is == state::disabled) {
                EXPECT_FALSE(on.wq->enqueue(on.it));
            }
            return cancelled;
        });
    });
}

/// One level more than before.
void expect_disabled_once_more(on_stage on) {
    EXPECT_FALSE(on.wq->enqueue(on.it));
    EXPECT_EQ(on.it.enable(), on.is != state::disabled);
}

TEST(item_in_each_state, is_cancelled_and_refused_after_disable) {
    show([] {
        expect_row<item>(what_is_pending_is_taken_back, [](on_stage on) {
            const bool cancelled = on.it.disable();
            EXPECT_EQ(on.it.inside, on.it.runs) << "a run goes on";
            expect_disabled_once_more(on);
            return cancelled;
        });
    });
}

TEST(item_in_each_state, is_idle_and_refused_after_disable_sync) {
    show([] {
        expect_row_of_waiting<item>(what_is_pending_is_taken_back, [](on_stage on) {
            const bool cancelled = on.it.disable_sync();
            EXPECT_FALSE(on.it.busy());
            expect_disabled_once_more(on);
            return cancelled;
        });
    });
}

TEST(item_in_each_state, is_flushed_if_it_is_pending_or_runs) {
    show([] {
        expect_row_of_waiting<item>({{state::idle, {no, 0}},
                                     {state::pending, {yes, 1}},
                                     {state::running, {yes, 1}},
                                     {state::running_and_pending, {yes, 2}},
                                     {state::running_and_disabled, {yes, 1}},
                                     {state::disabled, {no, 0}}},
                                    [](on_stage on) {
                                        const bool waited = on.it.flush();
                                        EXPECT_FALSE(on.it.busy());
                                        return waited;
                                    });
    });
}

TEST(item_in_each_state, is_enabled_if_it_is_disabled_and_else_that_is_misuse) {
    show([] {
        const support::misuse_recorder recorder;
        expect_row<item>({{state::idle, {no, 0}},
                          {state::pending, {no, 1}},
                          {state::running, {no, 1}},
                          {state::running_and_pending, {no, 2}},
                          {state::disabled, {yes, 0}}},
                         [](on_stage on) {
                             bool enabled = false;
                             if (on.is == state::disabled) return on.it.enable();
                             expect_misuse(misuse_code::enable_without_disable, [&] { enabled = on.it.enable(); });
                             return enabled;
                         });
    });
}

TEST(item_that_was_disabled_twice, is_enabled_by_the_second_enable_and_can_be_enqueued_with_it) {
    show([] {
        stage<item> on{state::disabled};
        EXPECT_FALSE(on.it.disable());
        EXPECT_FALSE(on.it.enable());
        EXPECT_FALSE(on.wq->enqueue(on.it));
        EXPECT_FALSE(on.it.disable());
        EXPECT_FALSE(on.wq->enable_and_enqueue(on.it)) << "still disabled";
        EXPECT_TRUE(on.wq->enable_and_enqueue(on.it));
        EXPECT_TRUE(on.it.pending());
        on.let_go();
        on.wq->flush();
        EXPECT_EQ(on.it.runs, 1);
    });
}

TEST(item_in_each_state, says_whether_it_is_pending_and_whether_it_is_busy) {
    show([] {
        const auto expect = [](state s, bool pending, bool busy) {
            const stage<item> on{s};
            EXPECT_EQ(on.it.pending(), pending) << "in state " << static_cast<int>(s);
            EXPECT_EQ(on.it.busy(), busy) << "in state " << static_cast<int>(s);
        };
        expect(state::idle, no, no);
        expect(state::pending, yes, yes);
        expect(state::running, no, yes);
        expect(state::running_and_pending, yes, yes);
        expect(state::disabled, no, no);
    });
}

/// Three items in order; which one comes is written down.
struct numbered : cmwq::delayed_work<numbered> {
    static void run(numbered& self) { self.order->push_back(self.number); }
    std::vector<int>* order = nullptr;
    int number = 0;
};

/// The order in which three items run if `operation` is done to the first of them while they wait.
template <class Operation>
std::vector<int> order_after(Operation operation) {
    std::vector<int> order;
    numbered items[3];
    stage<item> on{state::idle};
    for (int i = 0; i < 3; ++i) {
        items[i].order = &order;
        items[i].number = i;
        EXPECT_TRUE(on.wq->enqueue(items[i]));
    }
    operation(*on.wq, items[0]);
    on.let_go();
    on.wq->flush();
    return order;
}

TEST(item_that_waits, keeps_its_place_when_it_is_enqueued_and_loses_it_when_it_gets_a_new_time) {
    show([] {
        EXPECT_EQ(order_after([](cmwq::queue& wq, numbered& first) { EXPECT_FALSE(wq.enqueue(first)); }),
                  (std::vector{0, 1, 2}));
        EXPECT_EQ(order_after([](cmwq::queue& wq, numbered& first) { EXPECT_TRUE(wq.mod_delayed(first, 0s)); }),
                  (std::vector{1, 2, 0}));
    });
}

}  // namespace
