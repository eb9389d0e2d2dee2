// SPDX-License-Identifier: Apache-2.0
//
// What the scenarios of the engine's promises share: where they run, items that check themselves, producers, gates, and
// a look at the pools between two steps.
//
//     TEST(pending_once, each_accepted_enqueue_runs_once) {
//         explore(without_watchdog(on_cpus(2)), schedules, [] {
//             cmwq::runtime rt;
//             tested_item item;
//             …
//         });
//     }
//
// Each scenario makes its own runtime. Items are declared after it and flushed before they go.
#pragma once

#include "engine/runtime_state.hpp"
#include "model/explore.hpp"
#include "model/forget_run.hpp"
#include "model/invariants.hpp"

#include <array>
#include <chrono>
#include <cmwq/cmwq.hpp>
#include <functional>
#include <initializer_list>
#include <utility>
#include <vector>

namespace cmwq_test {

using namespace std::chrono_literals;

/// Of each scenario in the test command; CMWQ_MODEL_SCHEDULES overrides it.
inline constexpr std::uint64_t schedules = 10'000;

// ---- a look inside -------------------------------------------------------------------------------------------------

/// A runtime that on_step can look at for as long as it lives.
class tested_runtime : public cmwq::runtime {
public:
    explicit tested_runtime(const cmwq::runtime_options& options = {}) : cmwq::runtime{options} {
        watch_runtime(*engine::access::impl(*this));
    }
    ~tested_runtime() { forget_runtime(*engine::access::impl(*this)); }

    /// The runtime's; a scenario that is refused its queue while failures are injected ends there.
    template <class Options>
    cmwq::owned_queue make_queue(const Options& wanted) {
        auto made = cmwq::runtime::make_queue(wanted);
        if (!made) model::excuse_refusal();
        return made;
    }
};

template <class Visit>
void for_each_pool(engine::runtime_state& runtime, Visit visit) {
    for (auto& place : runtime.scopes) {
        engine::pool_scope* scope = place.load(std::memory_order_acquire);
        for (int cpu = 0; scope != nullptr && cpu < scope->nr_pools; ++cpu) visit(scope->pools[cpu]);
    }
}

template <class Visit>
void for_each_tested_pool(Visit visit) {
    for (engine::runtime_state* runtime : watched_runtimes()) for_each_pool(*runtime, visit);
}

/// Checks `invariant(pool)` for each pool of the tested runtimes after any step that can have changed something.
template <class Invariant>
model::options with_pool_invariant(model::options how, Invariant invariant) {
    how.on_step = [invariant, others = how.on_step] {
        if (others) others();
        if (last_step_is_change()) for_each_tested_pool(invariant);
    };
    return how;
}

// ---- where ---------------------------------------------------------------------------------------------------------

inline void forget_failed_run(bool failed) {
    count_run();
    if (failed) forget_all_watched();
    forget_run(failed);
}

inline model::options on_cpus(int count) {
    model::options how;
    how.cpus = {.count = count};
    how.on_step = check_invariants;
    how.after_run = forget_failed_run;
    return how;
}

inline model::options on_two_nodes() {
    model::options how = on_cpus(4);
    how.cpus = {.count = 4, .nodes = 2, .caches = 2};
    return how;
}

inline model::options without_fence_all_threads(model::options how) {
    how.has_fence_all_threads = false;
    return how;
}

inline model::options migrating(model::options how) {
    how.migrate = true;
    return how;
}

/// For scenarios in which nobody blocks: no item may lie in a pool when time leaps, that is when nobody has anything to
/// do but wait. So a lost wake-up is a failure, and not a delay that the watchdog ends.
inline model::options without_watchdog(model::options how) {
    how.on_leap = [](std::chrono::nanoseconds by) {
        if (by <= 1us || fault_schedules() != 0) return;  // who was refused a thread waits for the watchdog
        for_each_tested_pool([](engine::worker_pool& pool) {
            // A thief between two looks pauses more often than the model takes for waiting.
            if (pool.near->nr_looking.load(std::memory_order_relaxed) != 0) return;
            model::check(!pool.list.has_work(), "no item waits while nobody does anything");
        });
    };
    return how;
}

// ---- items and those who enqueue them ------------------------------------------------------------------------------

/// Counts its runs, and checks that two of them never overlap. `body` is its work.
struct tested_item : cmwq::work<tested_item> {
    int runs = 0;
    int inside = 0;
    under_watch watched{*this, runs, inside};
    std::function<void(tested_item&)> body;

