// SPDX-License-Identifier: Apache-2.0
//
// Items, workers and queues that pass from one hand to the next: each scenario is about one of the engine's hand-overs,
// small enough that a lost order shows soon.
#include "model/engine_scenario.hpp"

#include "engine/work_word.hpp"

#include <array>

namespace {

using namespace cmwq_test;

constexpr std::uint64_t quick = 100;  ///< schedules of each scenario; CMWQ_MODEL_SCHEDULES overrides it

/// Its runs count with a plain variable: each sees the one before.
struct errand : cmwq::work<errand> {
    int runs = 0;
    std::function<void()> body;

    static void run(errand& self) {
        ++self.runs;
        if (self.body) self.body();
    }
};

/// Where the bounded queue is full its enqueuers run the item, as guests. Nobody looks after a guest: what a worker left
/// with it has to be found by the guest's own last look.
TEST(hand_over, of_an_item_that_runs_in_its_enqueuer_forgets_nothing) {
    explore(without_watchdog(on_cpus(2)), 4 * quick, [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(
            cmwq::unbound{.name = "bounded", .bound = {.max_pending = 1, .when_full = cmwq::full_queue::run_in_caller}});
        errand contended;
        std::array<errand, 2> others;
        contended.body = others[0].body = others[1].body = [] { work_a_little(2); };
        int accepted[2] = {};
        const auto enqueue = [&](std::size_t which) {
            (void)wq->enqueue(others[which]);
            for (int i = 0; i < 2; ++i) accepted[which] += wq->enqueue(contended) ? 1 : 0;
        };
        together({{0, [&] { enqueue(0); }}, {1, [&] { enqueue(1); }}});
        wq->flush();
        (void)contended.flush();
        model::check(contended.runs == accepted[0] + accepted[1], "each accepted enqueue ran once");
    });
}

}  // namespace
