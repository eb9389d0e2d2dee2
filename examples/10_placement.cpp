// SPDX-License-Identifier: Apache-2.0
//
// Where items run: one item on each CPU, a queue that is kept to some CPUs, and one whose items stay near their
// enqueuer. The output is the same on every machine. See docs/guide/placement-and-numa.md.
#include <cmwq/cmwq.hpp>

#include <atomic>
#include <cstdio>
#include <memory>
#include <sched.h>
#include <set>
#include <vector>

// What each CPU keeps for itself. Only items that run on that CPU touch it, one at a time: no lock.
struct alignas(64) per_cpu {
    long sum = 0;
};

struct add : cmwq::work<add> {
    per_cpu& own;
    long number;
    add(per_cpu& to, long n) : own{to}, number{n} {}
    static void run(std::unique_ptr<add> self) { self->own.sum += self->number; }
};

void sum_up_on_each_cpu() {
    // max_active counts per CPU here: one item at a time on each of them, even if one should block.
    const auto adders = cmwq::make_queue(cmwq::percpu{.name = "adders", .max_active = 1});
    std::vector<per_cpu> cpus(static_cast<std::size_t>(cmwq::nr_cpus()));
    for (long number = 1; number <= 1000; ++number) {
        const int cpu = static_cast<int>(number) % cmwq::nr_cpus();
        (void)adders->enqueue_on(cpu, std::make_unique<add>(cpus[static_cast<std::size_t>(cpu)], number));
    }
    adders->flush();
    long sum = 0;
    for (const per_cpu& one : cpus) {
        sum += one.sum;
    }
    std::printf("the numbers from 1 to 1000 make %ld\n", sum);
}

void keep_to_one_cpu() {
    const auto scan = cmwq::make_queue(cmwq::unbound{.name = "scan", .max_active = 1});
    (void)scan->apply_attributes({.cpus = cmwq::cpu_mask::of({0})});
    std::set<int> seen;
    for (int i = 0; i < 100; ++i) {
        (void)scan->try_spawn([&seen] { seen.insert(sched_getcpu()); });
    }
    scan->flush();
    std::printf("100 items ran on %zu CPU\n", seen.size());
}

void stay_on_the_node() {
    const auto near = cmwq::make_queue(
        cmwq::unbound{.name = "near", .affinity = cmwq::affinity_scope::numa, .affinity_strict = true});
    std::atomic<int> ran{0};
    for (int node = 0; node <= cmwq::node_of_cpu(cmwq::nr_cpus() - 1); ++node) {
        struct item : cmwq::work<item> {
            std::atomic<int>& count;
            explicit item(std::atomic<int>& to) : count{to} {}
            static void run(std::unique_ptr<item> self) { ++self->count; }
        };
        (void)near->enqueue_node(node, std::make_unique<item>(ran));
    }
    near->flush();
    const bool all = ran == cmwq::node_of_cpu(cmwq::nr_cpus() - 1) + 1;
    std::printf("%s\n", all ? "each node ran its item" : "an item is missing");
}

int main() {
    sum_up_on_each_cpu();
    keep_to_one_cpu();
    stay_on_the_node();
}