    static void run(tested_item& self) {
        model::check(self.inside == 0, "an item runs on one worker at a time");
        ++self.inside;
        model::interrupt();
        ++self.runs;
        if (self.body) self.body(self);
        model::interrupt();
        --self.inside;
    }
};

/// A moment of work in which others may run.
inline void work_a_little(int steps = 3) {
    for (int i = 0; i < steps; ++i) model::interrupt();
}

struct producer {
    int cpu = -1;  ///< pinned to it; -1: wherever it is
    std::function<void()> body;
};

/// Runs all bodies at once, each in a thread of its own; returns when all are done.
inline void together(std::initializer_list<producer> producers) {
    std::vector<model::thread> threads;
    for (const producer& one : producers) threads.push_back(model::spawn("producer", one.body, one.cpu));
    for (model::thread& thread : threads) thread.join();
}

/// One waits until another has opened it. Waiting blocks: the watchdog sees it.
class gate {
public:
    void wait() { parker_.park(); }
    void open() { parker_.unpark(); }

private:
    platform::parker parker_;
};

/// Its first run lasts until it is told to end.
struct held_item : tested_item {
    gate end;

    held_item() {
        body = [this](tested_item&) {
            if (runs == 1) end.wait();
        };
    }
    /// Asks the library: it may have no thread that looks after this item.
    void wait_until_begun() {
        while (runs == 0) {
            (void)pending();
            model::sleep_for(1ms);
        }
    }
};

/// How many are inside, and how many were at most.
struct crowd {
    int inside = 0;
    int most = 0;

    void enter() {
        if (++inside > most) most = inside;
    }
    void leave() { --inside; }
};

/// Its body sleeps for long, and counts who is inside beside it.
inline void make_sleeper(tested_item& item, crowd& inside) {
    item.body = [&inside](tested_item&) {
        inside.enter();
        model::sleep_for(60ms);
        inside.leave();
    };
}

template <std::size_t Count>
void check_each_ran(const std::array<tested_item, Count>& items) {
    for (const tested_item& item : items) model::check(item.runs == 1, "each item ran");
}

/// Items of which none ends before all have begun.
template <std::size_t Count>
struct meeting {
    std::array<tested_item, Count> items;
    std::array<gate, Count> all_here;
    std::size_t arrived = 0;

    meeting() {
        for (std::size_t i = 0; i < Count; ++i) {
            items[i].body = [this, i](tested_item&) {
                if (++arrived == Count) {
                    for (gate& each : all_here) each.open();
                }
                all_here[i].wait();
            };
        }
    }
    void check_each_came() const {
        for (const tested_item& item : items) model::check(item.runs == 1, "each came to the meeting");
    }
};

/// Freezes, and thaws again after a while; `quiet` while nothing of a freezable queue may run.
inline void freeze_for_a_while(cmwq::runtime& rt, bool& quiet) {
    rt.freeze();
    while (!rt.frozen()) platform::yield();
    quiet = true;
    work_a_little(20);
    quiet = false;
    rt.thaw();
}

inline int accepted(cmwq::queue& wq, tested_item& item, int times) {
    int count = 0;
    for (int i = 0; i < times; ++i) count += wq.enqueue(item) ? 1 : 0;
    return count;
}

}  // namespace cmwq_test
