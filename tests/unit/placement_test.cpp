// SPDX-License-Identifier: Apache-2.0
#include "engine/attributes.hpp"

#include <gtest/gtest.h>
#include <memory>

namespace {

using namespace cmwq;
using namespace cmwq::engine;
using rule = placement::rule;

/// Two nodes of two caches of `cores` cores of two hardware threads, the threads of a core side by side.
platform::topology two_nodes(int cores) {
    platform::topology made;
    made.nr_cpus = 8 * cores;
    for (int cpu = 0; cpu < made.nr_cpus; ++cpu) {
        made.cpus[cpu] = {.os_index = cpu, .node = cpu / (4 * cores), .core = cpu / 2, .cache = cpu / (2 * cores)};
    }
    return made;
}

cpu_mask all_of(const platform::topology& of) {
    cpu_mask made;
    for (int cpu = 0; cpu < of.nr_cpus; ++cpu) {
        made.add(cpu);
    }
    return made;
}

std::unique_ptr<placement> rule_for(const platform::topology& on, const attributes& wanted) {
    auto made = std::make_unique<placement>();
    make_placement(*made, wanted, on);
    return made;
}

int allowed(const placement& by, const platform::topology& on, int wanted) {
    int count = 0;
    for (int cpu = 0; cpu < on.nr_cpus; ++cpu) {
        count += by.allows(place_on(wanted), cpu) ? 1 : 0;
    }
    return count;
}

TEST(placement_test, strict_scope_allows_its_pod) {
    const auto machine = two_nodes(4);
    const struct {
        affinity_scope scope;
        int cpus;
    } table[] = {{affinity_scope::cpu, 1},         {affinity_scope::smt, 2},   {affinity_scope::cache, 8},
                 {affinity_scope::cache_shard, 8}, {affinity_scope::numa, 16}, {affinity_scope::system, 32}};
    for (const auto& row : table) {
        const auto made = rule_for(machine, {all_of(machine), row.scope, true});
        EXPECT_EQ(made->kind, rule::pod);
        for (int cpu = 0; cpu < machine.nr_cpus; ++cpu) {
            EXPECT_EQ(allowed(*made, machine, cpu), row.cpus);
            EXPECT_TRUE(made->allows(place_on(cpu), cpu));
            EXPECT_EQ(made->start_for(no_place, cpu), place_on(cpu));
        }
    }
}

TEST(placement_test, large_cache_is_cut_into_shards_of_about_eight_cores) {
    const struct { int cores, shards; } table[] = {{1, 1}, {8, 1}, {11, 1}, {12, 2}, {16, 2}, {19, 2}, {20, 3}};
    for (const auto& row : table) {
        const auto machine = two_nodes(row.cores);
        const auto made = rule_for(machine, {all_of(machine), affinity_scope::cache_shard, true});
        int shards = 0, before = -1;
        for (int cpu = 0; cpu < 2 * row.cores; ++cpu) {
            shards += made->pod_of[cpu] != before ? 1 : 0;
            before = made->pod_of[cpu];
            EXPECT_EQ(made->pod_of[cpu], made->pod_of[cpu ^ 1]) << "the threads of a core stay together";
        }
        EXPECT_EQ(shards, row.shards) << row.cores;
    }
}

TEST(placement_test, mask_allows_its_cpus_whatever_the_place) {
    const auto machine = two_nodes(1);
    const auto made = rule_for(machine, {cpu_mask::of({1, 6}), affinity_scope::cache, false});
    EXPECT_EQ(made->kind, rule::within);
    for (int wanted = 0; wanted < machine.nr_cpus; ++wanted) {
        EXPECT_EQ(allowed(*made, machine, wanted), 2);
    }
    EXPECT_FALSE(made->allows(no_place, 0));
    EXPECT_TRUE(made->allows(no_place, 6));
}

TEST(placement_test, nearest_cpu_of_the_mask_stands_in) {
    const auto machine = two_nodes(1);  // caches {0,1} {2,3} | {4,5} {6,7}
    const auto made = rule_for(machine, {cpu_mask::of({1, 7}), affinity_scope::cache, true});
    EXPECT_EQ(made->start_for(no_place, 0), place_on(1)) << "of its pod";
    EXPECT_EQ(made->start_for(no_place, 2), place_on(1)) << "of its node";
    EXPECT_EQ(made->start_for(no_place, 4), place_on(7)) << "of its node";
    EXPECT_EQ(made->start_for(place_on(6), 0), place_on(7)) << "where it was enqueued, not where it is sent from";
    for (int wanted = 0; wanted < machine.nr_cpus; ++wanted) {
        EXPECT_EQ(allowed(*made, machine, wanted), 1);
        EXPECT_TRUE(made->allows(place_on(wanted), cpu_of(made->start_for(place_on(wanted), 0))));
    }
}

}  // namespace
