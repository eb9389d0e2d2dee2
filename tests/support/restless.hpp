// SPDX-License-Identifier: Apache-2.0
//
// An item that enqueues itself in each run, until it is cancelled or its queue does not take it any more.
#pragma once

#include "support/patience.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>

namespace support {

struct restless : cmwq::work<restless> {
    explicit restless(cmwq::queue& queue) : wq{queue} {}
    static void run(restless& self) {
        ++self.runs;
        (void)self.wq.enqueue(self);
    }
    /// Enqueues it for the first time. False: it did not go on by itself.
    bool begins() {
        return wq.enqueue(*this) && eventually([this] { return runs > 100; });
    }

    cmwq::queue& wq;
    std::atomic<long> runs{0};
};

}  // namespace support
