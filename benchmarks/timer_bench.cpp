// SPDX-License-Identifier: Apache-2.0
//
// What a delayed item costs and how late it is, each beside its floor in the same run:
//
//   arm, cancel   ns per item, with all of them armed at the end of the arming; one thread, and two threads at once
//                 with half the items each. Floor: a lock and a hashed wheel of doubly linked lists, nothing else.
//                 `until` is given a time point, `after` a duration, so it reads the clock too; the floor does as well
//                 in that row.
//   lateness      us from its time to the start of its function, of timers at random distances one after the other.
//                 Floor: a thread with a timer slack of 1 ns in clock_nanosleep.
//
// Medians of the rounds, and the spread. For run.py: `--list`; `--work P12 --time until|after --threads N` and `--work
// P13` print that one as a line of JSON.
#include "harness/result.hpp"
#include "harness/words.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cmwq/cmwq.hpp>
#include <cmwq/version.hpp>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <string_view>
#include <sys/prctl.h>
#include <thread>
#include <vector>

namespace {

using steady = std::chrono::steady_clock;
using namespace std::chrono_literals;

struct plan {
    std::size_t nr_items = 1'000'000;
    int rounds = 5;
    int nr_late = 1'000;
};

/// Distances as programs have them: from a second to an hour, nothing comes during the run.
std::vector<std::chrono::nanoseconds> distances(std::size_t count) {
    std::mt19937_64 random{1};
    std::vector<std::chrono::nanoseconds> all(count);
    for (auto& one : all) {
        one = 60s + std::chrono::nanoseconds{random() % 3'600'000'000'000u};
    }
    return all;
}

// ---- the floor: a lock and a hashed wheel ----

struct floor_item {
    floor_item *next = nullptr, *prev = nullptr;
    std::int64_t due = 0;
    std::uint64_t state = 0;
    char as_large_as_ours[16] = {};
};

class floor_wheel {
public:
    floor_wheel() {
        for (floor_item& slot : slots_) {
            slot.next = slot.prev = &slot;
        }
    }
    void arm(floor_item& item, std::int64_t due) {
        const std::lock_guard hold{lock_};
        floor_item& slot = slots_[static_cast<std::size_t>(due >> 20) % nr_slots];
        item.due = due;
        item.next = &slot;
        item.prev = slot.prev;
        slot.prev->next = &item;
        slot.prev = &item;
    }
    void cancel(floor_item& item) {
        const std::lock_guard hold{lock_};
        item.prev->next = item.next;
        item.next->prev = item.prev;
    }

private:
    static constexpr std::size_t nr_slots = 4096;
    std::mutex lock_;
    floor_item slots_[nr_slots];
};

// ---- ours ----

struct bench_item : cmwq::delayed_work<bench_item> {
    static void run(bench_item& self) {
        self.ran_at = steady::now();
        self.has_run.store(true, std::memory_order_release);
        self.has_run.notify_one();
    }
    steady::time_point ran_at;
    std::atomic<bool> has_run{false};
};

/// Without what the lateness needs: the size of an item is a part of its cost.
struct armed_item : cmwq::delayed_work<armed_item> {
    static void run(armed_item&) {}
};

// ---- how long all of it takes ----

double per_item(std::size_t count, int nr_threads, const std::function<void(std::size_t, std::size_t)>& range) {
    const auto begin = steady::now();
    std::vector<std::thread> threads;
    for (int t = 1; t < nr_threads; ++t) {
        const std::size_t part = count / static_cast<std::size_t>(nr_threads);
        threads.emplace_back([&, from = part * static_cast<std::size_t>(t)] { range(from, from + part); });
    }
    range(0, count / static_cast<std::size_t>(nr_threads));
    for (std::thread& thread : threads) {
        thread.join();
    }
    const std::chrono::duration<double, std::nano> took = steady::now() - begin;
    return took.count() / static_cast<double>(count);
}

struct figures {
    std::vector<double> values;
    double at(double part) {
        std::sort(values.begin(), values.end());
        return values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1))];
    }
};

struct cost {
    figures arm, cancel;
};

struct both_costs {
    cost ours, floor;
};

void print_cost(const char* what, int nr_threads, both_costs found) {
    auto& [ours, floor] = found;
    std::printf("%-7s %7d   %6.1f [%5.1f-%5.1f]   %6.1f   %5.2f      %6.1f [%5.1f-%5.1f]   %6.1f   %5.2f\n", what,
                nr_threads, ours.arm.at(0.5), ours.arm.at(0), ours.arm.at(1), floor.arm.at(0.5),
                ours.arm.at(0.5) / floor.arm.at(0.5), ours.cancel.at(0.5), ours.cancel.at(0), ours.cancel.at(1),
                floor.cancel.at(0.5), ours.cancel.at(0.5) / floor.cancel.at(0.5));
}

