// SPDX-License-Identifier: Apache-2.0
//
// F9 and F12: work functions that wait for themselves. Each bad pattern is reported, once and with its code, and does
// not hang; its good twin, which differs in the one thing that matters, is silent. There is no graph of lock orders:
// two items that wait for each other's queue are not found (docs/verification/real-faults.md).
#include "support/gate.hpp"
#include "support/misuse_recorder.hpp"

#include <cmwq/cmwq.hpp>

#include <functional>
#include <gtest/gtest.h>
#include <memory>

namespace {

using cmwq::misuse_code;

struct actor : cmwq::delayed_work<actor> {
    std::function<void(actor&)> body;
    static void run(actor& self) { self.body(self); }
};

/// What a pattern acts on. Everything that `waits` names ends by itself.
struct scene {
    cmwq::owned_queue own = cmwq::make_queue(cmwq::ordered{.name = "own"});
    cmwq::owned_queue other = cmwq::make_queue(cmwq::ordered{.name = "other"});
    cmwq::owned_queue parent = cmwq::make_queue(cmwq::unbound{.name = "parent", .max_active = 1});
    cmwq::owned_queue child = cmwq::make_queue(cmwq::ordered{.name = "child", .parent = &*parent});
    cmwq::owned_queue wide = cmwq::make_queue(cmwq::unbound{.name = "wide", .max_active = 2});
    cmwq::owned_queue wide_child = cmwq::make_queue(cmwq::ordered{.name = "wide child", .parent = &*wide});
    cmwq::owned_queue full = cmwq::make_queue(
        cmwq::ordered{.name = "full", .bound = {.max_pending = 1, .when_full = cmwq::full_queue::wait}});
    actor self, second, third;

