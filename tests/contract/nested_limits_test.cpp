// SPDX-License-Identifier: Apache-2.0
//
// Queues with a parent: the parent's limit holds for the whole family, the child's own inside of it, and otherwise each
// is a queue like any other.
#include "support/child.hpp"
#include "support/cpus.hpp"
#include "support/crowd.hpp"
#include "support/gate.hpp"
#include "support/sanitizers.hpp"

#include <cmwq/cmwq.hpp>

#include <array>
#include <atomic>
#include <gtest/gtest.h>
#include <memory>
#include <thread>
#include <vector>

namespace {

using support::crowd;

/// Items that stay inside until they are let go.
struct hall {
    crowd all;
    std::atomic<int> runs{0};
    support::gate let_go;

    void admit(cmwq::queue& wq, crowd& own, int count) {
        for (int i = 0; i < count; ++i) {
            ASSERT_TRUE(wq.try_spawn([&] {
                own.enter();
                all.enter();  // last: who is seen here is seen everywhere
                let_go.pass();
                all.leave();
                own.leave();
                ++runs;
            }));
        }
    }
    bool comes_to(int number) {
        return support::eventually([&] { return all.inside == number; });
    }
};

cmwq::owned_queue bounded_to(int max_active) {
    return cmwq::make_queue(cmwq::unbound{.name = "parent", .max_active = max_active});
}
cmwq::owned_queue child_of(cmwq::owned_queue& parent, int max_active = 0) {
    return cmwq::make_queue(cmwq::unbound{.name = "child", .max_active = max_active, .parent = &*parent});
}
cmwq::owned_queue strand_of(cmwq::owned_queue& parent) {
    return cmwq::make_queue(cmwq::ordered{.name = "strand", .parent = &*parent});
}

TEST(nested_limits, parent_and_children_together_keep_the_limit_of_the_parent) {
    auto parent = bounded_to(4);
    auto narrow = child_of(parent, 2);
    auto wide = child_of(parent);
    hall visitors;
    crowd in_parent, in_narrow, in_wide;
    visitors.admit(*narrow, in_narrow, 8);
    ASSERT_TRUE(visitors.comes_to(2));  // its own limit
    visitors.admit(*parent, in_parent, 1);
    ASSERT_TRUE(visitors.comes_to(3));
    visitors.admit(*wide, in_wide, 8);
    ASSERT_TRUE(visitors.comes_to(4));  // the parent's
    visitors.admit(*parent, in_parent, 8);
    visitors.let_go.open();
    narrow->flush();
    wide->flush();
    parent->flush();
    EXPECT_EQ(visitors.runs, 25);
    EXPECT_EQ(visitors.all.most, 4);
    EXPECT_EQ(in_narrow.most, 2);
}

TEST(nested_limits, short_items_of_many_threads_keep_them_too) {
    auto parent = bounded_to(3);
    std::array<cmwq::owned_queue, 3> queues = {child_of(parent, 1), child_of(parent, 2), strand_of(parent)};
    crowd all;
    std::array<crowd, 3> own;
    std::atomic<int> runs{0};
    const int count = support::rounds(3000);
    std::vector<std::thread> producers;
    for (std::size_t i = 0; i < queues.size(); ++i) {
        producers.emplace_back([&, i] {
            for (int n = 0; n < count; ++n) {
                cmwq::queue& wq = n % 4 == 0 ? *parent : *queues[i];
                crowd& inside = own[i];
                const bool counts = n % 4 != 0;
                ASSERT_TRUE(wq.try_spawn([&, counts] {
                    all.enter();
                    if (counts) inside.enter();
                    ++runs;
                    if (counts) inside.leave();
                    all.leave();
                }));
            }
        });
    }
    for (std::thread& producer : producers) producer.join();
    for (auto& wq : queues) wq->flush();
    parent->flush();
    EXPECT_EQ(runs, 3 * count);
    EXPECT_LE(all.most, 3);
    EXPECT_EQ(own[0].most, 1);
    EXPECT_LE(own[1].most, 2);
    EXPECT_EQ(own[2].most, 1);
}

TEST(nested_limits, child_that_is_bounded_inside_leaves_the_rest_to_others) {
    auto io = bounded_to(4);
    auto slow = child_of(io, 2);
    hall visitors;
    crowd in_slow;
    visitors.admit(*slow, in_slow, 10);
    ASSERT_TRUE(visitors.comes_to(2));
    std::atomic<int> quick{0};
    for (int i = 0; i < 10; ++i) {
        ASSERT_TRUE(io->try_spawn([&] { ++quick; }));
    }
    io->flush();  // while the slow ones are inside
    EXPECT_EQ(quick, 10);
    EXPECT_EQ(in_slow.inside, 2);
    visitors.let_go.open();
    slow->flush();
}

TEST(nested_limits, item_of_the_parent_does_not_wait_for_a_whole_crowd_of_a_child) {
    auto parent = bounded_to(1);
    auto child = child_of(parent);
    support::gate inside, let_go;
    ASSERT_TRUE(parent->try_spawn([&] {
        inside.open();
        let_go.pass();
    }));
    ASSERT_TRUE(inside.pass());
    std::atomic<int> before{0};
    int overtaken_by = -1;
    for (int i = 0; i < 1000; ++i) {
        ASSERT_TRUE(child->try_spawn([&] { ++before; }));
    }
    ASSERT_TRUE(parent->try_spawn([&] { overtaken_by = before; }));
    let_go.open();
    parent->flush();
    EXPECT_GE(overtaken_by, 0);
    EXPECT_LE(overtaken_by, 16);
    child->flush();
    EXPECT_EQ(before, 1000);
}

TEST(nested_limits, children_come_in_turn) {
    auto parent = cmwq::make_queue(cmwq::ordered{.name = "parent"});
    auto first = strand_of(parent), second = strand_of(parent);
    support::gate inside, let_go;
    ASSERT_TRUE(parent->try_spawn([&] {
        inside.open();
        let_go.pass();
    }));
    ASSERT_TRUE(inside.pass());
    int runs_of_first = 0, when_second_ended = 0;
    for (int i = 0; i < 200; ++i) {
        ASSERT_TRUE(first->try_spawn([&] { ++runs_of_first; }));
    }
    for (int i = 0; i < 20; ++i) {
        ASSERT_TRUE(second->try_spawn([&] { when_second_ended = runs_of_first; }));
    }
    let_go.open();
    first->flush();
    second->flush();
    EXPECT_EQ(runs_of_first, 200);
    EXPECT_LE(when_second_ended, 32);  // two turns of each
}

TEST(nested_limits, children_of_an_ordered_queue_exclude_each_other_and_keep_their_order) {
    auto parent = cmwq::make_queue(cmwq::ordered{.name = "parent"});
    std::array<cmwq::owned_queue, 3> strands = {strand_of(parent), strand_of(parent), strand_of(parent)};
    const int count = support::rounds(2000);
    crowd all;
    std::array<int, 3> next{};
    std::vector<std::thread> producers;
    for (std::size_t i = 0; i < strands.size(); ++i) {
        producers.emplace_back([&, i] {
            for (int n = 0; n < count; ++n) {
                ASSERT_TRUE(strands[i]->try_spawn([&, i, n] {
                    all.enter();
                    EXPECT_EQ(next[i], n);
                    next[i] = n + 1;
                    all.leave();
                }));
            }
        });
    }
    for (std::thread& producer : producers) producer.join();
    for (auto& strand : strands) strand->flush();
    EXPECT_EQ(all.most, 1);
    for (const int each : next) EXPECT_EQ(each, count);
}

TEST(nested_limits, eight_levels_are_kept_at_each) {
    std::vector<cmwq::owned_queue> line;
    line.push_back(bounded_to(8));
    for (int level = 1; level < 8; ++level) line.push_back(child_of(line.back(), 8 - level));
    hall visitors;
    std::array<crowd, 8> own;
    for (std::size_t level = 8; level-- > 0;) visitors.admit(*line[level], own[level], 3);
    ASSERT_TRUE(visitors.comes_to(8));
    visitors.let_go.open();
    for (auto& wq : line) wq->flush();
    EXPECT_EQ(visitors.runs, 24);
    EXPECT_EQ(visitors.all.most, 8);
    EXPECT_EQ(own[7].most, 1);
    while (!line.empty()) line.pop_back();  // children first
}

TEST(nested_limits, raised_limit_of_the_parent_lets_items_of_its_children_start) {
    auto parent = bounded_to(1);
    auto child = child_of(parent), grandchild = child_of(child, 3);
    hall visitors;
    crowd in_child, in_grandchild;
    visitors.admit(*child, in_child, 5);
    visitors.admit(*grandchild, in_grandchild, 5);
    ASSERT_TRUE(visitors.comes_to(1));
    EXPECT_TRUE(parent->set_max_active(6));
    ASSERT_TRUE(visitors.comes_to(6));
    EXPECT_LE(in_grandchild.most, 3);
    visitors.let_go.open();
    child->flush();
    grandchild->flush();
    EXPECT_EQ(visitors.runs, 10);
    EXPECT_LE(visitors.all.most, 6);
}

TEST(nested_limits, lowered_limit_of_the_parent_holds_once_the_running_items_have_ended) {
    auto parent = bounded_to(4);
    auto child = child_of(parent);
    crowd in_child;
    hall visitors;
    visitors.admit(*child, in_child, 4);
    ASSERT_TRUE(visitors.comes_to(4));
    EXPECT_TRUE(parent->set_max_active(2));
    EXPECT_EQ(visitors.all.inside, 4);  // nobody is stopped
    visitors.let_go.open();
    child->flush();
    hall later;
    later.admit(*child, in_child, 8);
    ASSERT_TRUE(later.comes_to(2));
    later.let_go.open();
    child->flush();
    EXPECT_EQ(later.all.most, 2);
    EXPECT_EQ(later.runs, 8);
}

TEST(nested_limits, parent_without_a_limit_gets_one_that_counts_its_children) {
    auto parent = cmwq::make_queue(cmwq::unbound{.name = "parent"});
    hall visitors;
    crowd in_parent, in_child;
    visitors.admit(*parent, in_parent, 2);
    ASSERT_TRUE(visitors.comes_to(2));
    auto child = child_of(parent);
    EXPECT_TRUE(parent->set_max_active(3));
    visitors.admit(*child, in_child, 5);
    ASSERT_TRUE(visitors.comes_to(3));
    EXPECT_EQ(in_child.inside, 1);
    visitors.let_go.open();
    child->flush();
    parent->flush();
    EXPECT_EQ(visitors.all.most, 3);
}

TEST(nested_limits, flush_of_the_parent_is_about_its_own_items_and_flush_of_a_child_about_the_child) {
    auto parent = bounded_to(2);
    auto child = child_of(parent, 1);
    support::gate inside, let_go;
    std::atomic<int> runs{0};
    ASSERT_TRUE(child->try_spawn([&] {
        inside.open();
        let_go.pass();
        ++runs;
    }));
    ASSERT_TRUE(inside.pass());
    parent->flush();
    parent->drain();
    EXPECT_EQ(runs, 0);
    let_go.open();
    child->flush();
    EXPECT_EQ(runs, 1);
    ASSERT_TRUE(child->try_spawn([&] {
        if (child->try_spawn([&] { ++runs; })) ++runs;
    }));
    child->drain();
    EXPECT_EQ(runs, 3);
}

TEST(nested_limits, destruction_of_a_child_runs_what_it_has) {
    auto parent = bounded_to(2);
    std::atomic<int> runs{0};
    for (int i = 0; i < 50; ++i) {
        auto child = strand_of(parent);
        for (int n = 0; n < 20; ++n) {
            ASSERT_TRUE(child->try_spawn([&] { ++runs; }));
        }
    }
    EXPECT_EQ(runs, 1000);
}

TEST(nested_limits, shutdown_of_a_child_may_drop_what_it_has) {
    auto parent = bounded_to(1);
    auto child = child_of(parent);
    support::gate inside, let_go;
    std::atomic<int> runs{0};
    ASSERT_TRUE(parent->try_spawn([&] {
        inside.open();
        let_go.pass();
    }));
    ASSERT_TRUE(inside.pass());
    for (int n = 0; n < 20; ++n) {
        ASSERT_TRUE(child->try_spawn([&] { ++runs; }));
    }
    std::thread opener{[&] { let_go.open(); }};
    child.shutdown(cmwq::pending_items::drop);
    opener.join();
    EXPECT_LE(runs, 20);  // those that started before the shutdown
    EXPECT_FALSE(child);
}

struct counted : cmwq::work<counted> {
    static void run(counted& self) { ++self.runs; }
    int runs = 0;
};

TEST(nested_limits, child_whose_items_were_cancelled_ends_while_the_parent_has_no_place) {
    auto parent = cmwq::make_queue(cmwq::ordered{.name = "parent"});
    support::gate inside, let_go;
    ASSERT_TRUE(parent->try_spawn([&] {
        inside.open();
        let_go.pass();
    }));
    ASSERT_TRUE(inside.pass());
    {
        auto child = strand_of(parent);
        counted item;
        ASSERT_TRUE(child->enqueue(item));
        EXPECT_TRUE(item.cancel_sync());
        EXPECT_EQ(item.runs, 0);
    }  // would wait here for the parent's item
    let_go.open();
    parent->flush();
}

TEST(nested_limits, item_of_the_parent_may_end_an_empty_child) {
    auto parent = cmwq::make_queue(cmwq::ordered{.name = "parent"});
    bool ended = false;
    ASSERT_TRUE(parent->try_spawn([&] {
        { auto child = strand_of(parent); }
        ended = true;
    }));
    parent->flush();
    EXPECT_TRUE(ended);
}

TEST(nested_limits, frozen_parent_holds_its_children_back) {
    cmwq::runtime own;
    auto parent = own.make_queue(cmwq::unbound{.name = "parent", .max_active = 2, .freezable = true});
    auto child = own.make_queue(cmwq::unbound{.name = "child", .parent = &*parent});
    auto strand = own.make_queue(cmwq::ordered{.name = "strand", .freezable = true, .parent = &*child});
    std::atomic<int> runs{0};
    own.freeze();
    for (int i = 0; i < 10; ++i) {
        ASSERT_TRUE(child->try_spawn([&] { ++runs; }));
        ASSERT_TRUE(strand->try_spawn([&] { ++runs; }));
    }
    ASSERT_TRUE(support::eventually([&] { return own.frozen(); }));
    counted item;
    ASSERT_TRUE(child->enqueue(item));
    EXPECT_TRUE(item.cancel_sync());                             // works throughout
    std::this_thread::sleep_for(std::chrono::milliseconds{15});  // more than one look of the watchdog
    EXPECT_EQ(runs, 0);
    EXPECT_TRUE(own.frozen());
    own.thaw();
    child->flush();
    strand->flush();
    EXPECT_EQ(runs, 20);
}

TEST(nested_limits, frozen_child_holds_nobody_else_back) {
    cmwq::runtime own;
    auto parent = own.make_queue(cmwq::unbound{.name = "parent", .max_active = 1});
    auto child = own.make_queue(cmwq::unbound{.name = "child", .freezable = true, .parent = &*parent});
    std::atomic<int> runs{0}, frozen_runs{0};
    own.freeze();
    ASSERT_TRUE(child->try_spawn([&] { ++frozen_runs; }));
    ASSERT_TRUE(parent->try_spawn([&] { ++runs; }));
    parent->flush();
    EXPECT_EQ(runs, 1);
    EXPECT_TRUE(support::eventually([&] { return own.frozen(); }));
    EXPECT_EQ(frozen_runs, 0);
    own.thaw();
    child->flush();
    EXPECT_EQ(frozen_runs, 1);
}

TEST(nested_limits, running_item_of_a_child_ends_before_its_frozen_parent_is_quiet) {
    cmwq::runtime own;
    auto parent = own.make_queue(cmwq::unbound{.name = "parent", .freezable = true});
    auto child = own.make_queue(cmwq::ordered{.name = "child", .parent = &*parent});
    support::gate inside, let_go;
    std::atomic<bool> second{false};
    ASSERT_TRUE(child->try_spawn([&] {
        inside.open();
        let_go.pass();
    }));
    ASSERT_TRUE(child->try_spawn([&] { second = true; }));
    ASSERT_TRUE(inside.pass());
    own.freeze();
    EXPECT_FALSE(own.frozen());
    let_go.open();
    EXPECT_TRUE(support::eventually([&] { return own.frozen(); }));
    EXPECT_FALSE(second);
    own.thaw();
    child->flush();
    EXPECT_TRUE(second);
}

TEST(nested_limits, child_may_have_a_bound_on_what_is_pending) {
    auto parent = bounded_to(1);
    auto child = cmwq::make_queue(cmwq::unbound{.name = "child", .bound = {.max_pending = 2}, .parent = &*parent});
    support::gate inside, let_go;
    ASSERT_TRUE(parent->try_spawn([&] {
        inside.open();
        let_go.pass();
    }));
    ASSERT_TRUE(inside.pass());
    std::atomic<int> runs{0};
    const auto spawn = [&] { return child->try_spawn([&] { ++runs; }); };
    EXPECT_TRUE(spawn());
    EXPECT_TRUE(spawn());
    EXPECT_EQ(spawn().why(), cmwq::refusal::queue_full);
    let_go.open();
    child->flush();
    EXPECT_EQ(runs, 2);
}

TEST(nested_limits, delayed_items_of_a_child_wait_for_a_place_when_their_time_has_come) {
    struct later : cmwq::delayed_work<later> {
        static void run(later& self) { ++self.runs; }
        int runs = 0;
    };
    auto parent = bounded_to(1);
    auto child = strand_of(parent);
    later item;
    ASSERT_TRUE(child->enqueue_delayed(item, std::chrono::milliseconds{1}));
    EXPECT_TRUE(support::eventually([&] { return !item.pending(); }));
    child->flush();
    EXPECT_EQ(item.runs, 1);
}

TEST(nested_limits, attributes_of_the_parent_hold_for_its_children) {
    const std::vector<int>& all = support::cpu_numbers();
    auto parent = bounded_to(2);
    auto child = child_of(parent);
    for (std::size_t cpu = 0; cpu < all.size(); ++cpu) {
        ASSERT_TRUE(parent->apply_attributes({.cpus = cmwq::cpu_mask::of({static_cast<int>(cpu)})}));
        std::atomic<int> runs{0}, outside{0};
        for (int i = 0; i < 100; ++i) {
            ASSERT_TRUE(child->try_spawn([&] {
                ++runs;
                outside += sched_getcpu() == all[cpu] ? 0 : 1;
            }));
        }
        child->flush();
        EXPECT_EQ(runs, 100);
        EXPECT_EQ(outside, 0);
    }
}

TEST(nested_limits, hold_in_the_child_of_a_fork) {
    if (!support::threads_after_fork) GTEST_SKIP() << support::no_threads_after_fork;
    auto parent = bounded_to(1);
    auto child = strand_of(parent);
    std::atomic<int> runs{0};
    ASSERT_TRUE(child->try_spawn([&] { ++runs; }));
    child->flush();
    EXPECT_TRUE(support::in_child([&] {
        crowd all;
        bool accepted = true;
        for (int i = 0; i < 100; ++i) {
            cmwq::queue& wq = i % 2 == 0 ? *child : *parent;
            accepted &= static_cast<bool>(wq.try_spawn([&] {
                all.enter();
                ++runs;
                all.leave();
            }));
        }
        child->flush();
        parent->flush();
        return accepted && runs == 101 && all.most == 1;
    }));
    ASSERT_TRUE(child->try_spawn([&] { ++runs; }));
    child->flush();
    EXPECT_EQ(runs, 2);
}

TEST(nested_limits, many_strands_share_a_few_places) {
    auto parent = bounded_to(2);
    std::vector<cmwq::owned_queue> strands;
    for (int i = 0; i < 200; ++i) strands.push_back(strand_of(parent));
    crowd all;
    std::atomic<int> runs{0};
    for (int round = 0; round < 20; ++round) {
        for (auto& strand : strands) {
            ASSERT_TRUE(strand->try_spawn([&] {
                all.enter();
                ++runs;
                all.leave();
            }));
        }
    }
    for (auto& strand : strands) strand->flush();
    EXPECT_EQ(runs, 4000);
    EXPECT_LE(all.most, 2);
}

}  // namespace
