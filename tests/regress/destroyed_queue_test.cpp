// SPDX-License-Identifier: Apache-2.0
//
// A stall report read the name of a queue while its owner destroyed it; ThreadSanitizer saw it. Names are copied while
// the queue is pinned since. The order is up to chance, so it takes some rounds, and a sanitizer to be told.
#include "support/cpus.hpp"
#include "support/gate.hpp"

#include <cmwq/cmwq.hpp>

#include <gtest/gtest.h>
#include <thread>

namespace {

using namespace std::chrono_literals;

struct stuck_item : cmwq::work<stuck_item> {
    support::gate may_end;
    static void run(stuck_item& self) { (void)self.may_end.pass(); }
};

/// One worker, which waits in an item until about the time of the report, and another item that has nobody to run it.
void end_a_queue_as_it_is_reported(cmwq::runtime& own, std::chrono::microseconds after) {
    auto wq = own.make_queue(cmwq::percpu{.name = "soon gone"});
    stuck_item item;
    ASSERT_TRUE(wq->enqueue(item));
    ASSERT_TRUE(wq->try_spawn([] {}));
    std::this_thread::sleep_for(after);
    item.may_end.open();
}

TEST(destroyed_queue, was_still_read_by_a_stall_report) {
    testing::internal::CaptureStderr();
    {
        cmwq::runtime own{{.max_workers = 1, .report_stalls_after = 20ms}};
        const support::pinned_to place{support::allowed_cpus().front()};
        for (int round = 0; round < 20; ++round) end_a_queue_as_it_is_reported(own, 25ms + round * 500us);
    }
    EXPECT_NE(testing::internal::GetCapturedStderr().find("soon gone"), std::string::npos) << "no report was met";
}

}  // namespace
