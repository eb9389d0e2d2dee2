// SPDX-License-Identifier: Apache-2.0
//
// max_active divided over the NUMA nodes, and min_active. Most machines have one node: there nothing is divided, and
// the parts of several are a matter of tests/model.
#include "support/cpus.hpp"
#include "support/gate.hpp"

#include <cmwq/cmwq.hpp>

#include <algorithm>
#include <atomic>
#include <gtest/gtest.h>

namespace {

/// The part that the node of CPU 0 has, as options.hpp says.
int part_of_first_node(int max_active, int min_active) {
    int here = 0;
    for (int cpu = 0; cpu < cmwq::nr_cpus(); ++cpu) here += cmwq::node_of_cpu(cpu) == cmwq::node_of_cpu(0) ? 1 : 0;
    const int share = (max_active * here + cmwq::nr_cpus() - 1) / cmwq::nr_cpus();
    return std::clamp(share, std::max(1, min_active), max_active);
}

class limit_per_node : public testing::Test {
protected:
    void admit(int count) {
        for (int i = 0; i < count; ++i) {
            const bool accepted = static_cast<bool>(wq->enqueue_on(0, std::make_unique<visitor>(*this)));
            ASSERT_TRUE(accepted);
        }
    }
    bool comes_to(int number) {
        return support::eventually([&] { return inside == number; });
    }
    void let_everybody_out(int number) {
        let_go.open();
        wq->flush();
        EXPECT_EQ(runs, number);
    }

    struct visitor : cmwq::work<visitor> {
        explicit visitor(limit_per_node& where) : hall{where} {}
        static void run(std::unique_ptr<visitor> self) {
            ++self->hall.inside;
            self->hall.let_go.pass();
            --self->hall.inside;
            ++self->hall.runs;
        }
        limit_per_node& hall;
    };

    cmwq::owned_queue wq =
        cmwq::make_queue(cmwq::unbound{.name = "divided", .max_active = 4, .per_node = true, .min_active = 1});
    std::atomic<int> inside{0}, runs{0};
    support::gate let_go;
};

TEST_F(limit_per_node, is_the_part_of_the_node) {
    admit(10);
    EXPECT_TRUE(comes_to(part_of_first_node(4, 1)));
    let_everybody_out(10);
}

TEST_F(limit_per_node, is_min_active_at_least) {
    EXPECT_TRUE(wq->set_min_active(3));
    admit(10);
    EXPECT_TRUE(comes_to(part_of_first_node(4, 3)));
    let_everybody_out(10);
}

TEST_F(limit_per_node, follows_max_active_which_takes_min_active_along) {
    EXPECT_TRUE(wq->set_min_active(4));
    EXPECT_TRUE(wq->set_max_active(2));  // min_active is 2 from here on
    EXPECT_TRUE(wq->set_max_active(8));
    admit(10);
    EXPECT_TRUE(comes_to(part_of_first_node(8, 2)));
    EXPECT_TRUE(wq->set_min_active(100));  // as much as there is
    EXPECT_TRUE(comes_to(8));
    let_everybody_out(10);
}

TEST(min_active, of_a_queue_that_is_not_divided_has_no_effect) {
    auto wq = cmwq::make_queue(cmwq::unbound{.name = "whole", .max_active = 2, .min_active = 2});
    EXPECT_TRUE(wq->set_min_active(0));
    EXPECT_TRUE(wq->set_min_active(1));
    std::atomic<int> inside{0};
    support::gate let_go;
    for (int i = 0; i < 4; ++i) {
        ASSERT_TRUE(wq->try_spawn([&] {
            ++inside;
            let_go.pass();
        }));
    }
    EXPECT_TRUE(support::eventually([&] { return inside == 2; }));
    let_go.open();
    wq->flush();
    EXPECT_EQ(inside, 4);
}

}  // namespace
