// SPDX-License-Identifier: Apache-2.0
//
// Runs this very program once more, as a process in which nothing has happened yet. What it is to do there is a "role",
// handed over in the environment:
//
//     TEST(workers, no_thread_exists_before_the_first_item) {
//         if (!support::plays("fresh")) return support::expect_to_pass_alone("fresh");
//         …                                                 // in the new process
//     }
#pragma once

#include <array>
#include <cstdio>
#include <cstdlib>
#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>

namespace support {

inline constexpr const char* role_variable = "CMWQ_TEST_ROLE";

/// Does this process play `role`? Usable in static constructors and destructors.
inline bool plays(std::string_view role) {
    const char* now = std::getenv(role_variable);
    return now != nullptr && role == now;
}

struct ended_process {
    bool exited = false;  ///< by itself, not by a signal
    int status = -1;      ///< exit status, or the signal's number
    std::string output;   ///< standard output and standard error
};

inline std::string own_path() {
    std::array<char, 4096> path{};
    const ssize_t length = readlink("/proc/self/exe", path.data(), path.size() - 1);
    return length > 0 ? std::string(path.data(), static_cast<std::size_t>(length)) : std::string{};
}

/// Runs the test `filter` (or none, for "-*") in a new process that plays `role`.
inline ended_process run_alone(const std::string& filter, const std::string& role) {
    const std::string command = std::string{role_variable} + "='" + role + "' '" + own_path() +
                                "' --gtest_brief=1 --gtest_filter='" + filter + "' 2>&1";
    ended_process ended;
    std::FILE* pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) {
        return ended;
    }
    std::array<char, 4096> buffer{};
    while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
        ended.output.append(buffer.data(), count);
    }
    // The shell replaces itself or reports a signal as 128 + its number.
    const int status = pclose(pipe);
    ended.exited = WIFEXITED(status) && WEXITSTATUS(status) < 128;
    ended.status = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
    return ended;
}

/// The running test passes in a new process that plays `role`. If it skips itself there it is skipped here, with what
/// it said: else it would count as passed, and nobody would see that nothing was looked at.
inline void expect_to_pass_alone(const std::string& role) {
    const testing::TestInfo& now = *testing::UnitTest::GetInstance()->current_test_info();
    const ended_process child = run_alone(std::string{now.test_suite_name()} + "." + now.name(), role);
    EXPECT_TRUE(child.exited && child.status == 0) << child.output;
    if (child.output.find("[  SKIPPED ]") != std::string::npos) GTEST_SKIP() << child.output;
}

}  // namespace support
