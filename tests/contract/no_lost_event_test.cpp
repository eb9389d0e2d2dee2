// SPDX-License-Identifier: Apache-2.0
//
// Promise 2: stores made before any enqueue call, refused or not, are visible to the run that follows it.
#include "support/cpus.hpp"
#include "support/patience.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <chrono>
#include <gtest/gtest.h>
#include <semaphore>
#include <thread>

namespace {

/// Takes what the enqueuer stored, with the weakest order there is: only the enqueue may make it visible.
struct listener : cmwq::work<listener> {
    static void run(listener& self) {
        self.heard.store(self.said.load(std::memory_order_relaxed), std::memory_order_relaxed);
    }
    alignas(64) std::atomic<int> said{0};
    alignas(64) std::atomic<int> heard{0};
};

/// Waits without a system call at first: what is to be caught lasts for nanoseconds.
bool hears(const listener& item, int event) {
    for (int look = 0; look < 1000; ++look) {
        if (item.heard.load(std::memory_order_relaxed) == event) {
            return true;
        }
        std::this_thread::yield();
    }
    return support::eventually([&] { return item.heard.load(std::memory_order_relaxed) == event; });
}

TEST(no_lost_event, every_event_of_one_enqueuer_is_heard) {
    listener item;
    for (int event = 1; event <= support::rounds(20'000); ++event) {
        item.said.store(event, std::memory_order_relaxed);
        (void)cmwq::system().enqueue(item);
        ASSERT_TRUE(hears(item, event)) << "event " << event;
    }
    cmwq::system().flush();
}

/// On one CPU, a helper makes the item pending; on another, the test stores an event just then, so that its own enqueue
/// comes anywhere between "still pending" and "has run". No enqueue follows that could cover up for a lost event.
class starter {
public:
    starter(listener& item, int cpu) : thread_{[this, &item, cpu] { run(item, cpu); }} {}
    ~starter() {
        ending_ = true;
        go_.release();
        thread_.join();
    }
    void start() {
        started_.store(false, std::memory_order_relaxed);
        go_.release();
        while (!started_.load(std::memory_order_acquire)) {}
    }

private:
    void run(listener& item, int cpu) {
        const support::pinned_to place{cpu};
        for (;;) {
            go_.acquire();
            if (ending_) {
                return;
            }
            started_.store(true, std::memory_order_release);
            (void)cmwq::system().enqueue(item);
        }
    }

    std::counting_semaphore<> go_{0};
    std::atomic<bool> started_{false}, ending_{false};
    std::thread thread_;
};

void linger(unsigned turns) {
    for (std::atomic<unsigned> i{0}; i < turns; i.fetch_add(1, std::memory_order_relaxed)) {}
}

TEST(no_lost_event, event_beside_the_start_of_a_pending_run_is_heard) {
    const auto cpus = support::allowed_cpus();
    listener item;
    {
        starter other{item, cpus.front()};  // with one CPU only, the two meet where one of them is preempted
        const support::pinned_to place{cpus.back()};
        // Beside busy programs a round takes as long as it takes to get both CPUs.
        const auto last_start = std::chrono::steady_clock::now() + std::chrono::seconds{20};
        const auto in_time = [&] { return std::chrono::steady_clock::now() < last_start; };
        for (int event = 1; event <= support::rounds(50'000) && in_time(); ++event) {
            other.start();
            linger(static_cast<unsigned>(event * 7) % 1500);
            item.said.store(event, std::memory_order_relaxed);
            (void)cmwq::system().enqueue(item);
            ASSERT_TRUE(hears(item, event)) << "event " << event;
        }
    }
    cmwq::system().flush();
}

}  // namespace
