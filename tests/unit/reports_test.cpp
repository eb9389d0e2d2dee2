// SPDX-License-Identifier: Apache-2.0
//
// When something is said or tried again: pure rules, against the kernel's figures.
#include "engine/creation_backoff.hpp"
#include "engine/hog_report.hpp"

#include <algorithm>
#include <array>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using cmwq::engine::creation_backoff;

TEST(hog_report, comes_at_the_fourth_violation_and_then_ever_more_rarely) {
    std::vector<int> reported;
    for (int count = 0; count <= 140; ++count) {
        if (cmwq::engine::hog_count_is_reported(static_cast<std::uint64_t>(count))) reported.push_back(count);
    }
    EXPECT_EQ(reported, (std::vector<int>{4, 5, 7, 11, 19, 35, 67, 131}));
}

TEST(hog_report, tells_128_kinds_of_items_apart_and_leaves_out_the_rest) {
    std::array<cmwq::work_class, 129> kinds;
    std::array<std::string, 129> names;
    const auto reports = std::make_unique<cmwq::engine::hog_reports>();
    testing::internal::CaptureStderr();
    for (int violation = 0; violation < 4; ++violation) {
        for (std::size_t i = 0; i < kinds.size(); ++i) {
            names[i] = "kind " + std::to_string(i);
            kinds[i].default_name = names[i].c_str();
            reports->violation(kinds[i], "hogged", 10ms);
        }
    }
    const std::string told = testing::internal::GetCapturedStderr();
    EXPECT_EQ(std::count(told.begin(), told.end(), '\n'), 128) << told;
    for (const char* first_and_last : {"\"kind 0\"", "\"kind 127\""}) {
        EXPECT_NE(told.find(first_and_last), std::string::npos) << told;
    }
}

TEST(creation_backoff, waits_ten_milliseconds_then_a_hundred_then_seconds) {
    EXPECT_EQ(creation_backoff::delay_after(1), 10ms);
    EXPECT_EQ(creation_backoff::delay_after(2), 100ms);
    EXPECT_EQ(creation_backoff::delay_after(3), 1s);
    EXPECT_EQ(creation_backoff::delay_after(100), 1s);
}

TEST(creation_backoff, tells_the_first_failure_in_a_row_and_forgets_after_a_success) {
    creation_backoff attempts;
    EXPECT_TRUE(attempts.may_try());
    EXPECT_TRUE(attempts.failed());
    EXPECT_FALSE(attempts.may_try());
    EXPECT_FALSE(attempts.failed());
    attempts.succeeded();
    EXPECT_TRUE(attempts.may_try());
    EXPECT_TRUE(attempts.failed());
}

}  // namespace
