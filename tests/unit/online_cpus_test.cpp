// SPDX-License-Identifier: Apache-2.0
#include "engine/online_cpus.hpp"

#include <gtest/gtest.h>
#include <initializer_list>
#include <memory>

namespace {

using cmwq::engine::cut_to_quota;
using cmwq::platform::cpu_indices;

cpu_indices of(std::initializer_list<int> cpus) {
    cpu_indices made;
    for (const int cpu : cpus) made.add(cpu);
    return made;
}

TEST(online_cpus, are_all_that_are_allowed_without_a_quota) {
    EXPECT_EQ(cut_to_quota(of({0, 3, 64, 1023}), 0), of({0, 3, 64, 1023}));
}

TEST(online_cpus, are_the_first_ones_under_a_quota) {
    EXPECT_EQ(cut_to_quota(of({0, 3, 64, 1023}), 1), of({0}));
    EXPECT_EQ(cut_to_quota(of({1, 3, 64, 1023}), 3), of({1, 3, 64}));
    EXPECT_EQ(cut_to_quota(of({0, 3, 64, 1023}), 5), of({0, 3, 64, 1023}));
}

TEST(online_cpus, nearest_of_a_cpu_is_that_one_as_long_as_none_is_known) {
    const auto nothing_seen = std::make_unique<cmwq::engine::online_cpus>();
    EXPECT_EQ(nothing_seen->nr_seen(), 0);
    EXPECT_EQ(nothing_seen->nearest(3), 3);
}

TEST(online_cpus, are_none_where_none_is_allowed) {
    EXPECT_TRUE(cut_to_quota({}, 0).empty());
    EXPECT_TRUE(cut_to_quota({}, 2).empty());
}

}  // namespace
