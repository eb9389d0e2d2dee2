// SPDX-License-Identifier: Apache-2.0
//
// A run with the engine in it is decided by its options alone: the same seed gives the same run. A failure that is
// reported with its seed can be looked at again.
#include "model/engine_scenario.hpp"

#include <array>

namespace {

using namespace cmwq_test;

void use_many_parts() {
    tested_runtime rt;
    const auto in_order = rt.make_queue(cmwq::ordered{.name = "in order"});
    std::array<tested_item, 6> items;
    items[2].body = [](tested_item&) { model::sleep_for(30ms); };
    together({{0,
               [&] {
                   for (std::size_t i = 0; i < 3; ++i) (void)rt.system().enqueue(items[i]);
               }},
              {-1, [&] {
                   for (std::size_t i = 3; i < 6; ++i) (void)in_order->enqueue(items[i]);
               }}});
    in_order->flush();
    rt.system().flush();
}

TEST(replay, the_same_seed_gives_the_same_run) {
    for (const auto schedule : {model::strategy::random_walk, model::strategy::pct}) {
        for (std::uint64_t seed = 1; seed <= 50; ++seed) {
            model::options how = migrating(on_two_nodes());
            how.schedule = schedule;
            how.seed = seed;
            how.failing_thread_starts.probability = 0.1;
            const auto once = model::run(how, use_many_parts);
            const auto again = model::run(how, use_many_parts);
            ASSERT_FALSE(once.failed) << once.report;
            ASSERT_EQ(once.trace_hash, again.trace_hash);
            ASSERT_EQ(once.steps, again.steps);
            ASSERT_EQ(once.virtual_time, again.virtual_time);
        }
    }
}

TEST(replay, another_seed_gives_another_run) {
    model::options how = on_cpus(2);
    how.seed = 1;
    const auto once = model::run(how, use_many_parts);
    how.seed = 2;
    const auto other = model::run(how, use_many_parts);
    EXPECT_NE(once.trace_hash, other.trace_hash);
}

TEST(replay, a_failed_run_is_found_again_and_leaves_nothing_behind) {
    // A check that the schedule decides: the failing seed fails again, and the runs after it are as if it had not been.
    const auto body = [] {
        tested_runtime rt;
        std::array<tested_item, 2> items;
        std::vector<int> order;
        for (int i = 0; i < 2; ++i) {
            items[static_cast<std::size_t>(i)].body = [&, i](tested_item&) { order.push_back(i); };
        }
        together(
            {{0, [&] { (void)rt.system().enqueue(items[0]); }}, {1, [&] { (void)rt.system().enqueue(items[1]); }}});
        rt.system().flush();
        model::check(order[0] == 0, "the first item is never overtaken by another CPU's");
    };
    const auto found = find_failure(on_cpus(2), schedules, body);
    ASSERT_TRUE(found.failed);
    explore(on_cpus(2), 100, use_many_parts);
}

}  // namespace
