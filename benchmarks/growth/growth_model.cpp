// SPDX-License-Identifier: Apache-2.0
//
// What an item makes the CPUs exchange, on machines that nobody has at hand: the engine on the model backend, on 2 to
// 256 CPUs in 1 to 8 nodes. Local work must not cost more for the CPUs beside it.
//
//     growth_model [--most CPUS] [--json] [--check]
//
// --check: exit status 1 if a figure per item grows with the number of CPUs beyond one neighbourhood.
#include "../harness/words.hpp"
#include "platform/port.hpp"
#include "traffic.hpp"

#include <algorithm>
#include <chrono>
#include <cmwq/cmwq.hpp>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace {

namespace model = cmwq::model;

/// Who enqueues what. Each CPU has a thread that is pinned to it, and items of its own.
enum class work { self, hop, burst, alone };
constexpr std::string_view names[] = {"self", "hop", "burst", "alone"};
constexpr std::string_view sentences[] = {
    "an item on each CPU enqueues itself",
    "a thread on each CPU enqueues an item, waits until it has run, and again",
    "a thread on each CPU enqueues eight items, waits until they have run, and again",
    "the same on one CPU, while the others are idle",
};
constexpr int hops = 64;
constexpr int burst_size = 8;
constexpr int bursts = 8;

struct seat;

struct alignas(64) local_item : cmwq::work<local_item> {
    seat* owner = nullptr;
    int again = 0;

    static void run(local_item& self);
};

/// What a CPU has: items, and a thread that waits for the last of them.
struct alignas(64) seat {
    cmwq::platform::parker* done = nullptr;
    cmwq::queue* queue = nullptr;
    local_item items[burst_size];
    int left = 0;

    /// Enqueues so many items, which go round so often; returns when they have run.
    void enqueue_and_wait(int count, int times) {
        left = count;
        for (int index = 0; index < count; ++index) {
            items[index].owner = this;
            items[index].again = times - 1;
            model::check(static_cast<bool>(queue->enqueue(items[index])), "an idle item is accepted");
        }
        done->park();
    }

    void perform(work what) {
        switch (what) {
        case work::self: return enqueue_and_wait(1, hops);
        case work::hop:
            for (int hop = 0; hop < hops; ++hop) enqueue_and_wait(1, 1);
            return;
        case work::burst:
        case work::alone:
            for (int burst = 0; burst < bursts; ++burst) enqueue_and_wait(burst_size, 1);
        }
    }

    static int items_of(work what) { return what == work::self || what == work::hop ? hops : bursts * burst_size; }
};

void local_item::run(local_item& self) {
    seat& owner = *self.owner;
    if (self.again > 0) {
        --self.again;
        owner.queue->enqueue(self);
    } else if (--owner.left == 0) {
        owner.done->unpark();
    }
}

struct layout {
    int cpus = 2;
    int nodes = 1;
};

/// Each CPU that takes part does its work once; returns when all have.
void perform_on_all(work what, std::vector<seat>& seats) {
    std::vector<model::thread> threads;
    const std::size_t busy = what == work::alone ? 1 : seats.size();
    for (std::size_t cpu = 0; cpu < busy; ++cpu) {
        threads.push_back(model::spawn(
            "producer", [&own = seats[cpu], what] { own.perform(what); }, static_cast<int>(cpu)));
    }
    for (model::thread& each : threads) each.join();
}

/// Until all workers are asleep, and the watchdog too. Several sleeps, because time leaps to the end of one as soon as
/// everybody else only pauses: thieves that still look would be counted in the second round, for work of the first.
void settle() {
    for (int i = 0; i < 20; ++i) model::sleep_for(std::chrono::milliseconds{20});
}

/// All CPUs do the work once so that pools and workers exist, then so that it is counted.
void count_second_round(work what, int cpus, bench::traffic_counter& counter) {
    cmwq::runtime runtime{{.detect = cmwq::block_detection::watchdog}};
    std::vector<cmwq::platform::parker> parkers(static_cast<std::size_t>(cpus));
    std::vector<seat> seats(static_cast<std::size_t>(cpus));
    for (std::size_t cpu = 0; cpu < seats.size(); ++cpu) {
        seats[cpu].done = &parkers[cpu];
        seats[cpu].queue = &runtime.system();
    }
    counter.leave_out(parkers.data(), parkers.size() * sizeof parkers[0]);
    perform_on_all(what == work::alone ? work::burst : what, seats);
    settle();
    counter.count(true);
    perform_on_all(what, seats);
    counter.count(false);
}

