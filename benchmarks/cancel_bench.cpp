// SPDX-License-Identifier: Apache-2.0
//
// What item.cancel_sync() costs its caller (P16), by the state of the item:
//
//   idle      it has run: there is nothing to cancel and nobody to wait for
//   pending   N items wait in an ordered queue whose first item blocks; one after the other is cancelled
//   armed     N items wait for their time
//   running   us from the end of the function to the return of the cancel_sync that waited for it
//
// Medians of the rounds. For run.py: `--list`; `--work P16 --case NAME [--items N]` prints one case as a line of JSON.
#include "harness/clock.hpp"
#include "harness/result.hpp"
#include "harness/words.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmwq/cmwq.hpp>
#include <cmwq/version.hpp>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

namespace {

struct idle_item : cmwq::delayed_work<idle_item> {
    static void run(idle_item&) {}
};

/// Blocks until it is told to go.
struct blocker : cmwq::work<blocker> {
    static void run(blocker& self) {
        self.inside.store(true);
        self.inside.notify_one();
        self.may_leave.wait(false);
    }
    std::atomic<bool> inside{false}, may_leave{false};
};

/// Computes for 200 us from its start.
struct busy_item : cmwq::work<busy_item> {
    static void run(busy_item& self) {
        const std::int64_t until = bench::now_ns() + 200'000;
        self.started.store(true);
        while (bench::now_ns() < until) {}
        self.ended_at = bench::now_ns();
    }
    std::atomic<bool> started{false};
    std::int64_t ended_at = 0;
};

using items = std::unique_ptr<idle_item[]>;

void expect(bool holds) {
    if (!holds) std::abort();
}

/// Nanoseconds per item; each was pending, or each was not.
std::int64_t cancel_all(items& all, std::size_t count, bool pending) {
    const std::int64_t before = bench::now_ns();
    for (std::size_t i = 0; i < count; ++i) expect(all[i].cancel_sync() == pending);
    return (bench::now_ns() - before) / static_cast<std::int64_t>(count);
}

std::int64_t idle_round(items& all, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) cmwq::system().enqueue(all[i]);
    cmwq::system().flush();
    return cancel_all(all, count, false);
}

std::int64_t pending_round(items& all, std::size_t count) {
    const auto q = cmwq::make_queue(cmwq::ordered{.name = "blocked"});
    blocker first;
    q->enqueue(first);
    first.inside.wait(false);
    for (std::size_t i = 0; i < count; ++i) q->enqueue(all[i]);
    const std::int64_t found = cancel_all(all, count, true);
    first.may_leave.store(true);
    first.may_leave.notify_one();
    first.flush();
    return found;
}

std::int64_t armed_round(items& all, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) cmwq::system().enqueue_delayed(all[i], std::chrono::hours{1});
    return cancel_all(all, count, true);
}

std::int64_t running_round(items&, std::size_t) {
    busy_item item;
    cmwq::system_unbound().enqueue(item);
    while (!item.started.load()) {}
    expect(!item.cancel_sync());
    return bench::now_ns() - item.ended_at;
}

struct one_case {
    std::string_view name;
    std::int64_t (*round)(items&, std::size_t);
    std::size_t items;
    int rounds;
};
constexpr one_case cases[] = {{"idle", idle_round, 100'000, 9},
                              {"pending", pending_round, 1'000, 21},
                              {"armed", armed_round, 100'000, 9},
                              {"running", running_round, 1, 501}};

bench::result measure(one_case what, bool quick) {
    const int rounds = quick ? 3 : what.rounds;
    items all = std::make_unique<idle_item[]>(what.items);
    (void)what.round(all, what.items);  // workers and memory come
    std::vector<std::int64_t> taken;
    for (int round = 0; round < rounds; ++round) taken.push_back(what.round(all, what.items));
    bench::result found;
    found.complete = true;
    found.items = static_cast<double>(what.items) * rounds;
    found.ns = bench::percentile(taken, 0.5);
    found.p99_ns = bench::percentile(taken, 0.99);
    found.threads = bench::threads_now();
    return found;
}

}  // namespace

int main(int argc, char** argv) {
    const bench::words asked{argc, argv};
    if (asked.has("--list")) {
        return std::puts("P16") < 0;
    }
    for (one_case each : cases) {
        if (asked.has("--case") && asked.after("--case") != each.name) continue;
        each.items = std::max(asked.number_after("--items", asked.has("--quick") ? 100 : each.items), std::size_t{1});
        const bench::result found = measure(each, asked.has("--quick"));
        if (asked.has("--work")) {
            bench::print(found, "cmwq", CMWQ_VERSION_STRING, "P16");
        } else {
            std::printf("%-8.*s %8zu items   %8.1f ns   p99 %8.1f\n", static_cast<int>(each.name.size()),
                        each.name.data(), each.items, found.ns, found.p99_ns);
        }
    }
}
