// SPDX-License-Identifier: Apache-2.0
//
// More CPUs than one neighbourhood has: work of one neighbourhood is helped from another, and no item waits for the
// watchdog, whoever looks where.
#include "model/engine_scenario.hpp"

#include <array>
#include <deque>
#include <optional>

namespace {

using namespace cmwq_test;

/// Two neighbourhoods of eight.
model::options on_two_times_eight() {
    model::options how = on_cpus(16);
    how.cpus = {.count = 16, .nodes = 2, .caches = 2};
    return how;
}

/// Ten CPUs of which the first two are a neighbourhood of their own, because at first there were only these. So it is
/// soon full, and help comes from the other one.
model::options on_two_and_eight() {
    model::options how = on_cpus(10);
    how.cpus = {.count = 10, .nodes = 2, .caches = 2};
    return how;
}
constexpr int nr_small = 2;
constexpr int nr_all = 10;

/// A runtime whose neighbourhoods are those.
class split_runtime {
public:
    explicit split_runtime(const cmwq::runtime_options& options = {}) {
        for (int cpu = nr_small; cpu < nr_all; ++cpu) model::take_cpu(cpu);
        made_.emplace(options);
        tested_item first[2];
        (void)made_->system().enqueue(first[0]);
        (void)made_->system_unbound().enqueue(first[1]);
        for (tested_item& item : first) (void)item.flush();
        for (int cpu = nr_small; cpu < nr_all; ++cpu) model::give_cpu(cpu);
        (void)cmwq::refresh_cpus();
    }
    tested_runtime& operator*() { return *made_; }
    tested_runtime* operator->() { return &*made_; }

private:
    std::optional<tested_runtime> made_;
};

/// Runs that an item of the small neighbourhood had on a CPU of the other one.
int runs_elsewhere = 0;

void note_where() {
    if (platform::current_cpu() >= nr_small) ++runs_elsewhere;
}

/// Bursts that are more than the small neighbourhood's own workers come round to.
void enqueue_bursts(cmwq::queue& wq, int bursts = 2, int size = 4) {
    for (int burst = 0; burst < bursts; ++burst) {
        std::deque<tested_item> items(static_cast<std::size_t>(size));
        gate last;
        int left = size;
        for (tested_item& item : items) {
            item.body = [&](tested_item&) {
                note_where();
                work_a_little(5);
                if (--left == 0) last.open();
            };
            model::check(wq.enqueue(item), "an idle item is accepted");
        }
        last.wait();
        wq.flush();
        for (const tested_item& item : items) model::check(item.runs == 1, "each item ran once");
    }
}

/// Of a scenario that waits in a way of its own. Where every thread was refused, only who asks the library has it try
/// again, and after a while.
void yield(tested_runtime& rt) {
    if (fault_schedules() == 0) return platform::yield();
    (void)rt.frozen();
    model::sleep_for(1ms);
}

TEST(neighbourhoods, are_as_the_topology_says) {
    const auto end = model::run(on_two_times_eight(), [] {
        tested_runtime rt;
        tested_item item;
        item.body = [](tested_item&) {
            engine::pool_scope& scope = *engine::this_worker_slot()->pool->scope;
            model::check(scope.nr_neighbourhoods == 2, "one for each cache");
            model::check(scope.pools[7].near == scope.pools[0].near, "CPUs of one cache are neighbours");
            model::check(scope.pools[8].near != scope.pools[0].near, "those of another one are not");
        };
        (void)rt.system().enqueue(item);
        (void)item.flush();
    });
    EXPECT_FALSE(end.failed) << end.report;
}

TEST(neighbourhoods, backlog_of_one_is_helped_from_another) {
    explore(on_two_times_eight(), schedules / 4, [] {
        tested_runtime rt{{.detect = cmwq::block_detection::watchdog}};
        std::array<tested_item, 8> long_items;
        std::array<tested_item, 3> backlog;
        int begun = 0, left = 3;
        for (tested_item& item : long_items) {
            item.body = [&](tested_item&) {
                ++begun;
                while (left != 0) platform::yield();
            };
        }
        for (tested_item& item : backlog) {
            item.body = [&](tested_item&) {
                model::check(platform::current_cpu() >= 8, "somebody from elsewhere takes it");
                --left;
            };
        }
        for (int cpu = 0; cpu < 8; ++cpu) {
            model::check(rt.system().enqueue_on(cpu, long_items[static_cast<std::size_t>(cpu)]), "accepted");
        }
        while (begun != 8) yield(rt);
        model::set_cpu(3);
        for (tested_item& item : backlog) model::check(rt.system().enqueue(item), "accepted");
        while (left != 0) yield(rt);
        rt.system().flush();
    });
}

TEST(neighbourhoods, no_item_waits_for_the_watchdog) {
    runs_elsewhere = 0;
    for (const auto& how : {on_two_and_eight(), without_fence_all_threads(on_two_and_eight())}) {
        explore(without_watchdog(how), schedules, [] {
            split_runtime rt;
            together({{0, [&] { enqueue_bursts(rt->system()); }}, {1, [&] { enqueue_bursts(rt->system()); }}});
        });
    }
    EXPECT_GT(runs_elsewhere, 0);
}

TEST(neighbourhoods, no_item_waits_for_thieves_that_sleep_at_once) {
    for (const auto& how : {on_cpus(2), on_two_and_eight()}) {
        explore(without_watchdog(how), schedules / 2, [cpus = how.cpus.count] {
            std::optional<split_runtime> split;
            std::optional<tested_runtime> whole;
            const cmwq::runtime_options options{.looks_before_sleep = 0};
            tested_runtime& rt = cpus == nr_all ? *split.emplace(options) : whole.emplace(options);
            together({{0, [&] { enqueue_bursts(rt.system()); }}, {1, [&] { enqueue_bursts(rt.system()); }}});
        });
    }
}

TEST(neighbourhoods, no_item_waits_while_both_have_work) {
    explore(without_watchdog(on_two_and_eight()), schedules, [] {
        split_runtime rt;
        together({{0, [&] { enqueue_bursts(rt->system(), 2, 3); }},
                  {1, [&] { enqueue_bursts(rt->system(), 2, 3); }},
                  {2, [&] { enqueue_bursts(rt->system(), 1, 2); }}});
    });
}

TEST(neighbourhoods, no_item_waits_on_sixteen_cpus) {
    explore(without_watchdog(on_two_times_eight()), schedules / 2, [] {
        tested_runtime rt;
        const auto enqueue = [&] { enqueue_bursts(rt.system(), 1, 3); };
        together({{0, enqueue}, {7, enqueue}, {8, enqueue}, {-1, enqueue}});
    });
}

TEST(neighbourhoods, no_item_of_a_limited_or_unbound_queue_waits) {
    explore(without_watchdog(on_two_and_eight()), schedules, [] {
        split_runtime rt;
        const auto wq = rt->make_queue(cmwq::unbound{.name = "limited", .max_active = 2});
        together({{0, [&] { enqueue_bursts(*wq); }}, {1, [&] { enqueue_bursts(rt->system_unbound()); }}});
    });
}

TEST(neighbourhoods, thief_that_waits_inside_the_library_leaves_nothing_behind) {
    // Enqueuers rely on a helper that looks for them; it waits for another item meanwhile.
    explore(without_watchdog(on_two_and_eight()), schedules, [] {
        split_runtime rt;
        tested_item outer[3], inner[3];
        for (std::size_t i = 0; i < 3; ++i) {
            outer[i].body = [&, i](tested_item&) {
                (void)rt->system().enqueue(inner[i]);
                (void)inner[i].flush();
                model::check(inner[i].runs == 1, "it was waited for");
            };
        }
        together({{0,
                   [&] {
                       for (tested_item& item : outer) (void)rt->system().enqueue(item);
                   }},
                  {1, [&] { enqueue_bursts(rt->system(), 1, 3); }}});
        rt->system().flush();
        rt->system().flush();
        for (const tested_item& item : outer) model::check(item.runs == 1, "each item ran once");
    });
}

TEST(neighbourhoods, items_go_on_where_a_thief_from_elsewhere_blocked) {
    // Under each way of finding out: the helper blocks in an item it took, and items come to where it looked.
    for (const auto detect : {cmwq::block_detection::canary, cmwq::block_detection::batch_canary}) {
        model::options how = on_two_and_eight();
        how.step_limit = 1'000'000;
        explore(how, schedules / 4, [detect] {
            split_runtime rt{{.detect = detect}};
            std::deque<tested_item> items(6);
            for (tested_item& item : items) item.body = [](tested_item&) { model::sleep_for(3ms); };
            for (tested_item& item : items) (void)rt->system().enqueue_on(0, item);
            rt->system().flush();
            enqueue_bursts(rt->system(), 1, 4);
        });
    }
}

TEST(neighbourhoods, counts_are_zero_when_all_is_done) {
    for (const auto detect : {cmwq::block_detection::canary, cmwq::block_detection::watchdog}) {
        model::options how = on_two_and_eight();
        how.step_limit = 1'000'000;
        explore(how, schedules / 4, [detect] {
            split_runtime rt{{.detect = detect}};
            std::deque<tested_item> items(6);
            for (std::size_t i = 0; i < items.size(); ++i) {
                items[i].body = [i](tested_item&) {
                    if (i % 3 == 0) return model::sleep_for(15ms);
                    if (i % 3 == 1) return model::burn(15ms);
                    work_a_little();
                };
                (void)rt->system().enqueue(items[i]);
            }
            rt->system().flush();
            for_each_tested_pool([](engine::worker_pool& pool) {
                const auto at_rest = [&pool] {
                    return pool.nr_running.load(std::memory_order_relaxed) == 0 &&
                           pool.near->nr_looking.load(std::memory_order_relaxed) == 0;
                };
                while (!at_rest()) model::sleep_for(1ms);  // never, if a count is lost
            });
        });
    }
}

TEST(neighbourhoods, worker_that_comes_home_leaves_nothing_behind) {
    // The workers that it helped have gone to sleep; an enqueuer relies on the helper, which has just looked for the
    // last time.
    static bool all_have_run = false;  // but for one, for which nobody may wait
    model::options how = without_watchdog(on_two_and_eight());
    how.on_leap = [check = how.on_leap](std::chrono::nanoseconds by) {
        if (all_have_run) check(by);
    };
    explore(how, schedules, [] {
        split_runtime rt{{.detect = cmwq::block_detection::watchdog, .looks_before_sleep = 0}};
        for (int round = 0; round < 3; ++round) {
            tested_item busy[nr_small], backlog[2], late;
            all_have_run = false;
            int begun = 0;
            bool helped = false;
            for (tested_item& item : busy) {
                item.body = [&](tested_item&) {
                    ++begun;
                    while (!helped) platform::yield();
                };
            }
            for (tested_item& item : backlog) {
                item.body = [&](tested_item&) {
                    if (platform::current_cpu() < nr_small) return;
                    helped = true;
                };
            }
            for (int cpu = 0; cpu < nr_small; ++cpu) model::check(rt->system().enqueue_on(cpu, busy[cpu]), "accepted");
            while (begun != nr_small) yield(*rt);
            model::set_cpu(0);
            for (tested_item& item : backlog) model::check(rt->system().enqueue(item), "accepted");
            while (!helped) yield(*rt);
            while (backlog[0].runs + backlog[1].runs != 2) yield(*rt);
            work_a_little(static_cast<int>(model::random_below(300)));
            all_have_run = true;
            (void)rt->system().enqueue(late);
            rt->system().flush();
            model::check(late.runs == 1, "it was waited for");
        }
    });
}

TEST(neighbourhoods, cpus_go_and_come_while_one_helps_another) {
    explore(without_watchdog(on_two_and_eight()), schedules, [] {
        split_runtime rt;
        together({{0, [&] { enqueue_bursts(rt->system()); }},
                  {1, [&] { enqueue_bursts(rt->system(), 1, 3); }},
                  {-1, [&] {
                       for (const int cpu : {3, 1, 2}) {
                           model::take_cpu(cpu);
                           (void)cmwq::refresh_cpus();
                           work_a_little(10);
                           model::give_cpu(cpu);
                           (void)cmwq::refresh_cpus();
                       }
                   }}});
    });
}

TEST(neighbourhoods, workers_come_back_from_helping) {
    explore(without_watchdog(on_two_and_eight()), schedules / 2, [] {
        split_runtime rt;
        together({{0, [&] { enqueue_bursts(rt->system()); }}, {1, [&] { enqueue_bursts(rt->system()); }}});
        for (int i = 0; i < 20; ++i) model::sleep_for(1h);
        for_each_tested_pool([](engine::worker_pool& pool) {
            model::check(pool.helps.load(std::memory_order_relaxed) == pool.near->index, "nobody helps who sleeps");
        });
    });
}

}  // namespace
