// SPDX-License-Identifier: Apache-2.0
//
// Concurrency management: while nothing blocks, one running worker per pool; while something blocks, another one; and all
// counts back to zero in the end, whoever found whom blocked, late, wrongly or not at all.
#include "engine_scenario.hpp"

namespace {

using namespace cmwq_test;
using cmwq::block_detection;

constexpr block_detection all_tiers[] = {block_detection::canary, block_detection::batch_canary,
                                         block_detection::watchdog, block_detection::off};

/// No worker is ever counted twice or uncounted twice.
void counts_are_sound(engine::worker_pool& pool) {
    const int running = pool.nr_running.load(std::memory_order_relaxed);
    model::check(running >= 0, "no worker leaves the running count twice");
    model::check(running <= static_cast<int>(pool.nr_workers.load(std::memory_order_relaxed)) + 1,
                 "no worker is counted twice");
}

/// Comes back once everybody is idle and nobody counts as running or looking; never, if a count is lost.
void check_counts_are_zero() {
    for_each_tested_pool([](engine::worker_pool& pool) {
        const auto at_rest = [&pool] {
            return pool.nr_idle.load(std::memory_order_relaxed) == pool.nr_workers.load(std::memory_order_relaxed) &&
                   pool.nr_running.load(std::memory_order_relaxed) == 0 &&
                   pool.scope->nr_looking.load(std::memory_order_relaxed) == 0;
        };
        while (!at_rest()) model::sleep_for(1ms);
    });
}

void run_mixed_items(cmwq::queue& wq) {
    std::vector<tested_item> items(5);
    items[0].body = [](tested_item&) { model::sleep_for(25ms); };
    items[1].body = [](tested_item&) { model::burn(25ms); };
    items[2].body = [](tested_item&) {
        cmwq::this_worker::blocking_region region;
        model::sleep_for(25ms);
    };
    items[3].body = [](tested_item&) {
        model::sleep_for(15ms);
        model::burn(15ms);
        model::sleep_for(15ms);
    };
    for (tested_item& item : items) (void)wq.enqueue(item);
    wq.flush();
    for (const tested_item& item : items) model::check(item.runs == 1, "each item runs once");
}

TEST(concurrency, counts_return_to_zero_with_every_tier) {
    for (const block_detection tier : all_tiers) {
        model::options how = with_pool_invariant(on_cpus(2), counts_are_sound);
        how.step_limit = 1'000'000;
        explore(how, schedules, [tier] {
            tested_runtime rt{{.detect = tier}};
            run_mixed_items(rt.system());
            run_mixed_items(rt.system_unbound());
            check_counts_are_zero();
        });
    }
}

TEST(concurrency, an_item_that_waits_for_a_later_one_gets_it_with_every_tier) {
    for (const block_detection tier : all_tiers) {
        model::options how = on_cpus(1);
        how.step_limit = 1'000'000;
        explore(how, schedules, [tier] {
            tested_runtime rt{{.detect = tier}};
            gate open[3];  // one waiter each
            std::vector<tested_item> waiters(3);
            tested_item opener;
            int passed = 0;
            for (std::size_t i = 0; i < 3; ++i) {
                waiters[i].body = [&passed, &own = open[i]](tested_item&) {
                    own.wait();
                    ++passed;
                };
                (void)rt.system().enqueue(waiters[i]);
            }
            opener.body = [&](tested_item&) {
                for (gate& each : open) each.open();
            };
            (void)rt.system().enqueue(opener);
            rt.system().flush();
            model::check(passed == 3, "everybody got through");
        });
    }
}

TEST(concurrency, items_that_never_block_have_one_worker_per_pool) {
    // The watchdog's verdicts are left out of the schedules: nothing lasts for a tick.
    model::options how = with_pool_invariant(on_cpus(2), [](engine::worker_pool& pool) {
        model::check(pool.nr_workers.load(std::memory_order_relaxed) <= 1, "one worker is enough");
        model::check(pool.nr_running.load(std::memory_order_relaxed) <= 1, "one runs at a time");
    });
    explore(how, schedules, [] {
        tested_runtime rt;
        std::vector<tested_item> items(8);
        together({{0,
                   [&] {
                       for (int i = 0; i < 4; ++i) (void)rt.system().enqueue(items[static_cast<std::size_t>(i)]);
                   }},
                  {1, [&] {
                       for (int i = 4; i < 8; ++i) (void)rt.system().enqueue(items[static_cast<std::size_t>(i)]);
                   }}});
        rt.system().flush();
        for (const tested_item& item : items) model::check(item.runs == 1, "each item runs once");
    });
}

}  // namespace
