// SPDX-License-Identifier: Apache-2.0
//
// How long a test waits before it says "never". No test passes or fails by being fast: these limits only end what would
// otherwise hang. CMWQ_TEST_TIMEOUT_SCALE multiplies them all, for slow machines; sanitizers multiply on their own.
#pragma once

#include "support/sanitizers.hpp"

#include <chrono>
#include <cstdlib>
#include <thread>

namespace support {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline milliseconds scaled(milliseconds limit) {
    const char* text = std::getenv("CMWQ_TEST_TIMEOUT_SCALE");
    const double scale = text != nullptr ? std::atof(text) : 1.0;
    const double slow = sanitized ? 4.0 : 1.0;
    return milliseconds{static_cast<long>(static_cast<double>(limit.count()) * slow * (scale > 0 ? scale : 1.0))};
}

/// The limit of everything that has no reason to take long.
inline milliseconds patience() {
    return scaled(seconds{20});
}

/// A count of repetitions, cut where each costs ten times as much.
constexpr int rounds(int count) {
    return sanitized ? (count + 9) / 10 : count;
}

/// Waits for `condition()` to become true. False: it did not within patience().
template <class Condition>
[[nodiscard]] bool eventually(Condition condition) {
    const auto limit = std::chrono::steady_clock::now() + patience();
    while (!condition()) {
        if (std::chrono::steady_clock::now() > limit) {
            return condition();
        }
        std::this_thread::sleep_for(std::chrono::microseconds{100});
    }
    return true;
}

}  // namespace support
