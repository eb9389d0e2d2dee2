// SPDX-License-Identifier: Apache-2.0
//
// F7: a control group takes CPUs from the running process and gives them back (sched_setaffinity: changing_cpus_test).
// Items of the lost CPU run elsewhere at once; after refresh_cpus, or the watchdog's next look, the library knows.
#include "faults/control_group.hpp"
#include "faults/measured.hpp"
#include "support/cpus.hpp"
#include "support/own_process.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <gtest/gtest.h>
#include <vector>

namespace {

using faults::clock;
using namespace std::chrono_literals;

struct placed : cmwq::work<placed> {
    static void run(placed& self) {
        self.began = clock::now();
        self.cpu = sched_getcpu();
    }
    clock::time_point began;
    int cpu = -1;
};

class cpuset : public testing::Test {
protected:
    void SetUp() override {
        all_ = support::allowed_cpus();
        if (all_.size() < 2) GTEST_SKIP() << "the process may use one CPU only";
    }
    bool alone() {
        if (support::plays("cpuset")) return true;
        support::expect_to_pass_alone("cpuset");
        return false;
    }
    const std::vector<int>& all() const { return all_; }
    static int last_index() { return cmwq::nr_cpus() - 1; }

private:
    std::vector<int> all_;
};

/// How long an item for the library's CPU takes to begin; and it must begin on the kernel's.
clock::duration time_to_begin(int cpu, int os_cpu) {
    placed item;
    const auto enqueued = clock::now();
    EXPECT_TRUE(cmwq::system().enqueue_on(cpu, item));
    (void)item.flush();
    EXPECT_EQ(item.cpu, os_cpu);
    return item.began - enqueued;
}

void expect_items_of_all_queues_to_run() {
    const auto strict = cmwq::make_queue(
        cmwq::unbound{.name = "strict", .affinity = cmwq::affinity_scope::cpu, .affinity_strict = true});
    const auto ordered = cmwq::make_queue(cmwq::ordered{.name = "ordered"});
    std::atomic<int> runs{0};
    for (int i = 0; i < 100; ++i) {
        for (cmwq::queue* wq : {&cmwq::system(), &cmwq::system_unbound(), &*strict, &*ordered}) {
            ASSERT_TRUE(wq->try_spawn([&runs] { ++runs; }));
        }
    }
    for (cmwq::queue* wq : {&cmwq::system(), &cmwq::system_unbound(), &*strict, &*ordered}) wq->flush();
    EXPECT_EQ(runs, 400);
}

TEST_F(cpuset, of_one_cpu_takes_the_items_of_the_others_within_a_second) {
    const faults::control_group group{"cpuset"};
    if (!group.missing().empty()) GTEST_SKIP() << group.missing();
    if (!alone()) return;
    support::discover_machine();
    if (cmwq::nr_cpus() < static_cast<int>(all().size())) GTEST_SKIP() << "a quota allows fewer CPUs than the mask";
    faults::measured before_refresh{"an item of a CPU that the cpuset has taken"},
        after{"the same, after refresh_cpus"};
    (void)time_to_begin(last_index(), all().back());
    if (!group.set("cpuset.mems", group.inherited("cpuset.mems")) ||
        !group.set("cpuset.cpus", std::to_string(all().front())) || !group.enter()) {
        GTEST_SKIP() << "the control group takes no process";
    }
    for (int i = 0; i < 20; ++i) before_refresh.add(time_to_begin(last_index(), all().front()));
    EXPECT_TRUE(cmwq::refresh_cpus() || !cmwq::cpu_online(last_index()));
    EXPECT_FALSE(cmwq::cpu_online(last_index()));
    for (int i = 0; i < 20; ++i) after.add(time_to_begin(last_index(), all().front()));
    expect_items_of_all_queues_to_run();
    ASSERT_TRUE(group.leave());
    (void)cmwq::refresh_cpus();
    expect_items_of_all_queues_to_run();
    before_refresh.expect_within(1s);
    after.expect_within(1s);
}

}  // namespace
