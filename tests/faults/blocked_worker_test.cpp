// SPDX-License-Identifier: Apache-2.0
//
// F4: a worker stands still in an item, in every way there is. The items behind it, of the same CPU, start within the
// bound, and still no more of them at once than the CPU's limit.
#include "faults/measured.hpp"
#include "faults/ways_to_block.hpp"
#include "support/cpus.hpp"
#include "support/crowd.hpp"
#include "support/gate.hpp"

#include <cmwq/cmwq.hpp>

#include <array>
#include <atomic>
#include <gtest/gtest.h>

namespace {

using faults::clock;
using faults::measured;
using faults::named_way;
using namespace std::chrono_literals;

struct stands_still : cmwq::work<stands_still> {
    explicit stands_still(faults::way_to_block& by) : way{by} {}
    static void run(stands_still& self) {
        self.began = clock::now();
        self.entered.open();
        self.way.block();
    }
    faults::way_to_block& way;
    support::gate entered;
    clock::time_point began;
};

/// Computes for a moment, and counts how many do so at once.
struct computes : cmwq::work<computes> {
    static void run(computes& self) {
        self.began = clock::now();
        self.others->enter();
        while (clock::now() < self.began + 100us) {}
        self.others->leave();
        self.started.open();
    }
    support::crowd* others = nullptr;
    support::gate started;
    clock::time_point began;
};

/// One worker stands still, then eight items are enqueued behind it; how long after both the first of them began.
class behind_a_blocked_worker {
public:
    behind_a_blocked_worker(cmwq::queue& on, faults::way_to_block& way) : wq_{on}, way_{way} {}

    clock::duration time_to_start() {
        stands_still first{way_};
        for (computes& item : behind_) item.others = &crowd_;
        EXPECT_TRUE(wq_.enqueue_on(0, first));
        EXPECT_TRUE(first.entered.pass());
        const auto enqueued = clock::now();
        for (computes& item : behind_) EXPECT_TRUE(wq_.enqueue_on(0, item));
        EXPECT_TRUE(behind_.front().started.pass());
        for (computes& item : behind_) EXPECT_TRUE(item.started.pass());
        way_.release();
        wq_.flush();
        return behind_.front().began - enqueued;
    }
    int most_at_once() const { return crowd_.most; }

private:
    cmwq::queue& wq_;
    faults::way_to_block& way_;
    support::crowd crowd_;
    std::array<computes, 8> behind_;
};

class blocked_worker : public testing::TestWithParam<named_way> {
protected:
    void expect_another_one(cmwq::block_detection tier, const char* tier_name, int times) {
        cmwq::runtime own{{.detect = tier}};
        const support::pinned_to place{support::allowed_cpus().front()};
        measured taken{std::string{"another worker beside "} + GetParam().name + ", " + tier_name};
        for (int i = 0; i < times; ++i) {
            const auto way = GetParam().make();
            if (const std::string why = way->missing(); !why.empty()) GTEST_SKIP() << why;
            behind_a_blocked_worker one{own.system(), *way};
            taken.add(one.time_to_start());
            // One is the rule. Where states are not looked at, whoever takes 10 ms counts as blocked.
            if (tier != cmwq::block_detection::off) {
                EXPECT_LE(one.most_at_once(), 2);
            }
        }
        taken.expect_within(GetParam().bound);
    }
};

std::string name_of(const testing::TestParamInfo<named_way>& info) {
    return info.param.name;
}
INSTANTIATE_TEST_SUITE_P(by_call, blocked_worker, testing::ValuesIn(faults::ways_by_call()), name_of);
INSTANTIATE_TEST_SUITE_P(of_the_machine, blocked_worker, testing::ValuesIn(faults::ways_of_the_machine()), name_of);

TEST_P(blocked_worker, is_replaced_within_the_bound) {
    expect_another_one(cmwq::block_detection::automatic, "automatic", 10);
}

TEST_P(blocked_worker, is_replaced_by_the_watchdog_alone_within_the_bound) {
    expect_another_one(cmwq::block_detection::watchdog, "watchdog", 3);
}

TEST_P(blocked_worker, is_replaced_where_states_are_not_read_within_the_bound) {
    expect_another_one(cmwq::block_detection::off, "off", 3);
}

}  // namespace
