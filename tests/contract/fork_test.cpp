// SPDX-License-Identifier: Apache-2.0
//
// fork: the child's queues work at once, nothing of the parent's runs in the child, and the parent goes on.
#include "support/blocked_queue.hpp"
#include "support/child.hpp"
#include "support/gate.hpp"
#include "support/own_process.hpp"
#include "support/sanitizers.hpp"
#include "support/tasks.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <csignal>
#include <gtest/gtest.h>
#include <memory>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

// With older runtimes of ThreadSanitizer most of these tests are skipped (support/sanitizers.hpp).
//
// ThreadSanitizer ends a child of a threaded process at its first thread, unless it is told not to.
extern "C" const char* __tsan_default_options() {
    return "die_after_fork=0";
}

namespace {

using namespace std::chrono_literals;
using support::in_child;

bool runs_an_item(cmwq::queue& wq) {
    std::atomic<int> runs{0};
    for (int i = 0; i < 100; ++i) {
        if (!wq.try_spawn([&] { ++runs; })) {
            return false;
        }
    }
    wq.flush();
    return runs == 100;
}

TEST(fork, leaves_the_child_with_queues_that_work) {
    if (!support::threads_after_fork) GTEST_SKIP() << support::no_threads_after_fork;
    cmwq::runtime own;
    std::vector<cmwq::owned_queue> queues;
    queues.push_back(cmwq::make_queue(cmwq::ordered{.name = "ordered"}));
    queues.push_back(cmwq::make_queue(cmwq::unbound{.name = "limited", .max_active = 2}));
    queues.push_back(cmwq::make_queue(cmwq::percpu{.name = "percpu"}));
    queues.push_back(own.make_queue(cmwq::percpu{.name = "its own", .highpri = true}));
    queues.push_back(own.make_queue(cmwq::percpu{.name = "saved", .mem_reclaim = true}));
    const auto all_run = [&] {
        bool all = runs_an_item(cmwq::system()) && runs_an_item(own.system_unbound());
        for (cmwq::owned_queue& wq : queues) {
            all &= runs_an_item(*wq);
        }
        return all;
    };
    ASSERT_TRUE(all_run());
    EXPECT_TRUE(in_child(all_run));
    EXPECT_TRUE(all_run());
}

TEST(fork, before_the_first_item_is_a_beginning_like_any_other) {
    if (!support::plays("fresh")) {
        return support::expect_to_pass_alone("fresh");
    }
    EXPECT_TRUE(in_child([] { return support::library_tasks().empty() && runs_an_item(cmwq::system()); }));
    EXPECT_TRUE(runs_an_item(cmwq::system()));
}

TEST(fork, takes_no_thread_along) {
    ASSERT_TRUE(runs_an_item(cmwq::system()));
    EXPECT_TRUE(in_child([] { return support::other_tasks().empty(); }));
}

struct counted_item : cmwq::work<counted_item> {
    std::atomic<int> runs{0};
    static void run(counted_item& self) { ++self.runs; }
};

TEST(fork, leaves_what_is_pending_to_the_parent) {
    if (!support::threads_after_fork) GTEST_SKIP() << support::no_threads_after_fork;
    counted_item pending[3];
    counted_item behind;
    {
        support::blocked_queue held;
        for (counted_item& item : pending) {
            ASSERT_TRUE(held->enqueue(item));
        }
        EXPECT_TRUE(in_child([&] {
            held->flush();  // nothing is pending here, and nothing runs
            bool all = true;
            for (counted_item& item : pending) {
                all &= !item.pending() && !item.busy() && item.runs == 0 && !item.cancel();
            }
            // Idle, so they can be enqueued, here and elsewhere.
            all &= held->enqueue(pending[0]) && cmwq::system().enqueue(pending[1]) && held->enqueue(behind);
            held->flush();
            cmwq::system().flush();
            return all && pending[0].runs == 1 && pending[1].runs == 1 && pending[2].runs == 0 && behind.runs == 1;
        }));
        for (counted_item& item : pending) {
            EXPECT_TRUE(item.pending());
        }
        held.finish();
    }
    for (counted_item& item : pending) {
        EXPECT_EQ(item.runs, 1);
    }
    EXPECT_EQ(behind.runs, 0);
}

struct owned_item : cmwq::work<owned_item> {
    static inline std::atomic<int> runs{0}, destroyed{0};
    ~owned_item() { ++destroyed; }
    static void run(std::unique_ptr<owned_item>) { ++runs; }
};

TEST(fork, neither_runs_nor_releases_the_parents_owners_in_the_child) {
    if (!support::threads_after_fork) GTEST_SKIP() << support::no_threads_after_fork;
    owned_item::runs = owned_item::destroyed = 0;
    support::blocked_queue held;
    ASSERT_TRUE(held->enqueue(std::make_unique<owned_item>()));
    EXPECT_TRUE(in_child([&] {
        held->drain();
        return owned_item::runs == 0 && owned_item::destroyed == 0 && runs_an_item(*held);
    }));
    held.finish();
    EXPECT_EQ(owned_item::runs, 1);
    EXPECT_EQ(owned_item::destroyed, 1);
}

TEST(fork, from_inside_an_item_goes_on_as_an_ordinary_thread_in_the_child) {
    if (!support::threads_after_fork) GTEST_SKIP() << support::no_threads_after_fork;
    for (const bool is_ordered : {true, false}) {
        auto wq = is_ordered ? cmwq::make_queue(cmwq::ordered{.name = "forks"})
                             : cmwq::make_queue(cmwq::percpu{.name = "forks"});
        std::atomic<int> good{0};
        for (int i = 0; i < 3; ++i) {
            ASSERT_TRUE(wq->try_spawn([&] {
                good += in_child([&] { return cmwq::this_worker::current() == nullptr && runs_an_item(*wq); }) ? 1 : 0;
            }));
        }
        wq->flush();
        EXPECT_EQ(good, 3);
        EXPECT_TRUE(runs_an_item(*wq));
    }
}

TEST(fork, from_inside_an_item_that_returns_ends_the_thread_in_the_child) {
    auto wq = cmwq::make_queue(cmwq::ordered{.name = "returns"});
    std::atomic<pid_t> child{-1};
    std::atomic<int> behind{0};
    ASSERT_TRUE(wq->try_spawn([&] { child = fork(); }));
    ASSERT_TRUE(wq->try_spawn([&] { ++behind; }));
    wq->flush();
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    EXPECT_EQ(behind, 1);
}

TEST(fork, leaves_armed_items_to_the_parent) {
    if (!support::threads_after_fork) GTEST_SKIP() << support::no_threads_after_fork;
    struct armed_item : cmwq::delayed_work<armed_item> {
        std::atomic<int> runs{0};
        static void run(armed_item& self) { ++self.runs; }
    };
    armed_item item;
    auto wq = cmwq::make_queue(cmwq::percpu{.name = "timed"});
    ASSERT_TRUE(wq->enqueue_delayed(item, 1h));
    EXPECT_TRUE(in_child([&] {
        const bool idle = !item.pending() && !item.cancel();
        const bool armed = wq->enqueue_delayed(item, 1ms);
        return idle && armed && support::eventually([&] { return item.runs == 1; });
    }));
    EXPECT_TRUE(item.pending());
    EXPECT_EQ(item.runs, 0);
    EXPECT_TRUE(item.cancel());
}

TEST(fork, forgets_who_waited_in_the_parent) {
    if (!support::threads_after_fork) GTEST_SKIP() << support::no_threads_after_fork;
    support::blocked_queue held;
    ASSERT_TRUE(held->try_spawn([] {}));
    std::jthread flusher{[&] { held->flush(); }};
    std::jthread drainer{[&] { held->drain(); }};
    ASSERT_TRUE(support::eventually([&] { return cmwq::runtime::standard().statistics().flushes > 0; }));
    EXPECT_TRUE(in_child([&] { return runs_an_item(*held); }));
    held.open();
}

TEST(fork, makes_nobody_in_the_child_wait_for_the_parents_items) {
    if (!support::threads_after_fork) GTEST_SKIP() << support::no_threads_after_fork;
    counted_item items[3];
    support::blocked_queue held;
    auto scoped = std::make_unique<cmwq::scoped_work<>>(*held, [] {});
    for (counted_item& item : items) {
        ASSERT_TRUE(held->enqueue(item));
    }
    ASSERT_TRUE(scoped->enqueue());
    EXPECT_TRUE(in_child([&] {
        scoped.reset();
        const bool nothing = !items[0].flush() && !items[1].cancel_sync() && !items[2].disable_sync();
        const bool accepted = items[2].enable() && cmwq::system().enqueue(items[2]);
        (void)items[2].flush();
        return nothing && accepted && items[2].runs == 1;
    }));
    held.finish();
    for (counted_item& item : items) {
        EXPECT_EQ(item.runs, 1);
    }
}

/// An item that runs beside a flush which began before it was enqueued; false: it ended the flush.
bool is_not_counted_by_a_flush(counted_item& item) {
    cmwq::queue& wq = cmwq::system_unbound();
    support::gate inside, way_out;
    std::atomic<bool> left{false}, in_time{false};
    cmwq::scoped_work first{wq, [&] {
                                inside.open();
                                way_out.pass();
                                left = true;
                            }};
    const auto nr_flushes = [] { return cmwq::runtime::standard().statistics().flushes; };
    const std::uint64_t before = nr_flushes();
    first.enqueue();
    inside.pass();
    std::jthread flusher{[&] {
        wq.flush();
        in_time = left.load();
    }};
    const bool accepted = support::eventually([&] { return nr_flushes() > before; }) && wq.enqueue(item);
    (void)item.flush();
    std::this_thread::sleep_for(5ms);  // time to be wrong
    way_out.open();
    flusher.join();
    return accepted && in_time;
}

TEST(fork, forgets_in_the_child_which_items_a_flush_waits_for) {
    if (!support::threads_after_fork) GTEST_SKIP() << support::no_threads_after_fork;
    counted_item item;
    support::blocked_queue held;
    ASSERT_TRUE(held->enqueue(item));
    const std::uint64_t flushes = cmwq::runtime::standard().statistics().flushes;
    std::jthread flusher{[&] { held->flush(); }};
    ASSERT_TRUE(support::eventually([&] { return cmwq::runtime::standard().statistics().flushes > flushes; }));
    EXPECT_TRUE(in_child([&] { return is_not_counted_by_a_flush(item) && item.runs == 1; }));
    held.open();
}

/// Threads that keep the engine busy while others fork.
class traffic {
public:
    explicit traffic(cmwq::queue& wq) {
        for (int i = 0; i < 2; ++i) {
            threads_.emplace_back([this, &wq](const std::stop_token& stop) {
                while (!stop.stop_requested()) {
                    auto mine = cmwq::make_queue(cmwq::ordered{.name = "comes and goes"});
                    (void)mine->try_spawn([] {});
                    for (counted_item& item : items_) {
                        (void)wq.enqueue(item);
                    }
                    (void)wq.try_spawn([] { std::this_thread::sleep_for(50us); });
                    wq.flush();
                }
            });
        }
    }
    ~traffic() {
        threads_.clear();
        for (counted_item& item : items_) {
            (void)item.flush();
        }
    }
    traffic(const traffic&) = delete;
    traffic& operator=(const traffic&) = delete;

