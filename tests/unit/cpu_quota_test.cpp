// SPDX-License-Identifier: Apache-2.0
//
// What the control groups give the process, read from made-up trees.
#include "backend/cpu_quota.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;

class made_up_groups {
public:
    made_up_groups() : root_{fs::temp_directory_path() / ("cmwq-groups-" + std::to_string(getpid()))} {
        fs::remove_all(root_);
        fs::create_directories(root_);
    }
    ~made_up_groups() { fs::remove_all(root_); }
    made_up_groups(const made_up_groups&) = delete;
    made_up_groups& operator=(const made_up_groups&) = delete;

    made_up_groups& with(const std::string& path, const std::string& line) {
        fs::create_directories((root_ / path).parent_path());
        std::ofstream{root_ / path} << line << '\n';
        return *this;
    }
    made_up_groups& of_member(const std::string& lines) { return with("membership", lines); }
    int quota() const { return cmwq::platform::cpu_quota(root_.c_str(), (root_ / "membership").c_str()); }

private:
    fs::path root_;
};

TEST(cpu_quota, is_none_where_nothing_can_be_read) {
    EXPECT_EQ(made_up_groups{}.quota(), 0);
    EXPECT_EQ(made_up_groups{}.of_member("0::/").quota(), 0);
    EXPECT_EQ(made_up_groups{}.of_member("no such line").quota(), 0);
}

TEST(cpu_quota, is_none_where_there_is_no_limit) {
    EXPECT_EQ(made_up_groups{}.of_member("0::/").with("cpu.max", "max 100000").quota(), 0);
    EXPECT_EQ(made_up_groups{}.of_member("1:cpu:/").with("cpu/cpu.cfs_quota_us", "-1").quota(), 0);
}

TEST(cpu_quota, is_rounded_up) {
    EXPECT_EQ(made_up_groups{}.of_member("0::/").with("cpu.max", "200000 100000").quota(), 2);
    EXPECT_EQ(made_up_groups{}.of_member("0::/").with("cpu.max", "200001 100000").quota(), 3);
    EXPECT_EQ(made_up_groups{}.of_member("0::/").with("cpu.max", "1000 100000").quota(), 1);
}

TEST(cpu_quota, of_absurd_size_is_a_large_one) {
    EXPECT_EQ(made_up_groups{}.of_member("0::/").with("cpu.max", "9223372036854775807 9223372036854775807").quota(), 1);
    EXPECT_GE(made_up_groups{}.of_member("0::/").with("cpu.max", "9223372036854775807 2").quota(), 1024);
}

TEST(cpu_quota, is_that_of_the_own_group) {
    made_up_groups groups;
    groups.of_member("0::/system.slice/own.service").with("system.slice/other.service/cpu.max", "100000 100000");
    EXPECT_EQ(groups.quota(), 0);
    EXPECT_EQ(groups.with("system.slice/own.service/cpu.max", "300000 100000").quota(), 3);
}

TEST(cpu_quota, is_the_tightest_of_the_groups_around) {
    made_up_groups groups;
    groups.of_member("0::/outer/inner").with("outer/inner/cpu.max", "400000 100000");
    EXPECT_EQ(groups.with("outer/cpu.max", "300000 100000").quota(), 3);
    EXPECT_EQ(groups.with("cpu.max", "200000 100000").quota(), 2);
    EXPECT_EQ(groups.with("outer/cpu.max", "max 100000").quota(), 2);
}

TEST(cpu_quota, is_found_at_the_mount_where_the_path_is_that_of_outside) {
    EXPECT_EQ(made_up_groups{}.of_member("0::/kubepods/pod1/box").with("cpu.max", "200000 100000").quota(), 2);
}

TEST(cpu_quota, is_read_from_version_1_too) {
    made_up_groups groups;
    groups.of_member("12:pids:/box\n4:cpu,cpuacct:/box\n3:cpuset:/box\n0::/box");
    groups.with("cpu/box/cpu.cfs_quota_us", "150000").with("cpu/box/cpu.cfs_period_us", "100000");
    EXPECT_EQ(groups.quota(), 2);
    EXPECT_EQ(made_up_groups{}.of_member("3:cpuset:/").with("cpu/cpu.cfs_quota_us", "100000").quota(), 0);
}

TEST(cpu_quota, is_read_again_each_time) {
    made_up_groups groups;
    EXPECT_EQ(groups.of_member("0::/").with("cpu.max", "200000 100000").quota(), 2);
    EXPECT_EQ(groups.with("cpu.max", "400000 100000").quota(), 4);
    EXPECT_EQ(groups.with("cpu.max", "max 100000").quota(), 0);
}

}  // namespace
