// SPDX-License-Identifier: Apache-2.0
//
// apply_attributes: the items of an unbound queue run where it is told, from the next one on, and an ordered queue
// keeps its order while that changes.
#include "support/cpus.hpp"
#include "support/gate.hpp"
#include "support/patience.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <chrono>
#include <gtest/gtest.h>
#include <memory>
#include <sched.h>
#include <thread>
#include <vector>

namespace {

using cmwq::affinity_scope;
using cmwq::cpu_mask;
using support::cpu_here;

/// How many of the items run outside the mask, and how many run at all.
struct tally {
    std::atomic<int> runs{0}, outside{0};
};

void enqueue_for(cmwq::queue& wq, const cpu_mask& mask, tally& counts, int count) {
    for (int i = 0; i < count; ++i) {
        ASSERT_TRUE(wq.try_spawn([&counts, mask] {
            ++counts.runs;
            counts.outside += mask.contains(cpu_here()) ? 0 : 1;
        }));
    }
}

class attributes_test : public ::testing::Test {
protected:
    void SetUp() override { (void)support::cpu_numbers(); }  // not for the first time inside of an item
    /// One CPU after the other.
    void expect_each_mask_kept(cmwq::queue& wq) {
        const int per_cpu = support::rounds(500);
        for (int round = 0; round < 3; ++round) {
            for (int cpu = 0; cpu < cmwq::nr_cpus(); ++cpu) {
                tally counts;
                const cpu_mask one = cpu_mask::of({cpu});
                ASSERT_TRUE(wq.apply_attributes({.cpus = one}));
                enqueue_for(wq, one, counts, per_cpu);
                wq.flush();
                EXPECT_EQ(counts.runs, per_cpu);
                EXPECT_EQ(counts.outside, 0) << wq.name() << " on CPU " << cpu;
            }
        }
    }
};

TEST_F(attributes_test, cpu_mask_is_kept) {
    expect_each_mask_kept(*cmwq::make_queue(cmwq::unbound{.name = "unlimited"}));
    expect_each_mask_kept(*cmwq::make_queue(cmwq::unbound{.name = "limited", .max_active = 2}));
    expect_each_mask_kept(*cmwq::make_queue(cmwq::unbound{.name = "highpri", .highpri = true}));
    expect_each_mask_kept(*cmwq::make_queue(cmwq::ordered{.name = "in order"}));
    expect_each_mask_kept(*cmwq::make_queue(cmwq::ordered{.name = "reclaim", .mem_reclaim = true}));
}

TEST_F(attributes_test, waiting_items_follow_a_new_mask) {
    const auto wq = cmwq::make_queue(cmwq::ordered{.name = "in order"});
    support::gate opened;
    ASSERT_TRUE(wq->try_spawn([&] { EXPECT_TRUE(opened.pass()); }));
    tally counts;
    const cpu_mask last = cpu_mask::of({cmwq::nr_cpus() - 1});
    enqueue_for(*wq, last, counts, 50);
    ASSERT_TRUE(wq->apply_attributes({.cpus = last}));
    opened.open();
    wq->flush();
    EXPECT_EQ(counts.runs, 50);
    EXPECT_EQ(counts.outside, 0);
}

TEST_F(attributes_test, items_of_a_queue_that_had_no_seats_move_to_the_mask) {
    const auto wq = cmwq::make_queue(cmwq::unbound{.name = "unlimited"});
    tally counts;
    const cpu_mask last = cpu_mask::of({cmwq::nr_cpus() - 1});
    for (int round = 0; round < support::rounds(50); ++round) {
        enqueue_for(*wq, {}, counts, 20);
    }
    ASSERT_TRUE(wq->apply_attributes({.cpus = last}));
    wq->flush();
    tally after;
    enqueue_for(*wq, last, after, 100);
    wq->flush();
    EXPECT_EQ(after.outside, 0);
    EXPECT_EQ(after.runs, 100);
}

TEST_F(attributes_test, ordered_queue_keeps_its_order_while_they_change) {
    const auto wq = cmwq::make_queue(cmwq::ordered{.name = "in order"});
    const int count = support::rounds(20'000);
    std::atomic<bool> done{false};
    std::jthread changer{[&] {
        for (int round = 0; !done; ++round) {
            (void)wq->apply_attributes({.cpus = cpu_mask::of({round % cmwq::nr_cpus()})});
            (void)wq->apply_attributes({.affinity = affinity_scope::cpu, .affinity_strict = true});
            (void)wq->apply_attributes({});
            std::this_thread::yield();
        }
    }};
    int next = 0;
    bool in_order = true;
    for (int i = 0; i < count; ++i) {
        if (!wq->try_spawn([&, i] { in_order = in_order && next++ == i; })) {
            break;
        }
    }
    wq->flush();
    done = true;
    EXPECT_TRUE(in_order);
    EXPECT_EQ(next, count);
}

TEST_F(attributes_test, strict_scope_keeps_items_near_who_enqueued_them) {
    const auto wq =
        cmwq::make_queue(cmwq::unbound{.name = "strict", .affinity = affinity_scope::cpu, .affinity_strict = true});
    for (int cpu = 0; cpu < cmwq::nr_cpus(); ++cpu) {
        tally counts;
        const support::pinned_to here{support::cpu_numbers()[static_cast<std::size_t>(cpu)]};
        enqueue_for(*wq, cpu_mask::of({cpu}), counts, support::rounds(500));
        wq->flush();
        EXPECT_EQ(counts.outside, 0);
        EXPECT_EQ(counts.runs, support::rounds(500));
    }
}

/// An item of `wq` computes while others wait: how many CPUs its thread may use, at once if that is all, or else after
/// a while.
std::size_t cpus_of_one_that_computes(cmwq::runtime& own, cmwq::queue& wq, std::chrono::nanoseconds a_while) {
    std::atomic<bool> done{false};
    std::size_t found = 0;
    EXPECT_TRUE(wq.try_spawn([&] {
        const auto end = std::chrono::steady_clock::now() + a_while;
        do {
            found = support::allowed_cpus().size();
        } while (found < support::process_cpus.size() && std::chrono::steady_clock::now() < end);
        done = true;
    }));
    for (std::size_t i = 0; i < 2 * support::process_cpus.size() + 2; ++i) {
        EXPECT_TRUE(own.system_unbound().try_spawn([&] {
            while (!done) {}
        }));
    }
    wq.flush();
    own.system_unbound().flush();
    return found;
}

TEST_F(attributes_test, item_that_computes_leaves_its_cpu_unless_its_queue_says_where_it_runs) {
    if (support::process_cpus.size() < 2) GTEST_SKIP() << "there is one CPU";
    // So few workers that something always waits: else nobody looks for items that compute.
    cmwq::runtime own{{.max_workers = static_cast<unsigned>(support::process_cpus.size()) + 1,
                       .detect = cmwq::block_detection::watchdog}};
    const auto anywhere = own.make_queue(cmwq::unbound{.name = "anywhere", .max_active = 2});
    EXPECT_EQ(cpus_of_one_that_computes(own, *anywhere, support::patience()), support::process_cpus.size());
    const auto strict = own.make_queue(
        cmwq::unbound{.name = "strict", .max_active = 2, .affinity = affinity_scope::cpu, .affinity_strict = true});
    EXPECT_EQ(cpus_of_one_that_computes(own, *strict, std::chrono::milliseconds{300}), 1u);
}

TEST_F(attributes_test, enqueue_on_is_kept_within_the_mask) {
    const auto wq = cmwq::make_queue(cmwq::unbound{.name = "masked"});
    ASSERT_TRUE(
        wq->apply_attributes({.cpus = cpu_mask::of({0}), .affinity = affinity_scope::cpu, .affinity_strict = true}));
    struct seen : cmwq::work<seen> {
        int cpu = -1;
        static void run(seen& self) { self.cpu = cpu_here(); }
    } item;
    ASSERT_TRUE(wq->enqueue_on(cmwq::nr_cpus() - 1, item));
    wq->flush();
    EXPECT_EQ(item.cpu, 0);
}

TEST_F(attributes_test, mask_without_any_cpu_of_ours_counts_as_empty) {
    const auto wq = cmwq::make_queue(cmwq::unbound{.name = "nowhere"});
    ASSERT_TRUE(wq->apply_attributes({.cpus = cpu_mask::of({cpu_mask::max_cpus - 1})}));
    tally counts;
    enqueue_for(*wq, {}, counts, 100);
    wq->flush();
    EXPECT_EQ(counts.runs, 100);
}

TEST_F(attributes_test, runtime_keeps_its_unbound_queues_to_its_cpus) {
    const cpu_mask last = cpu_mask::of({cmwq::nr_cpus() - 1});
    cmwq::runtime mine{{.unbound_cpus = last}};
    const auto ordered = mine.make_queue(cmwq::ordered{.name = "in order"});
    tally counts;
    enqueue_for(mine.system_unbound(), last, counts, 200);
    enqueue_for(*ordered, last, counts, 200);
    mine.system_unbound().flush();
    ordered->flush();
    EXPECT_EQ(counts.runs, 400);
    EXPECT_EQ(counts.outside, 0);
}

TEST_F(attributes_test, runtime_moves_its_unbound_queues_to_other_cpus) {
    cmwq::runtime mine;
    const auto ordered = mine.make_queue(cmwq::ordered{.name = "in order"});
    for (const int cpu : {cmwq::nr_cpus() - 1, 0}) {
        const cpu_mask one = cpu_mask::of({cpu});
        ASSERT_TRUE(mine.set_unbound_cpus(one));
        const auto made_later = mine.make_queue(cmwq::unbound{.name = "later"});
        tally counts;
        for (cmwq::queue* wq : {&mine.system_unbound(), &*ordered, &*made_later}) {
            enqueue_for(*wq, one, counts, 200);
            wq->flush();
        }
        EXPECT_EQ(counts.runs, 600);
        EXPECT_EQ(counts.outside, 0);
    }
    ASSERT_TRUE(mine.set_unbound_cpus({}));
}

TEST_F(attributes_test, own_mask_of_a_queue_is_kept_within_that_of_its_runtime) {
    const int last = cmwq::nr_cpus() - 1;
    if (last == 0) GTEST_SKIP() << "needs two CPUs";
    cmwq::runtime mine;
    const auto wq = mine.make_queue(cmwq::unbound{.name = "masked"});
    ASSERT_TRUE(wq->apply_attributes({.cpus = cpu_mask::of({last})}));
    for (const auto& [allowed, expected] : {std::pair{0, 0}, std::pair{last, last}}) {
        ASSERT_TRUE(mine.set_unbound_cpus(cpu_mask::of({allowed})));
        tally counts;
        enqueue_for(*wq, cpu_mask::of({expected}), counts, 200);
        wq->flush();
        EXPECT_EQ(counts.runs, 200);
        EXPECT_EQ(counts.outside, 0);
    }
}

TEST_F(attributes_test, blocked_items_are_replaced_on_the_same_cpu) {
    const auto wq = cmwq::make_queue(cmwq::unbound{.name = "blocking"});
    const cpu_mask last = cpu_mask::of({cmwq::nr_cpus() - 1});
    ASSERT_TRUE(wq->apply_attributes({.cpus = last}));
    support::gate opened;
    for (int i = 0; i < 4; ++i) {
        ASSERT_TRUE(wq->try_spawn([&] { EXPECT_TRUE(opened.pass()); }));
    }
    tally counts;
    ASSERT_TRUE(wq->try_spawn([&] {
        counts.outside += last.contains(cpu_here()) ? 0 : 1;
        opened.open();
    }));
    wq->flush();
    EXPECT_EQ(counts.outside, 0);
}

TEST(cpu_mask_test, names_the_cpus_that_were_added) {
    cpu_mask mask = cpu_mask::of({0, 64, 1023});
    mask.add(5).add(-1).add(1024);
    EXPECT_FALSE(mask.empty());
    EXPECT_TRUE(cpu_mask{}.empty());
    for (int cpu = -2; cpu < 1030; ++cpu) {
        EXPECT_EQ(mask.contains(cpu), cpu == 0 || cpu == 5 || cpu == 64 || cpu == 1023) << cpu;
    }
    EXPECT_EQ(mask, cpu_mask::of({5, 1023, 64, 0}));
}

}  // namespace