both_costs measure_cost(const plan& p, bool after, int nr_threads) {
    const auto waits = distances(p.nr_items);
    const auto ours = std::make_unique<armed_item[]>(p.nr_items);
    const auto theirs = std::make_unique<floor_item[]>(p.nr_items);
    const auto wheel = std::make_unique<floor_wheel>();
    cmwq::queue& q = cmwq::system();
    both_costs found;
    for (int round = 0; round <= p.rounds; ++round) {
        const auto base = steady::now();
        const double floor_arm = per_item(p.nr_items, nr_threads, [&](std::size_t i, std::size_t end) {
            for (; i < end; ++i) {
                const auto from = after ? steady::now() : base;
                wheel->arm(theirs[i], (from + waits[i]).time_since_epoch().count());
            }
        });
        const double floor_cancel = per_item(p.nr_items, nr_threads, [&](std::size_t i, std::size_t end) {
            for (; i < end; ++i) {
                wheel->cancel(theirs[i]);
            }
        });
        const double arm = per_item(p.nr_items, nr_threads, [&](std::size_t i, std::size_t end) {
            for (; i < end; ++i) {
                if (!(after ? q.enqueue_delayed(ours[i], waits[i]) : q.enqueue_delayed(ours[i], base + waits[i]))) {
                    std::abort();
                }
            }
        });
        const double cancel = per_item(p.nr_items, nr_threads, [&](std::size_t i, std::size_t end) {
            for (; i < end; ++i) {
                if (!ours[i].cancel()) {
                    std::abort();
                }
            }
        });
        if (round == 0) {
            continue;  // memory is touched for the first time
        }
        found.ours.arm.values.push_back(arm);
        found.ours.cancel.values.push_back(cancel);
        found.floor.arm.values.push_back(floor_arm);
        found.floor.cancel.values.push_back(floor_cancel);
    }
    return found;
}

// ---- lateness ----

double microseconds(steady::duration time) {
    return std::chrono::duration<double, std::micro>{time}.count();
}

figures lateness_of_floor(int count) {
    figures late;
    std::thread sleeper{[&] {
        prctl(PR_SET_TIMERSLACK, 1ul);
        std::mt19937_64 random{2};
        for (int i = 0; i < count; ++i) {
            const auto when = steady::now() + 200us + std::chrono::nanoseconds{random() % 3'000'000};
            const auto since = when.time_since_epoch().count();
            const timespec until{since / 1'000'000'000, since % 1'000'000'000};
            while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {}
            late.values.push_back(microseconds(steady::now() - when));
        }
    }};
    sleeper.join();
    return late;
}

figures lateness_of_ours(int count) {
    figures late;
    std::mt19937_64 random{2};
    bench_item item;
    for (int i = 0; i < count; ++i) {
        const auto when = steady::now() + 200us + std::chrono::nanoseconds{random() % 3'000'000};
        item.has_run.store(false, std::memory_order_relaxed);
        if (!cmwq::system().enqueue_delayed(item, when)) {
            std::abort();
        }
        item.has_run.wait(false, std::memory_order_acquire);
        late.values.push_back(microseconds(item.ran_at - when));
        item.cancel_sync();
    }
    return late;
}

void measure_lateness(const plan& p) {
    (void)lateness_of_ours(p.nr_late / 10);
    for (int round = 0; round < p.rounds; ++round) {
        figures floor = lateness_of_floor(p.nr_late);
        figures ours = lateness_of_ours(p.nr_late);
        std::printf(
            "lateness p50 %6.1f us, floor %6.1f, ratio %5.2f;   p99 %7.1f us, floor %7.1f, ratio %5.2f;   early %d\n",
            ours.at(0.5), floor.at(0.5), ours.at(0.5) / floor.at(0.5), ours.at(0.99), floor.at(0.99),
            ours.at(0.99) / floor.at(0.99), ours.at(0) < 0 ? 1 : 0);
    }
}

// ---- for run.py ----

bench::result a_result(std::size_t items, double ns) {
    bench::result found;
    found.complete = true;
    found.items = static_cast<double>(items);
    found.ns = ns;
    found.threads = bench::threads_now();
    return found;
}

bench::result cost_for_table(const plan& p, bool after, int nr_threads) {
    auto [ours, floor] = measure_cost(p, after, nr_threads);
    bench::result found = a_result(p.nr_items, ours.arm.at(0.5));
    found.add("cancel_ns", ours.cancel.at(0.5));
    found.add("floor_ns", floor.arm.at(0.5));
    found.add("floor_cancel_ns", floor.cancel.at(0.5));
    return found;
}

bench::result lateness_for_table(const plan& p) {
    (void)lateness_of_ours(p.nr_late / 10);
    figures floor = lateness_of_floor(p.nr_late);
    figures ours = lateness_of_ours(p.nr_late);
    bench::result found = a_result(ours.values.size(), 1000 * ours.at(0.5));
    found.p99_ns = 1000 * ours.at(0.99);
    found.add("floor_ns", 1000 * floor.at(0.5));
    found.add("floor_p99_ns", 1000 * floor.at(0.99));
    found.add("least_ns", 1000 * ours.at(0));
    return found;
}

/// False: there is no such work.
bool print_for_table(const plan& p, const bench::words& asked) {
    const std::string_view work = asked.after("--work");
    if (work != "P12" && work != "P13") return false;
    const bench::result found =
        work == "P12" ? cost_for_table(p, asked.after("--time") == "after", asked.number_after("--threads", 1))
                      : lateness_for_table(p);
    bench::print(found, "cmwq", CMWQ_VERSION_STRING, work);
    return true;
}

void print_tables(const plan& p) {
    std::printf("%zu items, medians of %d rounds, ns per item\n", p.nr_items, p.rounds);
    std::printf(
        "time    threads   arm                      floor   ratio      cancel                   floor   ratio\n");
    for (const bool after : {false, true}) {
        for (const int nr_threads : {1, 2}) {
            print_cost(after ? "after" : "until", nr_threads, measure_cost(p, after, nr_threads));
        }
    }
    measure_lateness(p);
}

}  // namespace

int main(int count, char** arguments) {
    const bench::words asked{count, arguments};
    const plan p = asked.has("--quick") ? plan{10'000, 1, 20} : plan{};
    if (asked.has("--list")) {
        return std::puts("P12 P13") < 0;
    }
    if (asked.has("--work")) {
        return print_for_table(p, asked) ? 0 : 2;
    }
    print_tables(p);
}
