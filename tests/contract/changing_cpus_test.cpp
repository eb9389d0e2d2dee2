// SPDX-License-Identifier: Apache-2.0
//
// The CPUs that a process may use change while it runs. Each test plays in a process of its own.
#include "support/cpus.hpp"
#include "support/gate.hpp"
#include "support/own_process.hpp"

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <gtest/gtest.h>
#include <memory>

namespace {

cpu_set_t mask_of(const std::vector<int>& cpus) {
    cpu_set_t mask;
    CPU_ZERO(&mask);
    for (const int cpu : cpus) CPU_SET(static_cast<unsigned>(cpu), &mask);
    return mask;
}

void restrict_thread(int thread_id, const std::vector<int>& cpus) {
    const cpu_set_t mask = mask_of(cpus);
    sched_setaffinity(thread_id, sizeof mask, &mask);
}

/// As `taskset -a` does it.
void restrict_process(const std::vector<int>& cpus) {
    for (const auto& thread : std::filesystem::directory_iterator{"/proc/self/task"}) {
        restrict_thread(std::atoi(thread.path().filename().c_str()), cpus);
    }
}

struct seen {
    std::atomic<int> runs{0};
    std::atomic<int> elsewhere{0};
};

struct placed : cmwq::work<placed> {
    placed(seen& to, int os_cpu) : counts{to}, wanted{os_cpu} {}
    static void run(std::unique_ptr<placed> self) {
        ++self->counts.runs;
        self->counts.elsewhere += sched_getcpu() != self->wanted ? 1 : 0;
    }
    seen& counts;
    int wanted;
};

struct looks_where_it_may_run : cmwq::work<looks_where_it_may_run> {
    std::vector<int> found;
    static void run(looks_where_it_may_run& self) { self.found = support::allowed_cpus(); }
};

/// Items enqueued to that CPU, of a percpu queue, run on the CPU with this number of the kernel's.
void expect_items_for(int cpu, int os_cpu) {
    seen counts;
    for (int i = 0; i < 200; ++i) {
        ASSERT_TRUE(cmwq::system().enqueue_on(cpu, std::make_unique<placed>(counts, os_cpu)));
    }
    cmwq::system().flush();
    EXPECT_EQ(counts.runs, 200);
    EXPECT_EQ(counts.elsewhere, 0);
}

/// Items for any CPU, of queues of all kinds, run.
void expect_items_to_run() {
    const auto limited = cmwq::make_queue(cmwq::percpu{.name = "limited", .max_active = 1});
    const auto strict = cmwq::make_queue(
        cmwq::unbound{.name = "strict", .affinity = cmwq::affinity_scope::cpu, .affinity_strict = true});
    std::atomic<int> runs{0};
    for (int i = 0; i < 200; ++i) {
        for (cmwq::queue* wq : {&cmwq::system(), &cmwq::system_unbound(), &*limited, &*strict}) {
            ASSERT_TRUE(wq->try_spawn([&runs] { ++runs; }));
        }
    }
    for (cmwq::queue* wq : {&cmwq::system(), &cmwq::system_unbound(), &*limited, &*strict}) wq->flush();
    EXPECT_EQ(runs, 800);
}

/// An item that waits for one behind it, of the same CPU, gets on when the watchdog has looked.
void wait_for_watchdog(cmwq::runtime& watched) {
    struct item : cmwq::work<item> {
        std::function<void()> body;
        static void run(item& self) { self.body(); }
    };
    support::gate opened;
    item first, second;
    first.body = [&] { EXPECT_TRUE(opened.pass()); };
    second.body = [&] { opened.open(); };
    ASSERT_TRUE(watched.system().enqueue_on(0, first));
    ASSERT_TRUE(watched.system().enqueue_on(0, second));
    watched.system().flush();
}

class changing_cpus : public ::testing::Test {
protected:
    void SetUp() override {
        all_ = support::allowed_cpus();
        if (all_.size() < 2) GTEST_SKIP() << "the process may use one CPU only";
        if (support::plays("restricted")) return;  // its first look is to come later
        support::discover_machine();
        if (cmwq::nr_cpus() < static_cast<int>(all_.size())) GTEST_SKIP() << "a quota allows fewer CPUs than the mask";
    }
    bool alone(const char* role) {
        if (support::plays(role)) return true;
        support::expect_to_pass_alone(role);
        return false;
    }
    int first() const { return all_.front(); }
    int last() const { return all_.back(); }
    const std::vector<int>& all() const { return all_; }
    static int last_index() { return cmwq::nr_cpus() - 1; }

private:
    std::vector<int> all_;
};

TEST_F(changing_cpus, nothing_changes_by_itself) {
    EXPECT_FALSE(cmwq::refresh_cpus());
    for (int cpu = 0; cpu < cmwq::nr_cpus(); ++cpu) EXPECT_TRUE(cmwq::cpu_online(cpu));
    EXPECT_FALSE(cmwq::cpu_online(-1));
    EXPECT_FALSE(cmwq::cpu_online(cmwq::nr_cpus()));
}

TEST_F(changing_cpus, items_of_a_cpu_that_is_gone_run_where_the_process_may) {
    if (!alone("shrinking")) return;
    const int before = cmwq::nr_cpus();
    restrict_process({first()});
    EXPECT_TRUE(cmwq::refresh_cpus());
    EXPECT_EQ(cmwq::nr_cpus(), before);
    EXPECT_TRUE(cmwq::cpu_online(0));
    EXPECT_FALSE(cmwq::cpu_online(last_index()));
    expect_items_for(last_index(), first());
    expect_items_to_run();
}

TEST_F(changing_cpus, cpu_that_is_back_gets_its_items_again) {
    if (!alone("returning")) return;
    expect_items_for(last_index(), last());
    restrict_process({first()});
    EXPECT_TRUE(cmwq::refresh_cpus());
    expect_items_for(last_index(), first());
    restrict_process(all());
    EXPECT_TRUE(cmwq::refresh_cpus());
    EXPECT_TRUE(cmwq::cpu_online(last_index()));
    expect_items_for(last_index(), last());
    expect_items_for(0, first());
    expect_items_to_run();
}

TEST_F(changing_cpus, new_cpu_gets_an_index_and_items) {
    if (!alone("restricted")) return;
    restrict_thread(0, {last()});
    EXPECT_EQ(cmwq::nr_cpus(), 1);
    expect_items_for(0, last());
    restrict_process({first(), last()});
    EXPECT_TRUE(cmwq::refresh_cpus());
    EXPECT_EQ(cmwq::nr_cpus(), 2);
    EXPECT_TRUE(cmwq::cpu_online(1));
    expect_items_for(1, first());
    expect_items_for(0, last());
    expect_items_to_run();
}

TEST_F(changing_cpus, main_thread_alone_does_not_restrict_the_process) {
    if (!alone("pinned main")) return;
    cmwq::runtime watched{{.detect = cmwq::block_detection::watchdog}};
    wait_for_watchdog(watched);
    restrict_thread(0, {first()});
    EXPECT_FALSE(cmwq::refresh_cpus());
    EXPECT_TRUE(cmwq::cpu_online(last_index()));
    expect_items_for(last_index(), last());
}

TEST_F(changing_cpus, workers_of_a_cpu_that_is_gone_may_use_all_others) {
    if (!alone("unpinned")) return;
    if (all().size() < 3) GTEST_SKIP() << "needs three CPUs, so that two are left";
    const std::vector<int> rest{all().begin(), all().end() - 1};
    expect_items_for(last_index(), last());
    restrict_process(rest);
    EXPECT_TRUE(cmwq::refresh_cpus());
    looks_where_it_may_run look;
    ASSERT_TRUE(cmwq::system().enqueue_on(last_index(), look));
    cmwq::system().flush();
    EXPECT_EQ(look.found, rest);
}

TEST_F(changing_cpus, queues_of_all_runtimes_follow) {
    if (!alone("runtimes")) return;
    cmwq::runtime other;
    const auto wq = other.make_queue(cmwq::unbound{.name = "masked"});
    ASSERT_TRUE(wq->apply_attributes({.cpus = cmwq::cpu_mask::of({last_index()})}));
    std::atomic<int> where{-1};
    ASSERT_TRUE(wq->try_spawn([&] { where = sched_getcpu(); }));
    wq->flush();
    EXPECT_EQ(where, last());
    restrict_process({first()});
    EXPECT_TRUE(cmwq::refresh_cpus());
    ASSERT_TRUE(wq->try_spawn([&] { where = sched_getcpu(); }));
    wq->flush();
    EXPECT_EQ(where, first());
    restrict_process(all());
    EXPECT_TRUE(cmwq::refresh_cpus());
    ASSERT_TRUE(wq->try_spawn([&] { where = sched_getcpu(); }));
    wq->flush();
    EXPECT_EQ(where, last());
}

}  // namespace
