// SPDX-License-Identifier: Apache-2.0
//
// Promise 7 while the limit changes: max_active is never exceeded, lowering it stops no running item, raising it lets
// waiting ones go on.
#include "support/cpus.hpp"
#include "support/gate.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

namespace {

/// Items that are inside until they are let go one by one.
struct hall {
    std::atomic<int> inside{0}, most{0}, runs{0};
    support::gate let_go;

    void visit() {
        const int now = ++inside;
        int seen = most;
        while (seen < now && !most.compare_exchange_weak(seen, now)) {}
        let_go.pass();
        ++runs;
        --inside;
    }
    bool comes_to(int number) {
        return support::eventually([&] { return inside == number; });
    }
    /// Sends so many items to it.
    void admit(cmwq::queue& wq, int count) {
        for (int i = 0; i < count; ++i) {
            ASSERT_TRUE(wq.try_spawn([this] { visit(); }));
        }
    }
    /// Lets everybody in and out: all of them came, and never more than `limit` at once.
    void expect_visits(cmwq::queue& wq, int count, int limit) {
        let_go.open();
        wq.flush();
        EXPECT_EQ(runs, count);
        EXPECT_LE(most, limit);
    }
};

cmwq::owned_queue make(int kind, int max_active) {
    switch (kind) {
    case 0: return cmwq::make_queue(cmwq::unbound{.name = "unbound", .max_active = max_active});
    case 1: return cmwq::make_queue(cmwq::percpu{.name = "percpu", .max_active = max_active});
    default: return cmwq::make_queue(cmwq::unbound{.name = "freezable", .max_active = max_active, .freezable = true});
    }
}

class changing_limits : public testing::TestWithParam<int> {
protected:
    hall all;
    support::pinned_to place{support::allowed_cpus().front()};  // one seat gets everything
};
INSTANTIATE_TEST_SUITE_P(each_kind, changing_limits, testing::Range(0, 3));

TEST_P(changing_limits, raised_limit_lets_waiting_items_start) {
    auto wq = make(GetParam(), 1);
    all.admit(*wq, 10);
    ASSERT_TRUE(all.comes_to(1));
    EXPECT_TRUE(wq->set_max_active(4));
    ASSERT_TRUE(all.comes_to(4));
    all.expect_visits(*wq, 10, 4);
}

TEST_P(changing_limits, lowered_limit_holds_once_the_running_items_have_ended) {
    auto wq = make(GetParam(), 4);
    all.admit(*wq, 4);
    ASSERT_TRUE(all.comes_to(4));
    EXPECT_TRUE(wq->set_max_active(2));
    EXPECT_EQ(all.inside, 4);  // nobody is stopped
    hall later;
    later.admit(*wq, 8);
    all.let_go.open();
    ASSERT_TRUE(later.comes_to(2));
    later.expect_visits(*wq, 8, 2);
}

TEST_P(changing_limits, first_limit_counts_what_runs_already) {
    auto wq = make(GetParam(), 0);
    all.admit(*wq, 3);
    ASSERT_TRUE(all.comes_to(3));
    EXPECT_TRUE(wq->set_max_active(3));
    hall later;
    later.admit(*wq, 9);
    std::this_thread::sleep_for(std::chrono::milliseconds{5});  // time enough to do it wrong
    // Of a percpu queue an item counts where it runs, and some of the first three may have been taken to another CPU.
    if (GetParam() != 1) {
        EXPECT_EQ(later.inside, 0);
    }
    all.let_go.open();
    ASSERT_TRUE(later.comes_to(3));
    later.expect_visits(*wq, 9, 3);
}

TEST_P(changing_limits, limit_may_change_all_the_time) {
    auto wq = make(GetParam(), 0);
    std::atomic<long> runs{0};
    long accepted = 0;
    std::atomic<bool> stop{false};
    {
        std::jthread changer{[&] {
            for (int limit = 1; !stop; limit = limit % 7 + 1) {
                (void)wq->set_max_active(limit);
            }
        }};
        for (int i = 0; i < 20'000; ++i) {
            accepted += wq->try_spawn([&] { ++runs; }) ? 1 : 0;
        }
        wq->flush();
        EXPECT_EQ(runs, accepted);
        stop = true;
    }
}

TEST_P(changing_limits, item_may_change_the_limit_of_its_own_queue) {
    auto wq = make(GetParam(), 0);
    hall others;
    ASSERT_TRUE(wq->try_spawn([&] { EXPECT_TRUE(wq->set_max_active(2)); }));
    wq->flush();
    others.admit(*wq, 6);
    ASSERT_TRUE(others.comes_to(2));
    others.expect_visits(*wq, 6, 2);
}

}  // namespace
