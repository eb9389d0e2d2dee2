// SPDX-License-Identifier: Apache-2.0
//
// The timelines of the kernel's workqueue documentation, in virtual time: w0 burns 5 ms, sleeps 10 ms, burns 5 ms; w1
// and w2 burn 5 ms and sleep 10 ms; all three are enqueued at once, on one CPU. A single thread ends them after 20, 35
// and 50 ms.
//
// With a canary the figures are exact in every schedule, because what is not burning or sleeping takes no time here.
#include "engine_scenario.hpp"

#include <array>

namespace {

using namespace cmwq_test;
using cmwq::block_detection;
using std::chrono::nanoseconds;

using finish_times = std::array<nanoseconds, 3>;

constexpr block_detection canaries[] = {block_detection::canary, block_detection::batch_canary};
constexpr block_detection slow_tiers[] = {block_detection::watchdog, block_detection::off};

/// Burns on one CPU, each to its end, or in turns of a millisecond.
constexpr nanoseconds to_their_end = 0ms;
constexpr nanoseconds in_turns = 1ms;

/// `body(tier)` under each of the tiers.
template <std::size_t Size>
void explore_on_one_cpu(const block_detection (&tiers)[Size], nanoseconds slice,
                        const std::function<void(block_detection)>& body) {
    for (const block_detection tier : tiers) {
        model::options how = on_cpus(1);
        how.share_cpus = true;
        how.time_slice = slice;
        how.step_time = 0ns;
        explore(how, schedules, [&] { body(tier); });
    }
}

/// The canary comes with the watchdog's first look at a pool with work, and the pool keeps a spare worker from the
/// first block on.
void warm_up(cmwq::queue& wq) {
    std::vector<tested_item> sleepers(3);
    for (tested_item& each : sleepers) {
        each.body = [](tested_item&) { model::sleep_for(40ms); };
        (void)wq.enqueue(each);
    }
    wq.flush();
    model::sleep_for(100ms);
}

/// `head_start`: before w1 and w2 are enqueued.
finish_times run_timeline(cmwq::queue& of_w0, cmwq::queue& of_others, nanoseconds head_start = 0ns) {
    finish_times finished{};
    std::array<tested_item, 3> w;
    const nanoseconds begin = platform::now();
    for (std::size_t i = 0; i < w.size(); ++i) {
        w[i].body = [&finished, begin, i](tested_item&) {
            model::burn(5ms);
            model::sleep_for(10ms);
            if (i == 0) model::burn(5ms);
            finished[i] = platform::now() - begin;
        };
    }
    (void)of_w0.enqueue(w[0]);
    model::sleep_for(head_start);
    (void)of_others.enqueue(w[1]);
    (void)of_others.enqueue(w[2]);
    of_w0.flush();
    of_others.flush();
    return finished;
}

TEST(timeline, with_room_for_all_three_is_the_kernels) {
    explore_on_one_cpu(canaries, in_turns, [](block_detection tier) {
        tested_runtime rt{{.detect = tier}};
        const auto wq = rt.make_queue(cmwq::percpu{.name = "three", .max_active = 3});
        warm_up(*wq);
        EXPECT_EQ(run_timeline(*wq, *wq), (finish_times{20ms, 20ms, 25ms}));
    });
}

TEST(timeline, of_a_queue_without_a_limit_is_the_same) {
    explore_on_one_cpu(canaries, in_turns, [](block_detection tier) {
        tested_runtime rt{{.detect = tier}};
        warm_up(rt.system());
        EXPECT_EQ(run_timeline(rt.system(), rt.system()), (finish_times{20ms, 20ms, 25ms}));
    });
}

TEST(timeline, with_room_for_two_is_the_kernels) {
    explore_on_one_cpu(canaries, in_turns, [](block_detection tier) {
        tested_runtime rt{{.detect = tier}};
        const auto wq = rt.make_queue(cmwq::percpu{.name = "two", .max_active = 2});
        warm_up(*wq);
        EXPECT_EQ(run_timeline(*wq, *wq), (finish_times{20ms, 20ms, 35ms}));
    });
}

TEST(timeline, of_an_ordered_queue_is_that_of_a_single_thread) {
    explore_on_one_cpu(canaries, in_turns, [](block_detection tier) {
        tested_runtime rt{{.detect = tier}};
        const auto wq = rt.make_queue(cmwq::ordered{.name = "one"});
        warm_up(*wq);
        EXPECT_EQ(run_timeline(*wq, *wq), (finish_times{20ms, 35ms, 50ms}));
    });
}

/// CPU-intensive items run on pools of their own, so they do not wait for w0 to block as the kernel's do: they share
/// the CPU with it from the beginning, and the figures depend on who gets it when. Where the CPU is w0's until it
/// sleeps, they are the kernel's.
TEST(timeline, with_two_on_a_cpu_intensive_queue_is_the_kernels_where_the_first_keeps_the_cpu) {
    explore_on_one_cpu(canaries, to_their_end, [](block_detection tier) {
        tested_runtime rt{{.detect = tier}};
        const auto wq = rt.make_queue(cmwq::percpu{.name = "plain"});
        const auto intensive = rt.make_queue(cmwq::percpu{.name = "intensive", .cpu_intensive = true});
        warm_up(*wq);
        warm_up(*intensive);
        EXPECT_EQ(run_timeline(*wq, *intensive, 1ns), (finish_times{20ms, 20ms, 25ms}));
    });
}

/// And however the CPU is shared, w0 loses no more than the two bursts of the others, and they no more than w0's and
/// the other's.
TEST(timeline, with_two_on_a_cpu_intensive_queue_is_bounded_however_the_cpu_is_shared) {
    for (const nanoseconds slice : {to_their_end, in_turns}) {
        explore_on_one_cpu(canaries, slice, [](block_detection tier) {
            tested_runtime rt{{.detect = tier}};
            const auto wq = rt.make_queue(cmwq::percpu{.name = "plain"});
            const auto intensive = rt.make_queue(cmwq::percpu{.name = "intensive", .cpu_intensive = true});
            warm_up(*wq);
            warm_up(*intensive);
            const finish_times found = run_timeline(*wq, *intensive);
            EXPECT_LE(found[0], 30ms);
            EXPECT_LE(found[1], 25ms);
            EXPECT_LE(found[2], 25ms);
        });
    }
}

/// Blocks found late, or only assumed: an item is replaced at a bad moment at worst, when it is about to go on. Then
/// the two share the CPU, for as long as the newcomer burns.
TEST(timeline, without_a_canary_is_no_worse_than_a_single_thread_and_one_burn) {
    for (const nanoseconds slice : {to_their_end, in_turns}) {
        explore_on_one_cpu(slow_tiers, slice, [](block_detection tier) {
            tested_runtime rt{{.detect = tier}};
            warm_up(rt.system());
            const finish_times found = run_timeline(rt.system(), rt.system());
            EXPECT_LE(found[0], 20ms + 5ms);
            EXPECT_LE(found[1], 35ms + 5ms);
            EXPECT_LE(found[2], 50ms + 5ms);
        });
    }
}

}  // namespace
