// SPDX-License-Identifier: Apache-2.0
//
// Concurrency management: while nothing blocks, one running worker per pool; while something blocks, another one; and
// all counts back to zero in the end, whoever found whom blocked, late, wrongly or not at all.
#include "engine_scenario.hpp"

#include <map>
#include <optional>

namespace {

using namespace cmwq_test;
using cmwq::block_detection;
using std::chrono::nanoseconds;

constexpr block_detection all_tiers[] = {block_detection::canary, block_detection::batch_canary,
                                         block_detection::watchdog, block_detection::off};

/// No worker is ever counted twice or uncounted twice.
void counts_are_sound(engine::worker_pool& pool) {
    const int running = pool.nr_running.load(std::memory_order_relaxed);
    model::check(running >= 0, "no worker leaves the running count twice");
    model::check(running <= static_cast<int>(pool.nr_workers.load(std::memory_order_relaxed)) + 1,
                 "no worker is counted twice");
}

/// Comes back once everybody is idle and nobody counts as running or looking; never, if a count is lost.
void check_counts_are_zero() {
    for_each_tested_pool([](engine::worker_pool& pool) {
        const auto at_rest = [&pool] {
            // Time may leap beyond the idle timeout while somebody is slow: who ended counts until it is reaped.
            const unsigned resting =
                pool.nr_idle.load(std::memory_order_relaxed) + pool.nr_ended.load(std::memory_order_relaxed);
            return resting == pool.nr_workers.load(std::memory_order_relaxed) &&
                   pool.nr_running.load(std::memory_order_relaxed) == 0 &&
                   pool.nr_starting.load(std::memory_order_relaxed) == 0 &&
                   pool.near->nr_looking.load(std::memory_order_relaxed) == 0;
        };
        while (!at_rest()) model::sleep_for(1ms);
    });
}

void run_mixed_items(cmwq::queue& wq) {
    std::vector<tested_item> items(5);
    items[0].body = [](tested_item&) { model::sleep_for(25ms); };
    items[1].body = [](tested_item&) { model::burn(25ms); };
    items[2].body = [](tested_item&) {
        cmwq::this_worker::blocking_region region;
        model::sleep_for(25ms);
    };
    items[3].body = [](tested_item&) {
        model::sleep_for(15ms);
        model::burn(15ms);
        model::sleep_for(15ms);
    };
    for (tested_item& item : items) (void)wq.enqueue(item);
    wq.flush();
    for (const tested_item& item : items) model::check(item.runs == 1, "each item runs once");
}

TEST(concurrency, counts_return_to_zero_with_every_tier) {
    for (const block_detection tier : all_tiers) {
        model::options how = with_pool_invariant(on_cpus(2), counts_are_sound);
        how.step_limit = 1'000'000;
        explore(how, schedules / 2, [tier] {
            tested_runtime rt{{.detect = tier}};
            run_mixed_items(rt.system());
            run_mixed_items(rt.system_unbound());
            check_counts_are_zero();
        });
    }
}

TEST(concurrency, an_item_that_waits_for_a_later_one_gets_it_with_every_tier) {
    for (const block_detection tier : all_tiers) {
        model::options how = on_cpus(1);
        how.step_limit = 1'000'000;
        explore(how, schedules, [tier] {
            tested_runtime rt{{.detect = tier}};
            gate open[3];  // one waiter each
            std::vector<tested_item> waiters(3);
            tested_item opener;
            int passed = 0;
            for (std::size_t i = 0; i < 3; ++i) {
                waiters[i].body = [&passed, &own = open[i]](tested_item&) {
                    own.wait();
                    ++passed;
                };
                (void)rt.system().enqueue(waiters[i]);
            }
            opener.body = [&](tested_item&) {
                for (gate& each : open) each.open();
            };
            (void)rt.system().enqueue(opener);
            rt.system().flush();
            model::check(passed == 3, "everybody got through");
        });
    }
}

void put_canary_on_duty(cmwq::queue& wq) {
    std::vector<tested_item> sleepers(3);
    for (tested_item& each : sleepers) {
        each.body = [](tested_item&) { model::sleep_for(40ms); };
        (void)wq.enqueue(each);
    }
    wq.flush();
}

/// An item blocks, is taken out of the count, comes back, maybe while the canary is about to rest, and pushes to its
/// own list as a worker does that runs: `wait` is how it then waits for what it pushed.
void explore_push_of_one_who_is_out(block_detection tier,
                                    const std::function<void(tested_item& pushed, gate& ran)>& wait) {
    static bool judged = false;  // no item is to lie there while everybody waits
    model::options how = without_watchdog(on_cpus(1));
    how.on_leap = [check = how.on_leap](nanoseconds by) {
        if (judged) check(by);
    };
    explore(how, schedules, [tier, &wait] {
        judged = false;
        tested_runtime rt{{.detect = tier}};
        put_canary_on_duty(rt.system());
        tested_item first, behind, pushed;
        gate back, ran;
        first.body = [&](tested_item&) {
            back.wait();
            work_a_little(static_cast<int>(model::random_below(200)));
            judged = true;
            (void)rt.system().enqueue(pushed);
            wait(pushed, ran);
        };
        behind.body = [&](tested_item&) { back.open(); };
        pushed.body = [&](tested_item&) {
            judged = false;
            ran.open();
        };
        (void)rt.system().enqueue(first);
        (void)rt.system().enqueue(behind);
        rt.system().flush();
        (void)pushed.flush();  // enqueued later than that flush began
        model::check(pushed.runs == 1, "it ran");
    });
}

TEST(concurrency, what_one_out_of_the_count_pushed_and_waits_for_is_not_left_to_the_watchdog) {
    const auto flush = [](tested_item& pushed, gate&) { (void)pushed.flush(); };
    explore_push_of_one_who_is_out(block_detection::canary, flush);
    explore_push_of_one_who_is_out(block_detection::watchdog, flush);
    explore_push_of_one_who_is_out(block_detection::canary, [](tested_item&, gate& ran) { ran.wait(); });
}

TEST(concurrency, items_that_never_block_have_one_worker_per_pool) {
    // The watchdog's verdicts are left out of the schedules: nothing lasts for a tick.
    model::options how = with_pool_invariant(on_cpus(2), [](engine::worker_pool& pool) {
        model::check(pool.nr_workers.load(std::memory_order_relaxed) <= 1, "one worker is enough");
        model::check(pool.nr_running.load(std::memory_order_relaxed) <= 1, "one runs at a time");
    });
    explore(how, schedules, [] {
        tested_runtime rt;
        std::vector<tested_item> items(8);
        together({{0,
                   [&] {
                       for (int i = 0; i < 4; ++i) (void)rt.system().enqueue(items[static_cast<std::size_t>(i)]);
                   }},
                  {1, [&] {
                       for (int i = 4; i < 8; ++i) (void)rt.system().enqueue(items[static_cast<std::size_t>(i)]);
                   }}});
        rt.system().flush();
        for (const tested_item& item : items) model::check(item.runs == 1, "each item runs once");
    });
}

// ---- the rule, on CPUs that are shared
// ---------------------------------------------------------------------------------

/// Those that never take a computing item for a blocked one.
constexpr block_detection tiers_that_see[] = {block_detection::canary, block_detection::batch_canary,
                                              block_detection::watchdog};

/// Only burning and sleeping take time, and the CPUs are shared, so that the canary looks when its worker leaves the
/// CPU.
model::options on_shared_cpus(int count) {
    model::options how = on_cpus(count);
    how.share_cpus = true;
    how.time_slice = 1ms;
    how.step_time = 0ns;
    how.step_limit = 1'000'000;
    return how;
}

/// Workers of the pool that are counted, run an item, and have not come back into the count within it.
int count_entitled_workers(engine::worker_pool& pool) {
    int entitled = 0;
    for (const engine::worker* each = pool.workers; each != nullptr; each = each->next_in_pool) {
        const bool counted = (each->counted.load(std::memory_order_relaxed) & engine::counted_in::running) != 0;
        const bool in_item = each->current.load(std::memory_order_relaxed) != nullptr;
        if (counted && in_item && !each->resumed) ++entitled;
    }
    return entitled;
}

/// How many of the workers count as running.
int count_running_workers(engine::worker_pool& pool) {
    int running = 0;
    for (const engine::worker* each = pool.workers; each != nullptr; each = each->next_in_pool) {
        running += (each->counted.load(std::memory_order_relaxed) & engine::counted_in::running) != 0 ? 1 : 0;
    }
    return running;
}

/// Canaries that lost the CPU in the middle of a verdict. The worker may then end its item before it learns that it
/// was taken out, and goes on uncounted to the end of the next; or the watchdog has one more run for a token that was
/// passed on long ago. Both are tolerated (docs/design/concurrency.md, "A verdict that is late", "A token that is
/// replaced"), so such a run is not judged any further, but for its counts at the end.
class held_up_canaries {
public:
    void look_at(const engine::worker_pool& pool) {
        const bool in_act = pool.bird.in_act();
        const bool unawares = longer_than(0ns, in_act && somebody_is_out_unawares(pool), acting_since_[&pool]);
        const bool replaced = longer_than(2 * tick - 1ns, in_act, in_act_since_[&pool]);
        any_ = any_ || unawares || replaced;
    }
    bool any() const { return any_; }

