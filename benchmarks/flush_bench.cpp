// SPDX-License-Identifier: Apache-2.0
//
// What queue.flush() costs its caller: with nothing to wait for, and with N items pending. cmwq counts nothing per item
// for flush; flush finds the pending items itself. This program says what that costs per pending item, of the flushed
// queue and of another one in front, untouched in the pool's inbox and already taken by a worker. It prints one row per
// case: the caller's CPU time in the call (wall time would include the items), and that per pending item. For run.py:
// `--list`; `--work P16 --pending N` prints one case as a line of JSON.
#include "harness/affinity.hpp"
#include "harness/clock.hpp"
#include "harness/result.hpp"
#include "harness/words.hpp"

#include <algorithm>
#include <atomic>
#include <cmwq/cmwq.hpp>
#include <cmwq/version.hpp>
#include <cstdio>
#include <string_view>
#include <thread>
#include <vector>

namespace {

/// Occupies a worker until it is opened. It yields instead of sleeping, because the engine replaces a worker that
/// sleeps and would run the items that are meant to stay pending.
struct gate : cmwq::work<gate> {
    std::atomic<bool> entered{false};
    std::atomic<bool> open{false};
    std::atomic<bool> left{false};

    static void run(gate& self) {
        self.entered.store(true);
        while (!self.open.load(std::memory_order_acquire)) {
            std::this_thread::yield();
        }
        self.left.store(true);
    }

    void wait_until_entered() const {
        while (!entered.load()) {
            std::this_thread::yield();
        }
    }
};

std::atomic<std::size_t> items_ran{0};

struct alignas(64) pending_item : cmwq::work<pending_item> {
    static void run(pending_item&) { items_ran.fetch_add(1, std::memory_order_relaxed); }
};

enum class place { inbox, worker_list };

struct scenario {
    bool of_this_queue;
    place where;
    std::size_t pending;
};

struct flush_cost {
    double cpu_ns = 0;
    bool disturbed = false;  // items ran before the gates were opened: the figure is of fewer pending items
};

/// All workers of all CPUs held; the first CPU's by two gates in a row, so that its worker can be made to take a batch
/// and stop in front of it.
class held_pools {
public:
    explicit held_pools(cmwq::queue& queue) : queue_{queue}, gates_(bench::allowed_cpus()) {
        for (unsigned cpu = bench::allowed_cpus(); cpu-- > 0;) {
            on_cpu(cpu, [&] {
                queue_.enqueue(gates_[cpu]);
                gates_[cpu].wait_until_entered();
            });
        }
    }

    /// Calls `enqueue_items` on the first CPU; then its worker takes them if `where` says so.
    template <class Body>
    void add(place where, Body enqueue_items) {
        on_cpu(0, [&] {
            if (where == place::worker_list) {
                queue_.enqueue(second_);
            }
            enqueue_items();
            if (where == place::worker_list) {
                gates_[0].open.store(true);
                second_.wait_until_entered();
            }
        });
        second_used_ = where == place::worker_list;
    }

    void open() {
        second_.open.store(true);
        for (gate& each : gates_) {
            each.open.store(true);
        }
    }

    ~held_pools() {
        open();
        for (gate& each : gates_) {
            while (!each.left.load()) {
                std::this_thread::yield();
            }
        }
        while (second_used_ && !second_.left.load()) {
            std::this_thread::yield();
        }
    }

private:
    template <class Body>
    static void on_cpu(unsigned index, Body body) {
        std::thread{[&] {
            bench::pin_to_allowed_cpu(index);
            body();
        }}.join();
    }

