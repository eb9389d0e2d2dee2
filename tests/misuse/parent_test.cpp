// SPDX-License-Identifier: Apache-2.0
//
// Queues with a parent: every way to ask for one that cannot be, what the handler is told, and what is made instead.
#include "support/gate.hpp"
#include "support/misuse_recorder.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <gtest/gtest.h>
#include <string_view>
#include <vector>

namespace {

using cmwq::misuse_code;
using support::recorded_misuse;

class misuse_of_a_parent : public testing::Test {
protected:
    void expect_report(misuse_code code, std::string_view of_queue, std::string_view sentence) {
        const auto found = recorder.take();
        ASSERT_EQ(found.size(), 1u);
        EXPECT_EQ(found.front().code, code);
        EXPECT_EQ(found.front().queue, of_queue);
        EXPECT_NE(found.front().sentence.find(sentence), std::string::npos) << found.front().sentence;
        EXPECT_NE(found.front().file.find("parent_test.cpp"), std::string::npos) << found.front().file;
    }
    static void expect_usable(cmwq::queue& wq) {
        std::atomic<int> runs{0};
        ASSERT_TRUE(wq.try_spawn([&] { ++runs; }));
        wq.flush();
        EXPECT_EQ(runs, 1);
    }

    support::misuse_recorder recorder;
    cmwq::owned_queue parent = cmwq::make_queue(cmwq::unbound{.name = "the parent", .max_active = 2});
};

TEST_F(misuse_of_a_parent, well_formed_family_is_none) {
    const auto child = cmwq::make_queue(cmwq::ordered{.name = "the queue", .freezable = true, .parent = &*parent});
    const auto highpri = cmwq::make_queue(cmwq::unbound{.name = "highpri", .highpri = true});
    const auto same = cmwq::make_queue(cmwq::unbound{.name = "same", .highpri = true, .parent = &*highpri});
    expect_usable(*child);
    expect_usable(*same);
    EXPECT_TRUE(recorder.take().empty());
}

TEST_F(misuse_of_a_parent, per_cpu_queue_is_told_and_the_queue_has_none) {
    for (const bool cpu_intensive : {false, true}) {
        const auto percpu = cmwq::make_queue(cmwq::percpu{.name = "per CPU", .cpu_intensive = cpu_intensive});
        const auto wq = cmwq::make_queue(cmwq::unbound{.name = "the queue", .parent = &*percpu});
        expect_report(misuse_code::unfit_parent, "the queue", "per-CPU");
        expect_usable(*wq);
    }
}

TEST_F(misuse_of_a_parent, queue_divided_over_nodes_is_told_and_the_queue_has_none) {
    const auto divided = cmwq::make_queue(cmwq::unbound{.name = "divided", .per_node = true});
    const auto wq = cmwq::make_queue(cmwq::unbound{.name = "the queue", .parent = &*divided});
    expect_report(misuse_code::unfit_parent, "the queue", "divided over the nodes");
    expect_usable(*wq);
}

TEST_F(misuse_of_a_parent, queue_of_another_runtime_is_told_and_the_queue_has_none) {
    cmwq::runtime other;
    const auto wq = other.make_queue(cmwq::ordered{.name = "the queue", .parent = &*parent});
    expect_report(misuse_code::unfit_parent, "the queue", "another runtime");
    expect_usable(*wq);
}

TEST_F(misuse_of_a_parent, ninth_queue_in_a_line_is_told_and_has_none) {
    std::vector<cmwq::owned_queue> line;
    line.push_back(cmwq::make_queue(cmwq::unbound{.name = "outermost"}));
    while (line.size() < 8) {
        line.push_back(cmwq::make_queue(cmwq::unbound{.name = "inner", .parent = &*line.back()}));
    }
    EXPECT_TRUE(recorder.take().empty());
    const auto ninth = cmwq::make_queue(cmwq::unbound{.name = "ninth", .parent = &*line.back()});
    expect_report(misuse_code::unfit_parent, "ninth", "line of parents");
    expect_usable(*ninth);
    while (!line.empty()) line.pop_back();
}

TEST_F(misuse_of_a_parent, what_only_the_parent_can_say_is_told_and_ignored) {
    using cmwq::affinity_scope;
    using cmwq::unbound;
    const unbound cases[] = {
        {.name = "the queue", .highpri = true, .parent = &*parent},
        {.name = "the queue", .mem_reclaim = true, .parent = &*parent},
        {.name = "the queue", .affinity = affinity_scope::numa, .parent = &*parent},
        {.name = "the queue", .affinity = affinity_scope::cpu, .affinity_strict = true, .parent = &*parent},
        {.name = "the queue", .background = true, .parent = &*parent},
    };
    for (const unbound& options : cases) {
        const auto wq = cmwq::make_queue(options);
        expect_report(misuse_code::option_of_parent, "the queue", "parent decides");
        expect_usable(*wq);
    }
}

TEST_F(misuse_of_a_parent, attributes_of_a_child_are_told_and_change_nothing) {
    const auto wq = cmwq::make_queue(cmwq::unbound{.name = "the queue", .parent = &*parent});
    EXPECT_FALSE(wq->apply_attributes({.cpus = cmwq::cpu_mask::of({0})}));
    expect_report(misuse_code::option_of_parent, "the queue", "parent decides");
}

TEST_F(misuse_of_a_parent, running_in_the_caller_inside_an_order_or_a_freeze_is_told_and_refuses) {
    const cmwq::pending_bound bound{.max_pending = 1, .when_full = cmwq::full_queue::run_in_caller};
    const auto ordered = cmwq::make_queue(cmwq::ordered{.name = "ordered"});
    const auto freezable = cmwq::make_queue(cmwq::unbound{.name = "freezable", .freezable = true});
    for (cmwq::queue* outer : {&*ordered, &*freezable}) {
        const auto wq = cmwq::make_queue(cmwq::unbound{.name = "the queue", .bound = bound, .parent = outer});
        expect_report(misuse_code::contradictory_options, "the queue", "exclude each other");
        expect_usable(*wq);
    }
    const auto fine = cmwq::make_queue(cmwq::unbound{.name = "the queue", .bound = bound, .parent = &*parent});
    EXPECT_TRUE(recorder.take().empty());
}

/// Two queues that have one place between them.
class only_place : public misuse_of_a_parent {
protected:
    void run_in(cmwq::queue& wq, void (*action)(cmwq::queue&), cmwq::queue& target) {
        ASSERT_TRUE(wq.try_spawn([action, &target] { action(target); }));
        wq.flush();
    }
    void expect_told_everywhere(void (*action)(cmwq::queue&), misuse_code code) {
        ASSERT_TRUE(first->try_spawn([] {}));
        run_in(*outer, action, *first);
        expect_report(code, "first", "does not wait");
        run_in(*second, action, *first);
        expect_report(code, "first", "does not wait");
        run_in(*first, action, *outer);
        expect_report(code, "outer", "does not wait");
        first->flush();
    }

