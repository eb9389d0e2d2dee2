// SPDX-License-Identifier: Apache-2.0
//
// An item that was enqueued while it ran, and that another worker left with the one that runs it: its next run follows
// when that one ends, not at some later look of the watchdog.
#include "model/engine_scenario.hpp"

namespace {

using namespace cmwq_test;

TEST(left_item, of_a_limited_queue_runs_again_as_soon_as_its_run_ends) {
    explore(on_cpus(2), schedules, [] {
        tested_runtime rt;
        const auto limited = rt.make_queue(cmwq::unbound{.name = "limited", .max_active = 2});
        tested_item other, again;
        gate other_begun, other_may_end, again_begun, again_may_end, ran_twice;
        other.body = [&](tested_item&) {
            other_begun.open();
            other_may_end.wait();
        };
        again.body = [&](tested_item& self) {
            if (self.runs == 2) return ran_twice.open();
            again_begun.open();
            again_may_end.wait();
        };
        model::check(limited->enqueue(other) && limited->enqueue(again), "both are accepted");
        other_begun.wait();
        again_begun.wait();
        model::check(limited->enqueue(again), "it may be enqueued while it runs");
        other_may_end.open();
        model::sleep_for(50ms);
        const auto ended = platform::now();
        again_may_end.open();
        ran_twice.wait();
        model::check(platform::now() - ended < 5ms, "its next run begins at once");
        limited->flush();
    });
}

}  // namespace
