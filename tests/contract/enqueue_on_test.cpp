// SPDX-License-Identifier: Apache-2.0
//
// enqueue_on: an item of a per-CPU queue runs on its CPU, whoever else is idle; one of an unbound queue starts there.
#include "support/cpus.hpp"
#include "support/gate.hpp"
#include "support/patience.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <chrono>
#include <gtest/gtest.h>
#include <memory>
#include <sched.h>
#include <vector>

namespace {

using namespace std::chrono_literals;

using support::cpu_here;

struct tally {
    std::atomic<int> runs{0};
    std::atomic<int> elsewhere{0};
};

struct placed : cmwq::work<placed> {
    placed(tally& to, int wanted_cpu) : counts{to}, cpu{wanted_cpu} {}
    static void run(std::unique_ptr<placed> self) {
        ++self->counts.runs;
        self->counts.elsewhere += self->cpu >= 0 && cpu_here() != self->cpu ? 1 : 0;
    }
    tally& counts;
    int cpu;
};

/// Items for each CPU, and between them items for none, which others may take.
void expect_items_on_their_cpus(cmwq::queue& wq) {
    tally counts;
    const int per_cpu = support::rounds(2000);
    for (int i = 0; i < per_cpu; ++i) {
        for (int cpu = 0; cpu < cmwq::nr_cpus(); ++cpu) {
            ASSERT_TRUE(wq.enqueue_on(cpu, std::make_unique<placed>(counts, cpu)));
            ASSERT_TRUE(wq.enqueue(std::make_unique<placed>(counts, -1)));
        }
    }
    wq.flush();
    EXPECT_EQ(counts.runs, 2 * per_cpu * cmwq::nr_cpus());
    EXPECT_EQ(counts.elsewhere, 0) << wq.name();
}

class enqueue_on_test : public ::testing::Test {
protected:
    void SetUp() override { (void)support::cpu_numbers(); }  // not for the first time inside of an item
};

TEST_F(enqueue_on_test, keeps_items_of_a_percpu_queue_on_their_cpu) {
    expect_items_on_their_cpus(cmwq::system());
    expect_items_on_their_cpus(cmwq::system_highpri());
}

TEST_F(enqueue_on_test, keeps_items_of_a_limited_queue_on_their_cpu) {
    for (const int limit : {1, 2, 7}) {
        const auto wq = cmwq::make_queue(cmwq::percpu{.name = "limited", .max_active = limit});
        expect_items_on_their_cpus(*wq);
    }
}

TEST_F(enqueue_on_test, keeps_items_of_other_percpu_queues_on_their_cpu) {
    expect_items_on_their_cpus(*cmwq::make_queue(cmwq::percpu{.name = "freezable", .freezable = true}));
    expect_items_on_their_cpus(*cmwq::make_queue(cmwq::percpu{.name = "intensive", .cpu_intensive = true}));
    expect_items_on_their_cpus(*cmwq::make_queue(cmwq::percpu{.name = "reclaim", .mem_reclaim = true}));
}

TEST_F(enqueue_on_test, keeps_items_on_their_cpu_while_the_limit_changes) {
    const auto wq = cmwq::make_queue(cmwq::percpu{.name = "limited later"});
    tally counts;
    const int last = cmwq::nr_cpus() - 1;
    const int rounds = support::rounds(1000);
    for (int i = 0; i < rounds; ++i) {
        ASSERT_TRUE(wq->enqueue_on(last, std::make_unique<placed>(counts, last)));
        if (i % 100 == 50) {
            ASSERT_TRUE(wq->set_max_active(1 + i % 3));
        }
    }
    wq->flush();
    EXPECT_EQ(counts.runs, rounds);
    EXPECT_EQ(counts.elsewhere, 0);
}

TEST_F(enqueue_on_test, waits_for_its_cpu_while_others_are_idle) {
    const auto wq = cmwq::make_queue(cmwq::percpu{.name = "busy"});
    std::atomic<bool> started{false}, release{false};
    ASSERT_TRUE(wq->try_spawn([&] {
        started = true;
        while (!release) {}
    }));
    ASSERT_TRUE(support::eventually([&] { return started.load(); }));
    tally counts;
    for (int cpu = 0; cpu < cmwq::nr_cpus(); ++cpu) {
        for (int i = 0; i < 10; ++i) {
            ASSERT_TRUE(wq->enqueue_on(cpu, std::make_unique<placed>(counts, cpu)));
        }
    }
    release = true;
    wq->flush();
    EXPECT_EQ(counts.runs, 10 * cmwq::nr_cpus());
    EXPECT_EQ(counts.elsewhere, 0);
}

/// Enqueues itself to each CPU in turn, from the run before.
struct wanderer : cmwq::work<wanderer> {
    explicit wanderer(cmwq::queue& on) : wq{on} {}
    static void run(wanderer& self) {
        self.elsewhere += cpu_here() != self.next % cmwq::nr_cpus() ? 1 : 0;
        if (++self.next == self.rounds) {
            return self.done.open();
        }
        EXPECT_TRUE(self.wq.enqueue_on(self.next % cmwq::nr_cpus(), self));
        // So that the next CPU's worker meets it while it runs.
        const auto until = std::chrono::steady_clock::now() + 5us;
        while (std::chrono::steady_clock::now() < until) {}
    }
    cmwq::queue& wq;
    int next = 0;
    int rounds = support::rounds(2000);
    int elsewhere = 0;
    support::gate done;
};

TEST_F(enqueue_on_test, holds_for_an_item_that_still_runs_elsewhere) {
    const auto limited = cmwq::make_queue(cmwq::percpu{.name = "limited", .max_active = 1});
    for (cmwq::queue* wq : {&cmwq::system(), &*limited}) {
        wanderer item{*wq};
        ASSERT_TRUE(wq->enqueue_on(0, item));
        ASSERT_TRUE(item.done.pass());
        wq->flush();
        EXPECT_EQ(item.elsewhere, 0);
    }
}

struct placed_later : cmwq::delayed_work<placed_later> {
    placed_later(tally& to, int wanted_cpu) : counts{to}, cpu{wanted_cpu} {}
    static void run(std::unique_ptr<placed_later> self) {
        self->counts.elsewhere += cpu_here() != self->cpu ? 1 : 0;
        ++self->counts.runs;
    }
    tally& counts;
    int cpu;
};

TEST_F(enqueue_on_test, holds_for_delayed_items) {
    tally counts;
    for (int cpu = 0; cpu < cmwq::nr_cpus(); ++cpu) {
        for (const auto wait : {0us, 100us, 1000us}) {
            ASSERT_TRUE(cmwq::system().enqueue_delayed_on(cpu, std::make_unique<placed_later>(counts, cpu), wait));
        }
    }
    EXPECT_TRUE(support::eventually([&] { return counts.runs == 3 * cmwq::nr_cpus(); }));
    cmwq::system().flush();
    EXPECT_EQ(counts.elsewhere, 0);
}

TEST_F(enqueue_on_test, item_on_its_way_to_a_cpu_can_be_cancelled) {
    const auto wq = cmwq::make_queue(cmwq::percpu{.name = "frozen", .freezable = true});
    struct counted : cmwq::work<counted> {
        int runs = 0;
        static void run(counted& self) { ++self.runs; }
    } item;
    cmwq::freeze();
    EXPECT_TRUE(wq->enqueue_on(cmwq::nr_cpus() - 1, item));
    EXPECT_FALSE(wq->enqueue_on(0, item));
    EXPECT_TRUE(item.cancel());
    cmwq::thaw();
    wq->flush();
    EXPECT_EQ(item.runs, 0);
}

TEST_F(enqueue_on_test, unknown_cpu_or_node_is_as_none) {
    tally counts;
    for (const int unknown : {-1, cmwq::nr_cpus(), 1 << 20}) {
        EXPECT_TRUE(cmwq::system().enqueue_on(unknown, std::make_unique<placed>(counts, -1)));
        EXPECT_TRUE(cmwq::system_unbound().enqueue_node(unknown, std::make_unique<placed>(counts, -1)));
    }
    cmwq::system().flush();
    cmwq::system_unbound().flush();
    EXPECT_EQ(counts.runs, 6);
    EXPECT_EQ(cmwq::node_of_cpu(-1), -1);
    EXPECT_EQ(cmwq::node_of_cpu(cmwq::nr_cpus()), -1);
}

TEST_F(enqueue_on_test, every_node_and_cpu_runs_items_of_unbound_and_ordered_queues) {
    const auto ordered = cmwq::make_queue(cmwq::ordered{.name = "in order"});
    tally counts;
    for (int cpu = 0; cpu < cmwq::nr_cpus(); ++cpu) {
        for (cmwq::queue* wq : {&cmwq::system_unbound(), &*ordered}) {
            EXPECT_TRUE(wq->enqueue_on(cpu, std::make_unique<placed>(counts, -1)));
            EXPECT_TRUE(wq->enqueue_node(cmwq::node_of_cpu(cpu), std::make_unique<placed>(counts, -1)));
        }
    }
    cmwq::system_unbound().flush();
    ordered->flush();
    EXPECT_EQ(counts.runs, 4 * cmwq::nr_cpus());
}

struct raw_item : cmwq::work_base {
    raw_item() : cmwq::work_base{kind} {}
    static void run(cmwq::work_base* item) { static_cast<raw_item*>(item)->ran_on = cpu_here(); }
    static void drop(cmwq::work_base*) noexcept {}
    static constinit inline const cmwq::work_class kind{&run, &drop, "raw"};
    int ran_on = -1;
};

TEST_F(enqueue_on_test, raw_items_can_be_placed_too) {
    raw_item item;
    const int last = cmwq::nr_cpus() - 1;
    EXPECT_EQ(cmwq::raw_enqueue_on(last, cmwq::system(), item), cmwq::refusal::none);
    (void)cmwq::raw_flush(item);
    EXPECT_EQ(item.ran_on, last);
    EXPECT_EQ(cmwq::raw_enqueue_node(0, cmwq::system_unbound(), item), cmwq::refusal::none);
    (void)cmwq::raw_flush(item);
}

TEST_F(enqueue_on_test, needs_no_worker_for_each_cpu) {
    cmwq::runtime few{{.max_workers = 1}};
    tally counts;
    for (int cpu = 0; cpu < cmwq::nr_cpus(); ++cpu) {
        ASSERT_TRUE(few.system().enqueue_on(cpu, std::make_unique<placed>(counts, cpu)));
    }
    few.system().flush();
    EXPECT_EQ(counts.runs, cmwq::nr_cpus());
    EXPECT_EQ(counts.elsewhere, 0);
}

}  // namespace
