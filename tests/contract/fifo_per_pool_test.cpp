// SPDX-License-Identifier: Apache-2.0
//
// Promise 5, second half: where nothing else is promised, a pool starts its items in the order in which they came. With
// several pools this cannot be seen from outside, because pools with nothing to do take items of others: so the process
// that is looked at may use one CPU only, and has one pool.
#include "support/cpus.hpp"
#include "support/own_process.hpp"
#include "support/patience.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <gtest/gtest.h>
#include <memory>
#include <utility>
#include <vector>

namespace {

struct start_order {
    explicit start_order(int count) : starts(static_cast<std::size_t>(count)) {}
    std::vector<std::atomic<int>> starts;
    std::atomic<std::size_t> next{0};
};

struct numbered : cmwq::work<numbered> {
    numbered(start_order& to, int n) : where{to}, number{n} {}
    static void run(std::unique_ptr<numbered> self) { self->where.starts[self->where.next++] = self->number; }
    start_order& where;
    int number;
};

void expect_fifo(cmwq::queue& wq, int count) {
    start_order found{count};
    for (int i = 0; i < count; ++i) {
        ASSERT_TRUE(wq.enqueue(std::make_unique<numbered>(found, i)));
    }
    wq.flush();
    for (int i = 0; i < count; ++i) {
        ASSERT_EQ(found.starts[static_cast<std::size_t>(i)], i);
    }
}

/// Items that running items enqueue go behind those that were there.
void expect_fifo_from_inside(cmwq::queue& wq, int count) {
    start_order found{count + 1};
    ASSERT_TRUE(wq.try_spawn([&] {
        for (int i = 1; i <= count; ++i) {
            ASSERT_TRUE(wq.enqueue(std::make_unique<numbered>(found, i)));
        }
        found.starts[found.next++] = 0;
    }));
    EXPECT_TRUE(support::eventually([&] { return found.next == found.starts.size(); }));
    wq.flush();
    for (int i = 0; i <= count; ++i) {
        ASSERT_EQ(found.starts[static_cast<std::size_t>(i)], i);
    }
}

TEST(fifo_per_pool, items_of_one_pool_start_in_the_order_of_enqueuing) {
    if (!support::plays("one cpu")) {
        return support::expect_to_pass_alone("one cpu");
    }
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<unsigned>(support::allowed_cpus().front()), &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    expect_fifo(cmwq::system(), 20'000);
    expect_fifo(cmwq::system_unbound(), 20'000);
    expect_fifo_from_inside(cmwq::system(), 2000);
    expect_fifo_from_inside(cmwq::system_unbound(), 2000);
}

}  // namespace