    void begin_run() {
        ++runs_;
        unjudged_runs_ += any_ ? 1 : 0;
        any_ = false;
        acting_since_.clear();
        in_act_since_.clear();
    }
    void expect_to_be_rare() const {
        EXPECT_TRUE(runs_ < 100 || unjudged_runs_ * 20 < runs_) << unjudged_runs_ << " of " << runs_;
    }

private:
    using since = std::optional<nanoseconds>;
    static constexpr nanoseconds tick = 10ms;  // the watchdog's; it takes an act that three have seen for a held token

    static bool longer_than(nanoseconds bound, bool now_true, since& begun) {
        if (!now_true) begun.reset();
        if (now_true && !begun) begun = platform::now();
        return begun && platform::now() - *begun > bound;
    }
    /// Out of the count, in its item, and not told.
    static bool somebody_is_out_unawares(const engine::worker_pool& pool) {
        for (const engine::worker* each = pool.workers; each != nullptr; each = each->next_in_pool) {
            const bool out = (each->counted.load(std::memory_order_relaxed) & engine::counted_in::anything) == 0;
            const bool told = (each->attention.load(std::memory_order_relaxed) & engine::attention::uncounted) != 0;
            if (out && !told && each->current.load(std::memory_order_relaxed) != nullptr) return true;
        }
        return false;
    }