    scene() {
        second.body = third.body = [](actor&) {};
    }
    /// `body` runs as an item of `on`.
    void in_an_item_of(cmwq::queue& on, std::function<void(actor&)> body) {
        self.body = std::move(body);
        EXPECT_TRUE(on.enqueue(self));
        (void)self.flush();
        on.flush();
    }
};

struct pattern {
    const char* name;
    misuse_code code;
    void (*bad)(scene&);
    void (*good)(scene&);
};

const pattern patterns[] = {
    {"flush_of_the_queue_that_runs_it", misuse_code::flush_own_queue,
     [](scene& s) { s.in_an_item_of(*s.own, [&](actor&) { s.own->flush(); }); },
     [](scene& s) { s.in_an_item_of(*s.own, [&](actor&) { s.other->flush(); }); }},
    {"drain_of_the_queue_that_runs_it", misuse_code::drain_own_queue,
     [](scene& s) { s.in_an_item_of(*s.own, [&](actor&) { s.own->drain(); }); },
     [](scene& s) { s.in_an_item_of(*s.own, [&](actor&) { s.other->drain(); }); }},
    {"flush_of_itself", misuse_code::flush_from_own_item,
     [](scene& s) { s.in_an_item_of(*s.own, [](actor& a) { (void)a.flush(); }); },
     [](scene& s) {
         s.in_an_item_of(*s.own, [&](actor&) {
             EXPECT_TRUE(s.other->enqueue(s.second));
             (void)s.second.flush();
         });
     }},
    {"flush_of_itself_and_its_timer", misuse_code::flush_from_own_item,
     [](scene& s) { s.in_an_item_of(*s.own, [](actor& a) { (void)a.flush_delayed(); }); },
     [](scene& s) {
         s.in_an_item_of(*s.own, [&](actor&) {
             EXPECT_TRUE(s.other->enqueue_delayed(s.second, std::chrono::hours{1}));
             (void)s.second.flush_delayed();
         });
     }},
    {"cancel_sync_of_itself", misuse_code::cancel_sync_from_own_item,
     [](scene& s) { s.in_an_item_of(*s.own, [](actor& a) { (void)a.cancel_sync(); }); },
     [](scene& s) { s.in_an_item_of(*s.own, [](actor& a) { (void)a.cancel(); }); }},
    {"disable_sync_of_itself", misuse_code::disable_sync_from_own_item,
     [](scene& s) {
         s.in_an_item_of(*s.own, [](actor& a) { (void)a.disable_sync(); });
         (void)s.self.enable();
     },
     [](scene& s) {
         s.in_an_item_of(*s.own, [](actor& a) {
             (void)a.disable();
             (void)a.enable();
         });
     }},
    {"cancel_sync_of_a_scoped_work_by_itself", misuse_code::cancel_sync_from_own_item,
     [](scene& s) {
         cmwq::scoped_work<>* here = nullptr;
         cmwq::scoped_work<> task{*s.own, [&here] { (void)here->cancel_sync(); }};
         here = &task;
         EXPECT_TRUE(task.enqueue());
         (void)task.flush();
     },
     [](scene& s) {
         cmwq::scoped_work<> inner{*s.other, [] {}};
         cmwq::scoped_work<> task{*s.own, [&inner] { (void)inner.cancel_sync(); }};
         EXPECT_TRUE(task.enqueue());
         (void)task.flush();
     }},
    {"flush_of_a_child_from_the_parents_only_place", misuse_code::flush_own_queue,
     [](scene& s) { s.in_an_item_of(*s.parent, [&](actor&) { s.child->flush(); }); },
     [](scene& s) { s.in_an_item_of(*s.wide, [&](actor&) { s.wide_child->flush(); }); }},
    {"drain_of_a_child_from_the_parents_only_place", misuse_code::drain_own_queue,
     [](scene& s) { s.in_an_item_of(*s.parent, [&](actor&) { s.child->drain(); }); },
     [](scene& s) { s.in_an_item_of(*s.wide, [&](actor&) { s.wide_child->drain(); }); }},
    {"flush_of_the_parent_from_its_only_place", misuse_code::flush_own_queue,
     [](scene& s) { s.in_an_item_of(*s.child, [&](actor&) { s.parent->flush(); }); },
     [](scene& s) { s.in_an_item_of(*s.wide_child, [&](actor&) { s.wide->flush(); }); }},
    {"wait_for_room_in_the_queue_that_runs_it", misuse_code::wait_for_own_queue,
     [](scene& s) {
         s.in_an_item_of(*s.full, [&](actor&) {
             EXPECT_TRUE(s.full->enqueue(s.second));
             EXPECT_FALSE(s.full->enqueue(s.third));
         });
     },
     [](scene& s) {
         s.in_an_item_of(*s.own, [&](actor&) {
             EXPECT_TRUE(s.full->enqueue(s.second));
             EXPECT_TRUE(s.full->enqueue(s.third));
         });
         s.full->flush();
     }},
    {"enable_without_disable", misuse_code::enable_without_disable, [](scene& s) { (void)s.second.enable(); },
     [](scene& s) {
         (void)s.second.disable();
         (void)s.second.enable();
     }},
    {"null_item", misuse_code::null_item, [](scene& s) { EXPECT_FALSE(s.own->enqueue(static_cast<actor*>(nullptr))); },
     [](scene& s) {
         EXPECT_TRUE(s.own->enqueue(&s.second));
         s.own->flush();
     }},
};

class bad_pattern : public testing::TestWithParam<pattern> {};
INSTANTIATE_TEST_SUITE_P(of, bad_pattern, testing::ValuesIn(patterns),
                         [](const auto& info) { return info.param.name; });

TEST_P(bad_pattern, is_reported_and_its_good_twin_is_silent) {
    support::misuse_recorder recorder;
    scene s;
    GetParam().bad(s);
    const auto told = recorder.take();
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told.front().code, GetParam().code) << told.front().sentence;
    GetParam().good(s);
    EXPECT_EQ(recorder.take().size(), 0u);
}

}  // namespace