    cmwq::queue& queue_;
    std::vector<gate> gates_;
    gate second_;
    bool second_used_ = false;
};

flush_cost measure(const scenario& now, cmwq::queue& flushed, cmwq::queue& other, std::vector<pending_item>& items) {
    items_ran.store(0);
    flush_cost cost;
    held_pools pools{other};
    cmwq::queue& holder = now.of_this_queue ? flushed : other;
    pools.add(now.where, [&] {
        for (std::size_t index = 0; index < now.pending; ++index) {
            holder.enqueue(items[index]);
        }
    });
    cost.disturbed = items_ran.load() != 0;
    std::thread opener{[&] {
        bench::sleep_ns(20'000'000);
        pools.open();
    }};
    const std::int64_t before = bench::thread_cpu_ns();
    flushed.flush();
    cost.cpu_ns = static_cast<double>(bench::thread_cpu_ns() - before);
    opener.join();
    while (items_ran.load() != now.pending) {
        bench::sleep_ns(1'000'000);
    }
    return cost;
}

struct median_cost {
    double median = 0, least = 0, most = 0;
    int disturbed = 0;
};

median_cost measure_often(const scenario& now, cmwq::queue& flushed, cmwq::queue& other,
                          std::vector<pending_item>& items, std::size_t repeats) {
    std::vector<double> costs;
    median_cost found;
    for (std::size_t repeat = 0; repeat < repeats; ++repeat) {
        const flush_cost cost = measure(now, flushed, other, items);
        costs.push_back(cost.cpu_ns);
        found.disturbed += cost.disturbed ? 1 : 0;
    }
    std::sort(costs.begin(), costs.end());
    found.median = costs[repeats / 2];
    found.least = costs.front();
    found.most = costs.back();
    return found;
}

void print_pending(cmwq::queue& flushed, cmwq::queue& other, std::size_t most, std::size_t repeats) {
    std::vector<pending_item> items(most);
    std::printf("%-13s %-12s %9s %14s %10s\n", "pending of", "where", "pending", "flush CPU us", "ns/pending");
    for (const bool own : {true, false}) {
        for (const place where : {place::inbox, place::worker_list}) {
            for (std::size_t pending = 1'000; pending <= most; pending *= 10) {
                const median_cost cost = measure_often({own, where, pending}, flushed, other, items, repeats);
                std::printf("%-13s %-12s %9zu %14.1f %10.2f  [%.1f-%.1f]%s\n", own ? "this queue" : "another queue",
                            where == place::inbox ? "inbox" : "worker list", pending, cost.median / 1000,
                            cost.median / static_cast<double>(pending), cost.least / 1000, cost.most / 1000,
                            cost.disturbed > 0 ? "  disturbed" : "");
            }
        }
    }
}

/// The same call many times, with nothing of this queue anywhere.
double empty_ns(cmwq::queue& flushed) {
    constexpr int calls = 10'000;
    const std::int64_t before = bench::now_ns();
    for (int call = 0; call < calls; ++call) {
        flushed.flush();
    }
    return static_cast<double>(bench::now_ns() - before) / calls;
}

void print_empty(const char* when, cmwq::queue& flushed) {
    std::printf("empty queue, %s: %.1f ns per flush\n", when, empty_ns(flushed));
}

/// One case for run.py: in a worker's list, of this queue; or of an empty queue that was used before.
void print_for_table(cmwq::queue& flushed, cmwq::queue& other, std::size_t pending, std::size_t repeats) {
    std::vector<pending_item> items(pending + 1);
    flushed.enqueue(items.back());
    flushed.flush();
    bench::result found;
    found.complete = true;
    found.items = 1;
    const scenario listed{true, place::worker_list, pending};
    found.ns = pending == 0 ? empty_ns(flushed) : measure_often(listed, flushed, other, items, repeats).median;
    found.threads = bench::threads_now();
    bench::print(found, "cmwq", CMWQ_VERSION_STRING, "P16");
}

}  // namespace

/// `--quick`: only small numbers, once; shows that it works and says nothing about time.
int main(int argc, char** argv) {
    const bench::words asked{argc, argv};
    const bool quick = asked.has("--quick");
    if (asked.has("--list")) {
        return std::puts("P16") < 0;
    }
    const cmwq::owned_queue flushed = cmwq::make_queue(cmwq::percpu{.name = "flushed"});
    const cmwq::owned_queue other = cmwq::make_queue(cmwq::percpu{.name = "other"});
    if (!flushed || !other) {
        std::fputs("no memory for two queues\n", stderr);
        return 1;
    }
    if (asked.has("--work")) {
        print_for_table(*flushed, *other, asked.number_after("--pending", std::size_t{0}), quick ? 1 : 7);
        return 0;
    }
    print_empty("never used", *flushed);
    pending_item once;
    flushed->enqueue(once);
    flushed->flush();
    print_empty("used before, pools idle", *flushed);
    {
        held_pools pools{*other};
        print_empty("used before, every pool busy", *flushed);
    }
    print_pending(*flushed, *other, quick ? 1'000 : 1'000'000, quick ? 1 : 7);
}
