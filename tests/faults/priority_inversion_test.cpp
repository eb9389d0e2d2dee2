// SPDX-License-Identifier: Apache-2.0
//
// F10: a real-time thread waits for what workers of the lowest priority do, on one CPU with threads that compute. There
// is no priority inheritance, so there is no better bound than the share that the system gives to the workers; but
// nothing spins for them, and so everything ends.
#include "faults/measured.hpp"
#include "support/cpus.hpp"
#include "support/gate.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <functional>
#include <gtest/gtest.h>
#include <mutex>
#include <sched.h>
#include <string>
#include <thread>
#include <vector>

namespace {

using faults::clock;
using namespace std::chrono_literals;

std::string become_real_time() {
    sched_param first{};
    first.sched_priority = 10;
    return sched_setscheduler(0, SCHED_FIFO, &first) == 0 ? "" : std::strerror(errno);
}

/// Runs `body` on a real-time thread of this CPU. Why not, or empty.
std::string as_real_time(int os_cpu, const std::function<void()>& body) {
    std::string why;
    std::jthread{[&] {
        const support::pinned_to place{os_cpu};
        why = become_real_time();
        if (why.empty()) body();
    }}.join();
    return why;
}

/// Computes on a CPU at ordinary priority while it exists.
class computing_thread {
public:
    explicit computing_thread(int os_cpu)
        : thread_{[os_cpu](const std::stop_token& stop) {
              const support::pinned_to place{os_cpu};
              while (!stop.stop_requested()) {}
          }} {}

private:
    std::jthread thread_;
};

struct timed_item : cmwq::delayed_work<timed_item> {
    std::atomic<int> runs{0};
    static void run(timed_item& self) { ++self.runs; }
};

/// With workers made by an ordinary thread, and an ordinary thread that computes on their CPU: what a real-time thread
/// starts would be real-time too.
class priority_inversion : public testing::Test {
protected:
    void prepare(cmwq::queue& wq) {
        const support::pinned_to place{cpu()};
        for (int i = 0; i < 4; ++i) EXPECT_TRUE(wq.try_spawn([] { std::this_thread::sleep_for(2ms); }));
        wq.flush();
    }
    int cpu() const { return support::process_cpus.front(); }
    void expect_done(const std::string& why_not, faults::measured& taken, support::milliseconds bound) {
        if (!why_not.empty()) GTEST_SKIP() << "no real-time threads for this user: " << why_not;
        taken.expect_within(bound);
    }
};

TEST_F(priority_inversion, flush_of_background_items_by_a_real_time_thread_ends) {
    const auto wq = cmwq::make_queue(cmwq::percpu{.name = "background", .background = true});
    prepare(*wq);
    const computing_thread busy{cpu()};
    faults::measured taken{"flush of a background item by a real-time thread beside a computing one"};
    const std::string why = as_real_time(cpu(), [&] {
        for (int i = 0; i < 20; ++i) {
            const auto begin = clock::now();
            EXPECT_TRUE(wq->try_spawn([] {}));
            wq->flush();
            taken.add_since(begin);
        }
    });
    expect_done(why, taken, 10s);
}

TEST_F(priority_inversion, mutex_held_by_a_background_item_comes_free) {
    const auto wq = cmwq::make_queue(cmwq::percpu{.name = "background", .background = true});
    prepare(*wq);
    const computing_thread busy{cpu()};
    faults::measured taken{"a mutex that a background item holds for 1 ms of computing, to a real-time thread"};
    const std::string why = as_real_time(cpu(), [&] {
        for (int i = 0; i < 5; ++i) {
            std::mutex lock;
            std::atomic<bool> held{false};
            EXPECT_TRUE(wq->try_spawn([&] {
                const std::lock_guard hold{lock};
                held = true;
                const auto end = clock::now() + 1ms;
                while (clock::now() < end) {}
            }));
            EXPECT_TRUE(support::eventually([&] { return held.load(); }));
            const auto begin = clock::now();
            lock.lock();
            taken.add_since(begin);
            lock.unlock();
            wq->flush();
        }
    });
    expect_done(why, taken, 10s);
}

TEST_F(priority_inversion, worker_made_by_a_real_time_thread_is_an_ordinary_one) {
    cmwq::runtime own;
    std::atomic<int> policy{-1};
    const std::string why = as_real_time(cpu(), [&] {
        EXPECT_TRUE(own.system().try_spawn([&] { policy = sched_getscheduler(0); }));
        own.system().flush();
    });
    if (!why.empty()) GTEST_SKIP() << "no real-time threads for this user: " << why;
    EXPECT_EQ(policy, SCHED_OTHER);
}

/// All that takes a lock of the engine, or waits for a moment of somebody else's, again and again, against workers of
/// the same CPU that a real-time thread may interrupt anywhere.
void use_everything(cmwq::queue& wq, timed_item& item, int round) {
    (void)wq.enqueue_delayed(item, std::chrono::microseconds{round % 50});
    (void)wq.mod_delayed(item, std::chrono::microseconds{round % 70});
    (void)item.cancel();
    (void)wq.enqueue(item);
    (void)item.cancel_sync();
    (void)wq.try_spawn([] {});
    (void)wq.enqueue_on(0, item);
    if (round % 16 == 0) wq.flush();
}

TEST_F(priority_inversion, no_call_of_a_real_time_thread_spins_for_a_worker_that_cannot_run) {
    const auto limited = cmwq::make_queue(cmwq::unbound{.name = "limited", .max_active = 1, .background = true});
    const auto ordered = cmwq::make_queue(cmwq::ordered{.name = "ordered"});
    for (cmwq::queue* wq : {&cmwq::system(), &*limited, &*ordered}) prepare(*wq);
    timed_item item;
    faults::measured taken{"a round of eight calls by a real-time thread on the workers' CPU"};
    const std::string why = as_real_time(cpu(), [&] {
        for (int round = 0; round < 1000; ++round) {
            for (cmwq::queue* wq : {&cmwq::system(), &*limited, &*ordered}) {
                const auto begin = clock::now();
                use_everything(*wq, item, round);
                taken.add_since(begin);
            }
        }
        (void)item.cancel_sync();
    });
    limited->flush();
    ordered->flush();
    (void)item.flush();
    expect_done(why, taken, 5s);
}

}  // namespace
