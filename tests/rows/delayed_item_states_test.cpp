// SPDX-License-Identifier: Apache-2.0
//
// The table "state and operation" of docs/kernel-map.md for delayed items, row by row.
#include "item_states.hpp"

namespace {

using namespace rows;
using on_stage = stage<delayed_item>&;

constexpr bool yes = true, no = false, armed = true;

TEST(delayed_item_in_each_state, is_enqueued_unless_it_is_pending_or_disabled) {
    show([] {
        expect_row<delayed_item>({{state::idle, {yes, 1}},
                                  {state::armed, {no, 0, armed}},
                                  {state::pending, {no, 1}},
                                  {state::running, {yes, 2}},
                                  {state::running_and_pending, {no, 2}},
                                  {state::disabled, {no, 0}}},
                                 [](on_stage on) { return on.wq->enqueue(on.it); });
    });
}

TEST(delayed_item_in_each_state, is_armed_unless_it_is_pending_or_disabled) {
    show([] {
        expect_row<delayed_item>({{state::idle, {yes, 0, armed}},
                                  {state::armed, {no, 0, armed}},
                                  {state::pending, {no, 1}},
                                  {state::running, {yes, 1, armed}},
                                  {state::running_and_pending, {no, 2}},
                                  {state::disabled, {no, 0}}},
                                 [](on_stage on) {
                                     // One that is armed keeps its time.
                                     if (on.is == state::armed) return on.wq->enqueue_delayed(on.it, 0s);
                                     return on.wq->enqueue_delayed(on.it, far_away);
                                 });
    });
}

TEST(delayed_item_in_each_state, is_armed_anew_by_mod_delayed_unless_it_is_disabled) {
    show([] {
        expect_row<delayed_item>({{state::idle, {no, 0, armed}},
                                  {state::armed, {yes, 0, armed}},
                                  {state::pending, {yes, 0, armed}},
                                  {state::running, {no, 1, armed}},
                                  {state::running_and_pending, {yes, 1, armed}},
                                  {state::disabled, {no, 0}}},
                                 [](on_stage on) { return on.wq->mod_delayed(on.it, 2 * far_away); });
    });
}

TEST(delayed_item_in_each_state, is_enqueued_by_mod_delayed_to_zero_unless_it_is_disabled) {
    show([] {
        expect_row<delayed_item>({{state::idle, {no, 1}},
                                  {state::armed, {yes, 1}},
                                  {state::pending, {yes, 1}},
                                  {state::running, {no, 2}},
                                  {state::running_and_pending, {yes, 2}},
                                  {state::disabled, {no, 0}}},
                                 [](on_stage on) { return on.wq->mod_delayed(on.it, 0s); });
    });
}

const cells what_is_pending_is_taken_back{{state::idle, {no, 0}},
                                          {state::armed, {yes, 0}},
                                          {state::pending, {yes, 0}},
                                          {state::running, {no, 1}},
                                          {state::running_and_pending, {yes, 1}},
                                          {state::running_and_armed, {yes, 1}},
                                          {state::disabled, {no, 0}}};

TEST(delayed_item_in_each_state, is_cancelled_or_disabled_if_it_is_pending_and_its_run_goes_on) {
    show([] {
        expect_row<delayed_item>(what_is_pending_is_taken_back, [](on_stage on) { return on.it.cancel(); });
        expect_row<delayed_item>(what_is_pending_is_taken_back, [](on_stage on) {
            const bool cancelled = on.it.disable();
            EXPECT_FALSE(on.wq->enqueue_delayed(on.it, far_away));
            EXPECT_EQ(on.it.enable(), on.is != state::disabled);
            return cancelled;
        });
    });
}

TEST(delayed_item_in_each_state, is_idle_after_cancel_sync_and_disable_sync) {
    show([] {
        expect_row_of_waiting<delayed_item>(what_is_pending_is_taken_back, [](on_stage on) {
            const bool cancelled = on.it.cancel_sync();
            EXPECT_FALSE(on.it.busy());
            return cancelled;
        });
        expect_row_of_waiting<delayed_item>(what_is_pending_is_taken_back, [](on_stage on) {
            const bool cancelled = on.it.disable_sync();
            EXPECT_FALSE(on.it.busy());
            return cancelled;
        });
    });
}

TEST(delayed_item_in_each_state, is_flushed_without_its_timer) {
    show([] {
        expect_row_of_waiting<delayed_item>({{state::idle, {no, 0}},
                                             {state::armed, {no, 0, armed}},
                                             {state::pending, {yes, 1}},
                                             {state::running, {yes, 1}},
                                             {state::running_and_pending, {yes, 2}},
                                             {state::running_and_armed, {yes, 1, armed}},
                                             {state::disabled, {no, 0}}},
                                            [](on_stage on) { return on.it.flush(); });
    });
}

TEST(delayed_item_in_each_state, is_flushed_with_its_timer_by_flush_delayed) {
    show([] {
        expect_row_of_waiting<delayed_item>({{state::idle, {no, 0}},
                                             {state::armed, {yes, 1}},
                                             {state::pending, {yes, 1}},
                                             {state::running, {yes, 1}},
                                             {state::running_and_pending, {yes, 2}},
                                             {state::running_and_armed, {yes, 2}},
                                             {state::disabled, {no, 0}}},
                                            [](on_stage on) { return on.it.flush_delayed(); });
    });
}

}  // namespace