    bool items_work_in_the_child(cmwq::queue& wq) {
        for (counted_item& item : items_) {
            const int before = item.runs;
            if (!wq.enqueue(item)) {
                return false;
            }
            (void)item.flush();
            if (item.runs != before + 1) {
                return false;
            }
        }
        return true;
    }

private:
    counted_item items_[8];
    std::vector<std::jthread> threads_;
};

TEST(fork, at_any_moment_leaves_both_with_queues_that_work) {
    if (!support::threads_after_fork) GTEST_SKIP() << support::no_threads_after_fork;
    auto wq = cmwq::make_queue(cmwq::unbound{.name = "busy", .max_active = 4});
    traffic busy{*wq};
    std::vector<std::jthread> forkers;
    std::atomic<int> good{0};
    const int times = support::rounds(50);
    for (int i = 0; i < 2; ++i) {
        forkers.emplace_back([&] {
            for (int round = 0; round < times; ++round) {
                good += in_child([&] { return runs_an_item(*wq) && busy.items_work_in_the_child(*wq); }) ? 1 : 0;
            }
        });
    }
    forkers.clear();
    EXPECT_EQ(good, 2 * times);
    EXPECT_TRUE(runs_an_item(*wq));
}

TEST(fork, of_a_child_forks_again) {
    if (!support::threads_after_fork) GTEST_SKIP() << support::no_threads_after_fork;
    counted_item item;
    EXPECT_TRUE(in_child([&] {
        support::blocked_queue held;
        return held->enqueue(item) && in_child([&] {
                   return !item.pending() && cmwq::system().enqueue(item) && (item.flush(), true) && item.runs == 1 &&
                          runs_an_item(*held);
               }) &&
               item.pending() && (held.finish(), true) && item.runs == 1;
    }));
}

TEST(fork, and_exec_costs_the_library_nothing) {
    ASSERT_TRUE(runs_an_item(cmwq::system()));
    const pid_t child = fork();
    if (child == 0) {
        execl("/bin/true", "true", static_cast<char*>(nullptr));
        support::end_child(false);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    EXPECT_TRUE(runs_an_item(cmwq::system()));
}

TEST(fork, handlers_of_the_program_may_use_the_library) {
    if (!support::threads_after_fork) GTEST_SKIP() << support::no_threads_after_fork;
    if (!support::plays("handlers")) {
        return support::expect_to_pass_alone("handlers");
    }
    static std::atomic<int> runs{0};
    const auto run_one = [] {
        auto mine = cmwq::make_queue(cmwq::ordered{.name = "in a handler"});
        (void)mine->try_spawn([] { ++runs; });
        mine = {};
    };
    ASSERT_EQ(pthread_atfork(run_one, run_one, run_one), 0);
    EXPECT_TRUE(in_child([] { return runs == 2 && runs_an_item(cmwq::system()); }));
    EXPECT_EQ(runs, 2);
}

}  // namespace