/// Per item, over some runs: more where there are fewer items in each.
bench::traffic measure(work what, layout machine) {
    const std::uint64_t seeds = (machine.cpus <= 16 ? 24 : 8) * (what == work::alone ? 6 : 1);
    bench::traffic sum;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        bench::traffic_counter counter;
        model::options how;
        how.seed = seed;
        how.stay = 0.9;
        how.cpus = {.count = machine.cpus, .nodes = machine.nodes, .caches = machine.nodes};
        how.step_limit = 1'000'000'000;
        how.weak_failures = 0;
        how.on_step = [&counter] { counter.look(); };
        const model::outcome end = model::run(how, [&] { count_second_round(what, machine.cpus, counter); });
        if (end.failed) {
            std::fputs(end.report.c_str(), stderr);
            std::exit(2);
        }
        sum += counter.found();
    }
    const int busy = what == work::alone ? 1 : machine.cpus;
    return sum / (static_cast<double>(seeds) * busy * seat::items_of(what));
}

struct row {
    layout machine;
    bench::traffic per_item;
};

std::vector<row> measure_all(work what, int most_cpus) {
    std::vector<row> rows;
    for (const layout machine : {layout{2, 1}, {4, 1}, {8, 1}, {16, 2}, {32, 2}, {64, 4}, {128, 4}, {256, 8}}) {
        if (machine.cpus <= most_cpus) rows.push_back({machine, measure(what, machine)});
    }
    return rows;
}

/// The figures of machines with several neighbourhoods may be so much greater than the greatest of those with one, of
/// up to eight CPUs: where all CPUs of a neighbourhood run, a push asks pools of others.
bool grows(const std::vector<row>& rows, double bench::traffic::*figure) {
    constexpr double tolerated = 1.25;
    constexpr double too_little_to_matter = 0.1;
    double few = 0;
    double many = 0;
    for (const row& each : rows) {
        double& most = each.machine.cpus <= 8 ? few : many;
        most = std::max(most, each.per_item.*figure);
    }
    return many > few * tolerated + too_little_to_matter;
}

struct figure {
    const char* name;
    double bench::traffic::*value;
};

constexpr figure figures[] = {
    {"operations", &bench::traffic::operations}, {"transfers", &bench::traffic::transfers},
    {"wakes", &bench::traffic::wakes},           {"handovers", &bench::traffic::handovers},
    {"fences", &bench::traffic::fences},
};

void print_table(work what, const std::vector<row>& rows) {
    std::printf("%s: %s\n%6s %6s", names[static_cast<int>(what)].data(), sentences[static_cast<int>(what)].data(),
                "CPUs", "nodes");
    for (const figure& each : figures) std::printf(" %11s", each.name);
    std::puts("");
    for (const row& each : rows) {
        std::printf("%6d %6d", each.machine.cpus, each.machine.nodes);
        for (const figure& its : figures) std::printf(" %11.2f", each.per_item.*its.value);
        std::puts("");
    }
    std::puts("");
    std::fflush(stdout);
}

void print_json(work what, const std::vector<row>& rows) {
    for (const row& each : rows) {
        std::printf(R"({"work": "%s", "cpus": %d, "nodes": %d)", names[static_cast<int>(what)].data(),
                    each.machine.cpus, each.machine.nodes);
        for (const figure& its : figures) std::printf(R"(, "%s": %.3f)", its.name, each.per_item.*its.value);
        std::puts("}");
    }
}

/// Says which figures grow. False: one does.
bool report_growth(work what, const std::vector<row>& rows) {
    bool good = true;
    for (const figure& its : figures) {
        if (!grows(rows, its.value)) continue;
        std::fprintf(stderr, "%s: %s per item grow with the number of CPUs\n", names[static_cast<int>(what)].data(),
                     its.name);
        good = false;
    }
    return good;
}

}  // namespace

int main(int argc, char** argv) {
    const bench::words given{argc, argv};
    const int most_cpus = given.number_after("--most", 256);
    bool good = true;
    for (const work what : {work::self, work::hop, work::burst, work::alone}) {
        const std::vector<row> rows = measure_all(what, most_cpus);
        given.has("--json") ? print_json(what, rows) : print_table(what, rows);
        good = report_growth(what, rows) && good;
    }
    return given.has("--check") && !good ? 1 : 0;
}
