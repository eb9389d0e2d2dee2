// SPDX-License-Identifier: Apache-2.0
//
// Promise 7: max_active is never exceeded; and as many items as it allows do run when they block.
#include "support/cpus.hpp"
#include "support/crowd.hpp"
#include "support/gate.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

namespace {

using support::crowd;

struct limit {
    bool unbound;
    int max_active;
};

void PrintTo(const limit& l, std::ostream* out) {
    *out << (l.unbound ? "unbound, " : "percpu, ") << l.max_active;
}

cmwq::owned_queue make(const limit& l) {
    if (l.unbound) {
        return cmwq::make_queue(cmwq::unbound{.name = "limited", .max_active = l.max_active});
    }
    return cmwq::make_queue(cmwq::percpu{.name = "limited", .max_active = l.max_active});
}

class max_active : public testing::TestWithParam<limit> {
protected:
    cmwq::owned_queue wq = make(GetParam());
    crowd items;
};
INSTANTIATE_TEST_SUITE_P(each, max_active,
                         testing::Values(limit{true, 1}, limit{true, 2}, limit{true, 5}, limit{true, 16},
                                         limit{false, 1}, limit{false, 2}, limit{false, 5}, limit{false, 16}));

TEST_P(max_active, is_not_exceeded_by_items_of_one_cpu_that_block) {
    const support::pinned_to place{support::allowed_cpus().front()};  // per CPU, the limit is that of this one
    const int count = support::rounds(600);
    std::atomic<int> runs{0};
    for (int i = 0; i < count; ++i) {
        ASSERT_TRUE(wq->try_spawn([&, i] {
            items.enter();
            if (i % 10 == 0) {
                std::this_thread::sleep_for(std::chrono::microseconds{300});
            }
            items.leave();
            ++runs;
        }));
    }
    wq->flush();
    EXPECT_LE(items.most, GetParam().max_active);
    EXPECT_EQ(runs, count);
}

TEST_P(max_active, is_not_exceeded_by_short_items_of_many_threads) {
    const auto cpus = support::allowed_cpus();
    {
        std::vector<std::jthread> threads;
        for (std::size_t t = 0; t < 4; ++t) {
            threads.emplace_back([&, t] {
                const support::pinned_to place{cpus[t % cpus.size()]};
                for (int i = 0; i < support::rounds(5000); ++i) {
                    ASSERT_TRUE(wq->try_spawn([&] {
                        items.enter();
                        if (items.most % 2 == 0) {
                            std::this_thread::yield();
                        }
                        items.leave();
                    }));
                }
            });
        }
    }
    wq->flush();
    const int cpus_counted = GetParam().unbound ? 1 : static_cast<int>(cpus.size());
    EXPECT_LE(items.most, GetParam().max_active * cpus_counted);
}

TEST_P(max_active, is_reached_by_items_that_block_and_not_exceeded_however_long) {
    const support::pinned_to place{support::allowed_cpus().front()};
    const int most = GetParam().max_active;
    support::gate way_out;
    for (int i = 0; i < most + 8; ++i) {
        ASSERT_TRUE(wq->try_spawn([&] {
            items.enter();
            way_out.pass();
            items.leave();
        }));
    }
    EXPECT_TRUE(support::eventually([&] { return items.inside == most; }));
    // Several ticks of the watchdog: it starts workers beside blocked ones, but no items beyond the limit.
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
    EXPECT_EQ(items.inside, most);
    way_out.open();
    wq->flush();
    EXPECT_EQ(items.most, most);
}

TEST_P(max_active, is_not_exceeded_when_items_enqueue_themselves) {
    struct restless : cmwq::work<restless> {
        restless(cmwq::queue& queue, crowd& all) : wq{queue}, items{all} {}
        static void run(restless& self) {
            self.items.enter();
            if (++self.runs % 100 == 0) {
                std::this_thread::sleep_for(std::chrono::microseconds{100});
            }
            if (self.runs < support::rounds(1000)) {
                EXPECT_TRUE(self.wq.enqueue(self));
            }
            self.items.leave();
        }
        cmwq::queue& wq;
        crowd& items;
        int runs = 0;
    };
    std::vector<std::unique_ptr<restless>> all;
    for (int i = 0; i < 24; ++i) {
        all.push_back(std::make_unique<restless>(*wq, items));
        ASSERT_TRUE(wq->enqueue(*all.back()));
    }
    wq->drain();
    const int cpus_counted = GetParam().unbound ? 1 : static_cast<int>(support::allowed_cpus().size());
    EXPECT_LE(items.most, GetParam().max_active * cpus_counted);
    for (const auto& item : all) {
        EXPECT_EQ(item->runs, support::rounds(1000));
    }
}

}  // namespace
