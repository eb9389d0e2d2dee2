// SPDX-License-Identifier: Apache-2.0
//
// Which CPUs are neighbours, on machines of all shapes.
#include "engine/memory.hpp"
#include "engine/neighbourhood.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <vector>

namespace {

namespace engine = cmwq::engine;
using cmwq::platform::topology;

/// `cpus` CPUs of `caches` caches and `nodes` nodes, dealt out evenly in the order of their numbers.
topology machine(int cpus, int nodes, int caches) {
    topology made;
    made.nr_cpus = cpus;
    for (int cpu = 0; cpu < cpus; ++cpu)
        made.cpus[cpu] = {.os_index = cpu, .node = cpu * nodes / cpus, .core = cpu, .cache = cpu * caches / cpus};
    return made;
}

std::vector<std::set<int>> neighbourhoods(const topology& all, int in_use) {
    const engine::neighbourhood_map map = engine::map_neighbourhoods(all, in_use);
    std::vector<std::set<int>> made(static_cast<std::size_t>(map.count));
    for (int cpu = 0; cpu < all.nr_cpus; ++cpu) made[map.of[cpu]].insert(cpu);
    return made;
}
std::vector<std::size_t> sizes(const topology& all, int in_use) {
    std::vector<std::size_t> found;
    for (const auto& each : neighbourhoods(all, in_use)) found.push_back(each.size());
    return found;
}
using list = std::vector<std::size_t>;

TEST(neighbourhood_test, up_to_eight_cpus_are_all_neighbours) {
    for (int cpus = 1; cpus <= 8; ++cpus) {
        for (int in_use = 1; in_use <= cpus; ++in_use)
            EXPECT_EQ(sizes(machine(cpus, cpus, cpus), in_use), list{static_cast<std::size_t>(cpus)});
    }
}

TEST(neighbourhood_test, caches_are_kept_together) {
    EXPECT_EQ(sizes(machine(16, 2, 2), 16), (list{8, 8}));
    EXPECT_EQ(sizes(machine(64, 1, 16), 64), list(8, 8)) << "two of four CPUs each";
    EXPECT_EQ(sizes(machine(18, 1, 3), 18), (list{6, 6, 6})) << "of six CPUs, no two fit";
    EXPECT_EQ(sizes(machine(32, 1, 32), 32), (list{8, 8, 8, 8})) << "each CPU says that it has one of its own";
}

TEST(neighbourhood_test, large_caches_are_cut_evenly) {
    EXPECT_EQ(sizes(machine(12, 1, 1), 12), (list{6, 6}));
    EXPECT_EQ(sizes(machine(256, 8, 8), 256), list(32, 8));
    EXPECT_EQ(sizes(machine(20, 1, 1), 20), (list{6, 7, 7}));
}

TEST(neighbourhood_test, nodes_share_one_only_if_they_are_small) {
    EXPECT_EQ(sizes(machine(16, 4, 4), 16), (list{4, 4, 4, 4}));
    EXPECT_EQ(sizes(machine(12, 4, 4), 12), (list{6, 6}));
}

TEST(neighbourhood_test, cpus_in_use_at_first_do_not_share_one_with_others) {
    EXPECT_EQ(sizes(machine(16, 2, 2), 2), (list{2, 6, 8}));
    const auto made = neighbourhoods(machine(64, 8, 8), 8);
    EXPECT_EQ(made.front(), (std::set<int>{0, 1, 2, 3, 4, 5, 6, 7}));
}

TEST(neighbourhood_test, threads_of_a_core_stay_together) {
    topology all = machine(32, 1, 1);
    // The second threads are numbered behind the first ones.
    for (int cpu = 0; cpu < 32; ++cpu) all.cpus[cpu].core = cpu % 16;
    const auto made = neighbourhoods(all, 32);
    EXPECT_EQ(made.size(), 4u);
    for (const auto& each : made) {
        for (const int cpu : each) EXPECT_TRUE(each.contains((cpu + 16) % 32));
    }
}

TEST(neighbourhood_test, each_cpu_has_one_of_at_most_eight) {
    for (int cpus = 1; cpus <= 300; cpus += 7) {
        for (const int caches : {1, 2, 5, cpus}) {
            for (const int in_use : {1, 5, 9, cpus}) {
                if (in_use > cpus || caches > cpus) continue;
                std::size_t all = 0;
                for (const std::size_t size : sizes(machine(cpus, 1, caches), in_use)) {
                    EXPECT_GE(size, 1u);
                    EXPECT_LE(size, 8u);
                    all += size;
                }
                EXPECT_EQ(all, static_cast<std::size_t>(cpus));
            }
        }
    }
}

TEST(neighbourhood_test, its_cpus_are_met_round_and_round) {
    const topology all = machine(12, 1, 1);
    const auto map = engine::map_neighbourhoods(all, 12);
    engine::neighbourhood* made = engine::create_neighbourhoods(map, 12);
    ASSERT_NE(made, nullptr);
    EXPECT_EQ(made[1].index, 1);
    EXPECT_EQ(made[1].size, 6);
    EXPECT_EQ(made[1].cpu_at(0), 6);
    EXPECT_EQ(made[1].cpu_at(5), 11);
    EXPECT_EQ(made[1].cpu_at(6), 6);
    engine::destroy_array(made, 2);
}

}  // namespace
