// SPDX-License-Identifier: Apache-2.0
//
// F13: the scheduler is against it: workers of the lowest priority and of the idle class, items that compute without
// end, two hundred threads that do.
#include "faults/measured.hpp"
#include "support/cpus.hpp"
#include "support/gate.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <gtest/gtest.h>
#include <sched.h>
#include <thread>
#include <vector>

namespace {

using faults::clock;
using namespace std::chrono_literals;

/// Threads that compute, as many as wanted, while it exists.
class computing_threads {
public:
    explicit computing_threads(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            threads_.emplace_back([](const std::stop_token& stop) {
                while (!stop.stop_requested()) {}
            });
        }
    }
    ~computing_threads() {
        for (std::jthread& each : threads_) each.request_stop();
    }
    computing_threads(const computing_threads&) = delete;
    computing_threads& operator=(const computing_threads&) = delete;

private:
    static void nice_of_thread(int niceness) { EXPECT_NE(nice(niceness), -1) << "Linux: of the thread"; }
    std::vector<std::jthread> threads_;
};

struct stamped : cmwq::work<stamped> {
    static void run(stamped& self) { self.began = clock::now(); }
    clock::time_point began;
};

clock::duration time_to_begin(cmwq::queue& wq) {
    stamped item;
    const auto enqueued = clock::now();
    EXPECT_TRUE(wq.enqueue(item));
    (void)item.flush();
    return item.began - enqueued;
}

void measure(cmwq::queue& wq, faults::measured& taken, int times) {
    for (int i = 0; i < times; ++i) taken.add(time_to_begin(wq));
}

/// On the last CPU, so that what else is being tested here has the others.
TEST(adverse_scheduling, items_begin_beside_two_hundred_computing_threads_within_ten_seconds) {
    const support::pinned_to place{support::process_cpus.back()};  // the threads that it makes too
    faults::measured taken{"an item beside 200 computing threads of its CPU"};
    const computing_threads hogs{200};
    for (int i = 0; i < 5; ++i) taken.add(time_to_begin(cmwq::system()));
    taken.expect_within(10s);
}

TEST(adverse_scheduling, background_items_begin_beside_computing_threads_within_ten_seconds) {
    const auto wq = cmwq::make_queue(cmwq::unbound{.name = "background", .background = true});
    faults::measured taken{"an item of niceness 19 beside a computing thread for each CPU"};
    const computing_threads hogs{support::process_cpus.size()};
    measure(*wq, taken, 5);
    taken.expect_within(10s);
}

void become_idle_class(void*) noexcept {
    const sched_param none{};
    sched_setscheduler(0, SCHED_IDLE, &none);
}

TEST(adverse_scheduling, items_of_workers_in_the_idle_class_begin_within_ten_seconds) {
    cmwq::runtime own{{.on_worker_start = &become_idle_class}};
    faults::measured taken{"an item of a SCHED_IDLE worker beside a computing thread for each CPU"};
    const computing_threads hogs{support::process_cpus.size()};
    measure(own.system(), taken, 5);
    taken.expect_within(10s);
}

/// Computes until it is told to stop.
struct endless : cmwq::work<endless> {
    static void run(endless& self) {
        while (!self.stop->load()) {}
    }
    std::atomic<bool>* stop = nullptr;
};

TEST(adverse_scheduling, items_behind_six_endless_ones_of_a_cpu_begin_within_ten_seconds) {
    cmwq::runtime own{{.report_stalls_after = 0s}};
    const support::pinned_to place{support::process_cpus.front()};
    std::atomic<bool> stop{false};
    std::vector<endless> hogs(6);
    faults::measured taken{"an item behind 6 endless ones of its CPU"};
    for (endless& each : hogs) {
        each.stop = &stop;
        ASSERT_TRUE(own.system().enqueue_on(0, each));
    }
    stamped item;
    const auto enqueued = clock::now();
    ASSERT_TRUE(own.system().enqueue_on(0, item));
    (void)item.flush();
    taken.add(item.began - enqueued);
    stop = true;
    own.system().flush();
    EXPECT_GE(own.statistics().cpu_hogs, 1u);
    taken.expect_within(10s);
}

}  // namespace
