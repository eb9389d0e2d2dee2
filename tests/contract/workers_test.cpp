// SPDX-License-Identifier: Apache-2.0
//
// How many threads there are: none before the first item, no more than the CPUs can use for items that do not block,
// and superfluous ones end.
#include "support/cpus.hpp"
#include "support/gate.hpp"
#include "support/own_process.hpp"
#include "support/tasks.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <gtest/gtest.h>
#include <memory>
#include <thread>
#include <vector>

namespace {

TEST(workers, none_exists_before_the_first_item) {
    if (!support::plays("fresh")) {
        return support::expect_to_pass_alone("fresh");
    }
    const auto before = support::other_tasks().size();
    cmwq::runtime own;
    auto wq = cmwq::make_queue(cmwq::unbound{.name = "unused"});
    cmwq::system().flush();
    wq->drain();
    EXPECT_EQ(cmwq::runtime::standard().statistics().workers_created, 0u);
    EXPECT_TRUE(support::library_tasks().empty());
    EXPECT_EQ(support::other_tasks().size(), before);
    ASSERT_TRUE(wq->try_spawn([] {}));
    wq->flush();
    EXPECT_FALSE(support::library_tasks().empty());
}

struct empty_item : cmwq::work<empty_item> {
    static void run(empty_item&) {}
};

/// Computes for some microseconds, so that many of them wait at once.
struct counting_item : cmwq::work<counting_item> {
    int runs = 0;
    static void run(counting_item& self) {
        for (volatile int left = 10'000; left > 0;) {
            left = left - 1;
        }
        ++self.runs;
    }
};

/// A million runs by a thousand items, in rounds.
void run_a_million(cmwq::queue& wq) {
    const std::unique_ptr<empty_item[]> items{new empty_item[1000]};
    for (int round = 0; round < support::rounds(1000); ++round) {
        for (int i = 0; i < 1000; ++i) {
            (void)wq.enqueue(items[i]);
        }
        if (round % 100 == 0) {
            wq.flush();
        }
    }
    wq.flush();
}

TEST(workers, a_million_empty_items_need_no_more_than_the_cpus_and_two) {
    const auto cpus = support::allowed_cpus().size();
    const std::size_t more = support::sanitized ? 6 : 2;  // a sanitizer's locks block workers, who are replaced
    for (int kind = 0; kind < 3; ++kind) {
        cmwq::runtime own;
        run_a_million(kind == 0 ? own.system_unbound() : kind == 1 ? own.system() : own.system_highpri());
        EXPECT_LE(own.statistics().workers_created, cpus + more) << "kind " << kind;
    }
}

TEST(workers, a_burst_on_an_idle_runtime_makes_no_more_threads_than_can_run) {
    const auto cpus = support::allowed_cpus().size();
    for (int kind = 0; kind < 2; ++kind) {
        cmwq::runtime own;
        cmwq::queue& wq = kind == 0 ? own.system() : own.system_unbound();
        std::vector<counting_item> items(1000);
        for (counting_item& item : items) {
            (void)wq.enqueue(item);
        }
        wq.flush();
        for (const counting_item& item : items) {
            EXPECT_EQ(item.runs, 1);
        }
        EXPECT_LE(own.statistics().workers_created, cpus) << "kind " << kind;
    }
}

TEST(workers, no_thread_at_all_is_made_for_each_queue) {
    cmwq::runtime own;
    std::vector<cmwq::owned_queue> queues;
    std::atomic<int> runs{0};
    for (int i = 0; i < 100; ++i) {
        queues.push_back(own.make_queue(cmwq::ordered{.name = "one of many"}));
    }
    for (int round = 0; round < 10; ++round) {
        for (cmwq::owned_queue& wq : queues) {
            ASSERT_TRUE(wq->try_spawn([&] { ++runs; }));
        }
    }
    for (cmwq::owned_queue& wq : queues) {
        wq->flush();
    }
    EXPECT_EQ(runs, 1000);
    EXPECT_LE(own.statistics().workers_created, support::allowed_cpus().size() + 2);
}

TEST(workers, superfluous_ones_end_after_the_timeout) {
    cmwq::runtime own{{.idle_worker_timeout = std::chrono::milliseconds{20}}};
    const auto before = support::library_tasks().size();
    const int count = 30 * static_cast<int>(support::allowed_cpus().size());
    support::gate all_started;
    support::countdown started{count};
    for (int i = 0; i < count; ++i) {
        ASSERT_TRUE(own.system_unbound().try_spawn([&] {
            started.count_down();
            all_started.pass();
        }));
    }
    EXPECT_TRUE(started.wait());
    const auto most = before + static_cast<std::size_t>(count);
    EXPECT_GE(support::library_tasks().size(), most);
    all_started.open();
    own.system_unbound().flush();
    // Two workers per pool stay, a thread per pool that watches it, and one that watches them all.
    const auto few = before + 4 * support::allowed_cpus().size() + 2;
    EXPECT_TRUE(support::eventually([&] { return support::library_tasks().size() <= few; }));
    ASSERT_TRUE(own.system_unbound().try_spawn([] {}));  // and the pool goes on
    own.system_unbound().flush();
}

TEST(workers, are_no_more_than_the_runtime_was_told) {
    cmwq::runtime own{{.max_workers = 4}};
    support::gate way_out;
    std::atomic<int> inside{0}, most{0};
    for (int i = 0; i < 12; ++i) {
        ASSERT_TRUE(own.system().try_spawn([&] {
            const int now = ++inside;
            if (now > most) {
                most = now;
            }
            way_out.pass();
            --inside;
        }));
    }
    EXPECT_TRUE(support::eventually([&] { return inside >= 2; }));
    std::this_thread::sleep_for(std::chrono::milliseconds{60});
    EXPECT_LE(own.statistics().workers_created, 4u);
    EXPECT_LE(most, 4);
    way_out.open();
    own.system().flush();
}

TEST(workers, carry_names_after_the_kernel_scheme) {
    std::string names;
    const support::pinned_to place{support::allowed_cpus().front()};  // the item goes to the pool of this CPU, number 0
    ASSERT_TRUE(cmwq::system().try_spawn([] {}));
    cmwq::system().flush();
    for (const auto& [id, task] : support::library_tasks()) {
        EXPECT_LE(task.name.size(), 15u);
        names += task.name + " ";
    }
    EXPECT_NE(names.find("cmwq/0:0"), std::string::npos) << names;
}

}  // namespace