    cmwq::owned_queue outer = cmwq::make_queue(cmwq::ordered{.name = "outer"});
    cmwq::owned_queue first = cmwq::make_queue(cmwq::unbound{.name = "first", .parent = &*outer});
    cmwq::owned_queue second = cmwq::make_queue(cmwq::ordered{.name = "second", .parent = &*outer});
};

TEST_F(only_place, flush_of_the_family_from_inside_does_not_wait) {
    expect_told_everywhere([](cmwq::queue& wq) { wq.flush(); }, misuse_code::flush_own_queue);
}

TEST_F(only_place, drain_of_the_family_from_inside_does_not_wait) {
    expect_told_everywhere([](cmwq::queue& wq) { wq.drain(); }, misuse_code::drain_own_queue);
}

TEST_F(only_place, wait_for_room_in_the_family_is_refused) {
    const auto full = cmwq::make_queue(cmwq::unbound{.name = "full",
                                                     .bound = {.max_pending = 1, .when_full = cmwq::full_queue::wait},
                                                     .parent = &*outer});
    bool accepted[2] = {};
    ASSERT_TRUE(second->try_spawn([&] {
        for (bool& each : accepted) each = static_cast<bool>(full->try_spawn([] {}));
    }));
    second->flush();
    expect_report(misuse_code::wait_for_own_queue, "full", "refused");
    EXPECT_TRUE(accepted[0]);
    EXPECT_FALSE(accepted[1]);
}

TEST_F(only_place, waits_from_outside_and_where_there_are_more_places_are_none) {
    const auto child = cmwq::make_queue(cmwq::ordered{.name = "the queue", .parent = &*parent});
    bool flushed = false;
    ASSERT_TRUE(parent->try_spawn([&] {
        if (!child->try_spawn([] {})) return;
        child->flush();
        first->flush();
        flushed = true;
    }));
    parent->flush();
    EXPECT_TRUE(flushed);
    EXPECT_TRUE(recorder.take().empty());
}

TEST(misuse_of_a_parent_death, destroying_it_before_its_children_ends_the_program) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const auto destroy_parent = [] {
        auto parent = cmwq::make_queue(cmwq::unbound{.name = "gone too early", .max_active = 2});
        const auto child = cmwq::make_queue(cmwq::ordered{.name = "child", .parent = &*parent});
        parent.shutdown(cmwq::pending_items::run);
    };
    EXPECT_DEATH(destroy_parent(), "misuse 23: .*parent of others.*\"gone too early\"");
}

}  // namespace
