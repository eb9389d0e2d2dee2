// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

namespace support {

/// How many items are inside, and the most there ever were.
struct crowd {
    void enter() {
        const int now = ++inside;
        int seen = most;
        while (now > seen && !most.compare_exchange_weak(seen, now)) {}
    }
    void leave() { --inside; }

    std::atomic<int> inside{0}, most{0};
};

}  // namespace support
