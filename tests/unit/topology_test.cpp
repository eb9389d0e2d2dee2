// SPDX-License-Identifier: Apache-2.0
#include "backend/thread.hpp"
#include "backend/topology.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <set>

namespace {

namespace platform = cmwq::platform;

TEST(topology_test, cpus_that_the_process_may_use_come_first) {
    const platform::topology& found = platform::discover_topology();
    cpu_set_t mask;
    CPU_ZERO(&mask);
    ASSERT_EQ(sched_getaffinity(0, sizeof mask, &mask), 0);
    const platform::usable_cpus usable = platform::read_usable_cpus();
    EXPECT_GE(found.nr_cpus, CPU_COUNT(&mask));
    for (int i = 0; i < found.nr_cpus; ++i) {
        EXPECT_EQ(usable.allowed.contains(i), i < CPU_COUNT(&mask));
        EXPECT_EQ(CPU_ISSET(static_cast<unsigned>(found.cpus[i].os_index), &mask) != 0, i < CPU_COUNT(&mask));
    }
}

TEST(topology_test, current_cpu_is_one_of_those_in_use) {
    const platform::usable_cpus usable = platform::read_usable_cpus();
    platform::cpu_indices one;
    one.add(platform::discover_topology().nr_cpus - 1);
    platform::use_cpus(one);
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(one.contains(platform::current_cpu()));
    platform::use_cpus(usable.allowed);
    ASSERT_TRUE(usable.allowed.contains(platform::current_cpu()));
}

TEST(topology_test, it_does_not_change) {
    EXPECT_EQ(&platform::discover_topology(), &platform::discover_topology());
}

TEST(topology_test, index_and_number_of_a_cpu_lead_to_each_other) {
    const platform::topology& found = platform::discover_topology();
    for (int i = 0; i < found.nr_cpus; ++i) {
        EXPECT_EQ(platform::os_index_of(i), found.cpus[i].os_index);
        if (platform::read_usable_cpus().allowed.contains(i)) {
            EXPECT_EQ(platform::topology_index_of(found.cpus[i].os_index), i);
        }
    }
}

TEST(topology_test, foreign_cpu_is_mapped_to_one_of_ours) {
    const int ours = platform::discover_topology().nr_cpus;
    for (const int cpu : {-1, 0, 1, 63, 4095, 4096, 1 << 20}) {
        EXPECT_GE(platform::topology_index_of(cpu), 0);
        EXPECT_LT(platform::topology_index_of(cpu), ours);
    }
}

TEST(topology_test, nodes_and_caches_are_numbered_without_holes) {
    const platform::topology& found = platform::discover_topology();
    std::set<int> nodes, caches;
    for (int i = 0; i < found.nr_cpus; ++i) {
        nodes.insert(found.cpus[i].node);
        caches.insert(found.cpus[i].cache);
    }
    EXPECT_EQ(*nodes.begin(), 0);
    EXPECT_EQ(*nodes.rbegin(), static_cast<int>(nodes.size()) - 1);
    EXPECT_EQ(*caches.begin(), 0);
    EXPECT_EQ(*caches.rbegin(), static_cast<int>(caches.size()) - 1);
}

TEST(topology_test, current_cpu_is_one_of_ours) {
    for (int i = 0; i < 1000; ++i) {
        ASSERT_GE(platform::current_cpu(), 0);
        ASSERT_LT(platform::current_cpu(), platform::discover_topology().nr_cpus);
    }
}

}  // namespace