    std::map<const engine::worker_pool*, since> acting_since_, in_act_since_;
    bool any_ = false;
    std::uint64_t runs_ = 0;
    std::uint64_t unjudged_runs_ = 0;
};

held_up_canaries held_up;

void one_is_entitled(engine::worker_pool& pool) {
    if (pool.workers_lock.owner() != 0) return;  // its list is being changed
    held_up.look_at(pool);
    if (held_up.any()) return;
    model::check(count_entitled_workers(pool) <= 1, "of the workers that count as running, one goes on to a next item");
    model::check(count_running_workers(pool) <= pool.nr_running.load(std::memory_order_relaxed),
                 "who counts himself is in the pool's count");
}

/// The items of each pool that compute and have not blocked.
class computing_items {
public:
    void enter() {
        const bool alone = ++count_of_this_pool() == 1;
        model::check(alone || held_up.any(), "two items that never blocked compute in one pool");
    }
    void leave() { --count_of_this_pool(); }

private:
    int& count_of_this_pool() { return counts_[engine::this_worker_slot()->pool]; }

    std::map<const engine::worker_pool*, int> counts_;
};

/// Lengths that no two events of a run share: an observer's verdict is then never about a block that ends at that
/// moment.
nanoseconds some_time() {
    return 100us + nanoseconds(model::random_below(1'900'000));
}

void block_for(nanoseconds time, bool announced) {
    if (announced) {
        cmwq::this_worker::blocking_region region;
        model::sleep_for(time);
    } else {
        model::sleep_for(time);
    }
}

/// Computes, then blocks and computes again some times. All its burns together stay below what makes a CPU hog.
void run_phases(computing_items& computing) {
    computing.enter();
    model::burn(some_time());
    const std::uint64_t blocks = model::random_below(3);
    if (blocks == 0) return computing.leave();
    computing.leave();
    for (std::uint64_t i = 0; i < blocks; ++i) {
        block_for(2 * some_time(), model::random_below(4) == 0);
        model::burn(some_time());
    }
}

void run_random_items(cmwq::queue& wq) {
    computing_items computing;
    std::vector<tested_item> items(12);
    for (tested_item& item : items) {
        item.body = [&computing](tested_item&) { run_phases(computing); };
        (void)wq.enqueue(item);
        if (model::random_below(4) == 0) model::sleep_for(some_time());
    }
    wq.flush();
    for (const tested_item& item : items) model::check(item.runs == 1, "each item runs once");
}

TEST(concurrency_rule, one_item_computes_per_cpu_while_others_block_and_come_back) {
    for (const block_detection tier : tiers_that_see) {
        for (const int cpus : {1, 2}) {
            explore(with_pool_invariant(on_shared_cpus(cpus), one_is_entitled), schedules / 2, [tier] {
                held_up.begin_run();
                tested_runtime rt{{.detect = tier}};
                put_canary_on_duty(rt.system());
                run_random_items(rt.system());
                check_counts_are_zero();
            });
        }
    }
    held_up.expect_to_be_rare();
}

/// The canary has taken the blocked worker out of the count, or is about to wake the next one, and loses its CPU.
void explore_canary_beside_a_busy_thread(bool may_leave_idle_policy, nanoseconds busy_for) {
    model::options how = on_shared_cpus(1);
    how.step_time = 1us;
    how.may_leave_idle_policy = may_leave_idle_policy;
    explore(how, schedules, [busy_for] {
        tested_runtime rt{{.detect = block_detection::canary}};
        put_canary_on_duty(rt.system());
        tested_item blocked;
        tested_item behind;
        blocked.body = [](tested_item&) { model::sleep_for(10s); };
        auto busy = model::spawn(
            "busy application",
            [&behind, busy_for] {
                model::sleep_for(nanoseconds(model::random_below(400'000)));
                model::burn(busy_for);
                model::check(behind.runs == 1, "the next item begins within some ticks");
            },
            0);
        (void)rt.system().enqueue(blocked);
        (void)rt.system().enqueue(behind);
        busy.join();
        rt.system().flush();
        check_counts_are_zero();
    });
}

TEST(concurrency_rule, a_canary_that_loses_the_cpu_holds_nobody_up_for_long) {
    explore_canary_beside_a_busy_thread(true, 25ms);  // the second tick lifts its policy
    explore_canary_beside_a_busy_thread(false, 100ms);
}

/// The canary finds the block, and nobody is idle: the watchdog makes a worker at once, and not at its next tick.
TEST(concurrency_rule, a_worker_that_has_to_be_made_comes_at_once) {
    for (const int cpus : {1, 2}) {
        explore(on_shared_cpus(cpus), schedules / 2, [cpus] {
            tested_runtime rt{{.detect = block_detection::canary}};
            model::set_cpu(cpus - 1);  // with two, the watchdog is not on the canary's
            tested_item computing, next, blocked, behind;
            nanoseconds began{0};
            computing.body = [](tested_item&) { model::burn(15ms); };
            blocked.body = [&](tested_item&) { model::sleep_for(100ms); };
            behind.body = [&](tested_item&) { began = platform::now(); };
            (void)rt.system().enqueue_on(0, computing);
            (void)rt.system().enqueue_on(0, next);  // for this one the canary is made
            rt.system().flush();
            model::sleep_for(100ms);
            (void)rt.system().enqueue_on(0, blocked);
            model::sleep_for(1ms);
            const nanoseconds pushed = platform::now();
            (void)rt.system().enqueue_on(0, behind);
            rt.system().flush();
            model::check(began - pushed < 5ms, "the next item does not wait for a tick");
            check_counts_are_zero();
        });
    }
}

/// The canary does not get the CPU any more when the second item blocks. The worker of the first does, when it comes
/// back: it looks, and goes on with the third. The watchdog would be there after 10 ms and more.
TEST(concurrency_rule, who_comes_back_takes_over_from_one_that_nobody_found) {
    model::options how = on_shared_cpus(1);
    how.step_time = 1us;
    explore(how, schedules, [] {
        tested_runtime rt{{.detect = block_detection::canary}};
        put_canary_on_duty(rt.system());
        bool second_runs = false;
        nanoseconds came_back{0};
        nanoseconds third_began{0};
        tested_item first;
        tested_item second;
        tested_item third;
        first.body = [&came_back](tested_item&) {
            model::sleep_for(6ms);
            came_back = platform::now();
        };
        second.body = [&second_runs](tested_item&) {
            second_runs = true;
            model::burn(nanoseconds(200'000 + model::random_below(400'000)));
            model::sleep_for(100ms);
        };
        third.body = [&third_began](tested_item&) { third_began = platform::now(); };
        for (tested_item* each : {&first, &second, &third}) (void)rt.system().enqueue(*each);
        auto busy = model::spawn(
            "busy application",
            [&second_runs] {
                for (int waits = 0; !second_runs && waits < 5'000; ++waits) model::sleep_for(20us);
                model::burn(50ms);
            },
            0);
        busy.join();
        rt.system().flush();
        model::check(third_began - came_back < 3ms, "who comes back looks at the one that runs in its stead");
        model::check(rt.statistics().blocks_found_by_worker == 1, "and is counted as the one who found it");
        check_counts_are_zero();
    });
}

TEST(concurrency_rule, holds_for_limited_queues_and_unbound_ones) {
    explore(with_pool_invariant(on_shared_cpus(2), one_is_entitled), schedules, [] {
        held_up.begin_run();
        tested_runtime rt{{.detect = block_detection::canary}};
        const auto limited = rt.make_queue(cmwq::percpu{.name = "limited", .max_active = 3});
        put_canary_on_duty(*limited);
        run_random_items(*limited);
        put_canary_on_duty(rt.system_unbound());
        run_random_items(rt.system_unbound());
        check_counts_are_zero();
    });
    held_up.expect_to_be_rare();
}

/// A look that somebody asks for is no tick: it says nothing of how long a canary has been in its act.
TEST(concurrency_rule, holds_however_often_the_watchdog_is_asked_to_look) {
    explore(with_pool_invariant(on_shared_cpus(1), one_is_entitled), schedules, [] {
        held_up.begin_run();
        tested_runtime rt{{.detect = block_detection::canary}};
        put_canary_on_duty(rt.system());
        auto asking = model::spawn("asking", [&rt] {
            for (int i = 0; i < 6; ++i) {
                model::sleep_for(some_time());
                for (int again = 0; again < 4; ++again) engine::access::impl(rt)->dog.look_now();
            }
        });
        run_random_items(rt.system());
        asking.join();
        check_counts_are_zero();
    });
    held_up.expect_to_be_rare();
}

TEST(concurrency_rule, holds_while_the_canary_is_made) {
    explore(with_pool_invariant(on_shared_cpus(1), one_is_entitled), schedules, [] {
        held_up.begin_run();
        tested_runtime rt{{.detect = block_detection::canary}};
        run_random_items(rt.system());
        check_counts_are_zero();
    });
    held_up.expect_to_be_rare();
}

}  // namespace
