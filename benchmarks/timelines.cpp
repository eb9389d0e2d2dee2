// SPDX-License-Identifier: Apache-2.0
//
// The timelines of the kernel's workqueue documentation on the real machine: w0 burns 5 ms of CPU, sleeps 10 ms, burns
// 5 ms more; w1 and w2 burn 5 ms and sleep 10 ms; all three are enqueued at once, on one CPU. When does each of them
// end? Nothing is announced to the library. Prints one row per kind of queue: median and spread over the rounds, the
// kernel's figures beside them, and whether the medians are within the tolerance of those.
//
// tests/model/timeline_scenarios_test.cpp says what is exact about this, in virtual time.
#include "harness/affinity.hpp"
#include "harness/clock.hpp"
#include "harness/result.hpp"
#include "harness/words.hpp"

#include <algorithm>
#include <array>
#include <cmwq/cmwq.hpp>
#include <cmwq/version.hpp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <sys/prctl.h>
#include <vector>

namespace {

constexpr std::int64_t millisecond = 1'000'000;
constexpr std::int64_t burn_time = 5 * millisecond;
constexpr std::int64_t sleep_time = 10 * millisecond;
constexpr std::int64_t tolerance = 1 * millisecond;

using times = std::array<std::int64_t, 3>;  // of w0, w1, w2

void burn_cpu(std::int64_t nanoseconds) {
    const std::int64_t end = bench::thread_cpu_ns() + nanoseconds;
    while (bench::thread_cpu_ns() < end) {}
}

struct timed_item : cmwq::work<timed_item> {
    bool burns_twice = false;
    std::int64_t ended_at = 0;

    static void run(timed_item& self) {
        burn_cpu(burn_time);
        bench::sleep_ns(sleep_time);
        if (self.burns_twice) {
            burn_cpu(burn_time);
        }
        self.ended_at = bench::now_ns();
    }
};

times run_once(cmwq::queue& of_w0, cmwq::queue& of_others) {
    std::array<timed_item, 3> w;
    w[0].burns_twice = true;
    const std::int64_t begin = bench::now_ns();
    of_w0.enqueue(w[0]);
    of_others.enqueue(w[1]);
    of_others.enqueue(w[2]);
    of_w0.flush();
    of_others.flush();
    return {w[0].ended_at - begin, w[1].ended_at - begin, w[2].ended_at - begin};
}

struct timeline {
    std::string_view name;
    const char* title;
    times kernel;  // in milliseconds
    cmwq::queue* of_w0;
    cmwq::queue* of_others;
    std::vector<times> rounds;

    std::array<std::int64_t, 3> of(std::size_t item) const {
        std::vector<std::int64_t> values;
        for (const times& each : rounds) {
            values.push_back(each[item]);
        }
        std::sort(values.begin(), values.end());
        return {values[values.size() / 2], values.front(), values.back()};
    }

    bool is_the_kernels() const {
        for (std::size_t item = 0; item < 3; ++item) {
            if (std::abs(of(item)[0] - kernel[item] * millisecond) > tolerance) return false;
        }
        return true;
    }
};

double in_ms(std::int64_t nanoseconds) {
    return static_cast<double>(nanoseconds) / static_cast<double>(millisecond);
}

void print_rows(std::span<const timeline> all) {
    std::printf("%-26s %-22s %-22s %-22s %-12s within %.1f ms\n", "finish times, ms", "w0", "w1", "w2", "the kernel's",
                in_ms(tolerance));
    for (const timeline& each : all) {
        std::printf("%-26s", each.title);
        for (std::size_t item = 0; item < 3; ++item) {
            char text[64];
            const auto [median, least, most] = each.of(item);
            std::snprintf(text, sizeof text, "%.2f [%.2f-%.2f]", in_ms(median), in_ms(least), in_ms(most));
            std::printf(" %-22s", text);
        }
        char figures[32];
        std::snprintf(figures, sizeof figures, "%d/%d/%d", static_cast<int>(each.kernel[0]),
                      static_cast<int>(each.kernel[1]), static_cast<int>(each.kernel[2]));
        std::printf(" %-12s %s\n", figures, each.is_the_kernels() ? "yes" : "no");
    }
}

/// The line for run.py.
void print_for_table(const timeline& one) {
    bench::result found;
    found.complete = true;
    found.items = 3;
    found.ns = static_cast<double>(one.of(2)[0]);
    for (std::size_t item = 0; item < 3; ++item) {
        const std::string name = "w" + std::to_string(item);
        found.add(name + "_ns", static_cast<double>(one.of(item)[0]));
        found.add(name + "_most_ns", static_cast<double>(one.of(item)[2]));
    }
    bench::print(found, "cmwq", CMWQ_VERSION_STRING, "timelines");
}

/// The canary comes with the first block, and the pools keep a spare worker from then on.
void warm_up(cmwq::queue& wq) {
    for (int round = 0; round < 2; ++round) {
        (void)run_once(wq, wq);
    }
}

struct queues {
    cmwq::owned_queue three = cmwq::make_queue(cmwq::percpu{.name = "three", .max_active = 3});
    cmwq::owned_queue two = cmwq::make_queue(cmwq::percpu{.name = "two", .max_active = 2});
    cmwq::owned_queue intensive = cmwq::make_queue(cmwq::percpu{.name = "intensive", .cpu_intensive = true});
    cmwq::owned_queue one = cmwq::make_queue(cmwq::ordered{.name = "one"});

    bool complete() const { return three && two && intensive && one; }
};

/// In turns, so that a slow second of the machine hits all of them.
void measure(std::span<timeline> all, int rounds) {
    for (timeline& each : all) {
        warm_up(*each.of_w0);
        warm_up(*each.of_others);
    }
    for (int round = 0; round < rounds; ++round) {
        for (timeline& each : all) {
            each.rounds.push_back(run_once(*each.of_w0, *each.of_others));
        }
    }
}

}  // namespace

/// `--rounds N`, `--quick` (one round: shows that it works and says nothing about time). For run.py: `--list`,
/// `--queue three|two|intensive|one` prints that one as a line of JSON.
int main(int argc, char** argv) {
    const bench::words asked{argc, argv};
    const std::string_view queue = asked.after("--queue");  // empty: all
    const int rounds = std::max(asked.number_after("--rounds", asked.has("--quick") ? 1 : 20), 1);
    if (asked.has("--list")) {
        return std::puts("timelines") < 0;
    }
    bench::pin_to_allowed_cpu(0);   // before the library looks at its CPUs: one pool of each kind
    prctl(PR_SET_TIMERSLACK, 1UL);  // inherited by the workers: else a sleep may take 50 us more
    const queues made;
    if (!made.complete()) {
        std::fputs("no memory for four queues\n", stderr);
        return 1;
    }
    std::vector<timeline> all{{"three", "max_active 3", {20, 20, 25}, &*made.three, &*made.three, {}},
                              {"two", "max_active 2", {20, 20, 35}, &*made.two, &*made.two, {}},
                              {"intensive", "w1, w2 cpu_intensive", {20, 20, 25}, &*made.three, &*made.intensive, {}},
                              {"one", "ordered, a single thread", {20, 35, 50}, &*made.one, &*made.one, {}}};
    if (!queue.empty()) {
        std::erase_if(all, [&](const timeline& each) { return each.name != queue; });
    }
    measure(all, rounds);
    if (queue.empty()) {
        print_rows(all);
    } else if (!all.empty()) {
        print_for_table(all.front());
    }
    return all.empty() ? 2 : 0;
}
