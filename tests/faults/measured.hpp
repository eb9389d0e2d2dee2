// SPDX-License-Identifier: Apache-2.0
//
// How long something took, several times over, against the bound that is stated for it. What was measured is printed:
// the bounds are made for busy machines, and say little about an idle one.
#pragma once

#include "support/patience.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace faults {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

class measured {
public:
    explicit measured(std::string what) : what_{std::move(what)} {}

    void add(clock::duration took) { all_.push_back(took); }
    void add_since(clock::time_point begin) { add(clock::now() - begin); }

    /// Prints them, and expects none above the bound (which sanitizers and CMWQ_TEST_TIMEOUT_SCALE stretch).
    void expect_within(support::milliseconds bound) {
        ASSERT_FALSE(all_.empty()) << what_;
        std::sort(all_.begin(), all_.end());
        std::printf("measured: %s: median %.1f us, most %.1f us of %zu; bound %lld ms\n", what_.c_str(),
                    microseconds(all_[all_.size() / 2]), microseconds(all_.back()), all_.size(),
                    static_cast<long long>(bound.count()));
        EXPECT_LE(all_.back(), support::scaled(bound)) << what_;
    }

private:
    static double microseconds(clock::duration of) { return std::chrono::duration<double, std::micro>(of).count(); }

    std::string what_;
    std::vector<clock::duration> all_;
};

}  // namespace faults
