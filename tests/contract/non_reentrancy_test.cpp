// SPDX-License-Identifier: Apache-2.0
//
// Promise 3: an item never runs on two workers at once, whatever queue or CPU it is enqueued to, from wherever,
// including while it runs.
#include "support/cpus.hpp"
#include "support/gate.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

namespace {

struct lonely : cmwq::work<lonely> {
    static void run(lonely& self) {
        if (self.inside.fetch_add(1) != 0) {
            self.overlaps.fetch_add(1);
        }
        self.body();
        ++self.runs;  // no atomic: ThreadSanitizer watches that runs follow one another
        self.inside.fetch_sub(1);
    }
    void body() {
        switch (runs % 16) {
        case 0: std::this_thread::sleep_for(std::chrono::microseconds{20}); break;
        case 1: std::this_thread::yield(); break;
        default: break;
        }
        if (again != nullptr && runs % 3 == 0) {
            self_enqueues += again->enqueue(*this) ? 1 : 0;
        }
    }

    std::atomic<int> inside{0}, overlaps{0};
    long runs = 0, self_enqueues = 0;
    cmwq::queue* again = nullptr;
};

struct every_kind_of_queue {
    cmwq::owned_queue limited = cmwq::make_queue(cmwq::unbound{.name = "limited", .max_active = 2});
    cmwq::owned_queue in_order = cmwq::make_queue(cmwq::ordered{.name = "in order"});
    cmwq::owned_queue per_cpu = cmwq::make_queue(cmwq::percpu{.name = "per cpu", .max_active = 1});
    std::vector<cmwq::queue*> all{
        &cmwq::system(), &cmwq::system_highpri(), &cmwq::system_unbound(), &*limited, &*in_order, &*per_cpu};
    void flush() {
        for (cmwq::queue* wq : all) {
            wq->flush();
        }
    }
};

long enqueue_for_a_while(lonely& item, std::vector<cmwq::queue*>& queues, int cpu, std::size_t offset) {
    const support::pinned_to place{cpu};
    long accepted = 0;
    for (int round = 0; round < support::rounds(60'000); ++round) {
        accepted += queues[(static_cast<std::size_t>(round) + offset) % queues.size()]->enqueue(item) ? 1 : 0;
        if (round % 64 == 0) {
            std::this_thread::yield();
        }
    }
    return accepted;
}

TEST(non_reentrancy, holds_across_queues_and_cpus) {
    every_kind_of_queue queues;
    lonely item;
    item.again = &cmwq::system_unbound();
    std::atomic<long> accepted{0};
    {
        const auto cpus = support::allowed_cpus();
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < 4; ++i) {
            threads.emplace_back(
                [&, i] { accepted += enqueue_for_a_while(item, queues.all, cpus[i % cpus.size()], i); });
        }
    }
    queues.flush();
    queues.flush();  // what the runs of the first one enqueued
    item.flush();
    EXPECT_EQ(item.overlaps, 0);
    EXPECT_EQ(item.runs, accepted + item.self_enqueues);
}

struct patient : cmwq::work<patient> {
    static void run(patient& self) {
        EXPECT_EQ(self.inside.fetch_add(1), 0);
        if (++self.runs == 1) {
            self.entered.open();
            self.way_out.pass();
        }
        self.inside.fetch_sub(1);
    }
    support::gate entered, way_out;
    std::atomic<int> inside{0};
    int runs = 0;
};

/// Enqueued again while it runs, to each kind of queue: the second run waits for the first, other items do not.
class enqueued_while_it_runs : public testing::TestWithParam<int> {};

TEST_P(enqueued_while_it_runs, waits_for_the_run_to_end_and_others_do_not) {
    every_kind_of_queue queues;
    cmwq::queue& second = *queues.all[static_cast<std::size_t>(GetParam())];
    patient item;
    ASSERT_TRUE(cmwq::system().enqueue(item));
    ASSERT_TRUE(item.entered.pass());
    ASSERT_TRUE(second.enqueue(item));
    EXPECT_FALSE(second.enqueue(item));
    support::gate another_ran;
    // Another queue, because an ordered one rightly waits for its first item.
    ASSERT_TRUE(cmwq::system_long().try_spawn([&] { another_ran.open(); }));
    EXPECT_TRUE(another_ran.pass());
    EXPECT_TRUE(item.pending());
    item.way_out.open();
    second.flush();
    cmwq::system().flush();
    EXPECT_EQ(item.runs, 2);
}

INSTANTIATE_TEST_SUITE_P(each_queue, enqueued_while_it_runs, testing::Range(0, 6));

}  // namespace
