// SPDX-License-Identifier: Apache-2.0
//
// A mixed load of all features, for as long as wanted: soak [--seconds N] [--lap N] [--seed N]
//
// In laps: all loads work side by side; at the end of a lap everything comes to rest, and then the books must balance
// to the item. What the process holds at these moments must not grow.
#include "soak/books.hpp"
#include "soak/footprint.hpp"
#include "soak/load.hpp"
#include "soak/world.hpp"
#include "support/patience.hpp"
#include "support/tasks.hpp"

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <thread>

// ThreadSanitizer ends a child of a threaded process at its first thread, unless it is told not to.
extern "C" const char* __tsan_default_options() {
    return "die_after_fork=0";
}

namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

struct arguments {
    unsigned seconds = 60;
    unsigned lap = 5;
    unsigned seed = std::random_device{}();
};

bool read_arguments(int count, char** texts, arguments& to) {
    for (int i = 1; i + 1 < count; i += 2) {
        const auto number = static_cast<unsigned>(std::strtoul(texts[i + 1], nullptr, 10));
        if (std::strcmp(texts[i], "--seconds") == 0) {
            to.seconds = number;
        } else if (std::strcmp(texts[i], "--lap") == 0) {
            to.lap = number;
        } else if (std::strcmp(texts[i], "--seed") == 0) {
            to.seed = number;
        } else {
            return false;
        }
    }
    // Fewer than eight laps have no quarters to compare.
    return count % 2 == 1 && to.lap > 0 && to.seconds >= 8 * to.lap;
}

class soaking {
public:
    explicit soaking(unsigned seed) : seed_{seed} {
        for (auto* make : {&soak::make_bulk_load, &soak::make_bulk_load, &soak::make_order_load, &soak::make_owner_load,
                           &soak::make_bound_load, &soak::make_family_load, &soak::make_timer_load,
                           &soak::make_periodic_load, &soak::make_shared_item_load, &soak::make_shared_item_load,
                           &soak::make_change_load, &soak::make_queue_load, &soak::make_fork_load}) {
            loads_.push_back(make(world_));
        }
    }

    /// False: the books do not balance.
    bool lap(seconds time) {
        world_.stop = false;
        for (auto& each : loads_) each->begin();
        run_all(time);
        for (auto& each : loads_) each->end();
        return come_to_rest();
    }

    cmwq::runtime_statistics statistics() const { return world_.own.statistics(); }

private:
    void run_all(seconds time) {
        std::vector<std::jthread> threads;
        for (auto& each : loads_) {
            threads.emplace_back([this, &each, random = soak::random_numbers{++seed_}]() mutable {
                while (!world_.stop) each->step(random);
            });
        }
        std::this_thread::sleep_for(time);
        world_.stop = true;
    }

    bool come_to_rest() {
        return support::eventually([this] {
            world_.with_all_queues([](cmwq::queue& wq) { wq.flush(); });
            return soak::counts.balance();
        });
    }

    unsigned seed_;
    soak::world world_;
    std::vector<std::unique_ptr<soak::load>> loads_;
};

void print_lap(double at, const soak::footprint& now, const cmwq::runtime_statistics& told) {
    static std::uint64_t ran_before = 0;
    static double at_before = 0;
    const std::uint64_t ran = soak::counts.ran();
    const std::int64_t open =
        static_cast<std::int64_t>(soak::counts.accepted()) - static_cast<std::int64_t>(soak::counts.settled());
    std::printf("%7.1f s  ran %13" PRIu64 "  (%9.0f/s)  open %" PRId64 "  broken %" PRIu64
                "  resident %6zu KiB  heap %6zu KiB  threads %3zu  workers %3u  descriptors %3zu\n",
                at, ran, static_cast<double>(ran - ran_before) / (at - at_before), open, soak::counts.broken(),
                now.resident >> 10, now.heap_in_use >> 10, now.threads, told.workers, now.descriptors);
    std::fflush(stdout);
    ran_before = ran;
    at_before = at;
}

void print_books() {
    std::printf("%-9s %13s %13s %11s %9s %11s\n", "", "accepted", "ran", "cancelled", "dropped", "refused");
    for (std::size_t i = 0; i < soak::nr_kinds; ++i) {
        const soak::account& a = soak::counts.accounts[i];
        std::printf("%-9s %13" PRIu64 " %13" PRIu64 " %11" PRIu64 " %9" PRIu64 " %11" PRIu64 "%s\n",
                    soak::kind_names[i], a.accepted.load(), a.ran.load(), a.cancelled.load(), a.dropped.load(),
                    a.refused.load(), a.balances() ? "" : "  does not balance");
    }
    const soak::books& b = soak::counts;
    std::printf("owned items made %" PRIu64 ", destroyed %" PRIu64 "; exceptions thrown %" PRIu64 ", caught %" PRIu64
                "\n",
                b.made.load(), b.destroyed.load(), b.thrown.load(), b.caught.load());
    std::printf("overlaps %" PRIu64 ", out of order %" PRIu64 ", early %" PRIu64 ", too many %" PRIu64
                ", failed children %" PRIu64 "\n",
                b.overlaps.load(), b.out_of_order.load(), b.early.load(), b.too_many.load(), b.failed_children.load());
    std::printf("forks %" PRIu64 ", queues %" PRIu64 ", runtimes %" PRIu64 ", freezes %" PRIu64 ", changes %" PRIu64
                "\n",
                b.forks.load(), b.queues.load(), b.runtimes.load(), b.freezes.load(), b.changes.load());
}

void print_workers(const cmwq::runtime_statistics& told) {
    std::printf("workers created %" PRIu64 ", ended %" PRIu64 ", refused %" PRIu64 "; blocks found by canary %" PRIu64
                ", batch canary %" PRIu64 ", watchdog %" PRIu64 ", other workers %" PRIu64 "; hogs %" PRIu64
                "; stolen %" PRIu64 "\n",
                told.workers_created, told.workers_destroyed, told.worker_creation_failures,
                told.blocks_found_by_canary, told.blocks_found_by_batch_canary, told.blocks_found_by_watchdog,
                told.blocks_found_by_worker, told.cpu_hogs, told.items_stolen);
}

bool soak_for(const arguments& wanted) {
    soaking all{wanted.seed};
    soak::footprints seen;
    const auto begin = steady_clock::now();
    bool balanced = true;
    while (balanced && steady_clock::now() - begin < seconds{wanted.seconds}) {
        balanced = all.lap(seconds{wanted.lap});
        const soak::footprint now = soak::footprint_now();
        seen.add(now);
        print_lap(std::chrono::duration<double>(steady_clock::now() - begin).count(), now, all.statistics());
    }
    print_workers(all.statistics());
    print_books();
    return balanced && seen.are_flat();
}

}  // namespace

int main(int count, char** texts) {
    arguments wanted;
    if (!read_arguments(count, texts, wanted)) {
        std::fprintf(stderr, "soak [--seconds N] [--lap N] [--seed N], at least eight laps\n");
        return 2;
    }
    std::printf("soak --seconds %u --lap %u --seed %u\n", wanted.seconds, wanted.lap, wanted.seed);
    const bool held = soak_for(wanted);
    const std::size_t left = support::library_tasks(soak::thread_prefix).size();
    const bool well = held && left == 0 && soak::counts.balance() && soak::counts.broken() == 0;
    std::printf("%zu threads of its runtimes left; %s\n", left, well ? "all is well" : "NOT WELL");
    return well ? 0 : 1;
}
