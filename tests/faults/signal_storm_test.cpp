// SPDX-License-Identifier: Apache-2.0
//
// F3, for real: ten thousand signals a second to workers and to the thread that waits for them, while items of all
// kinds run. Nothing returns early, no wake is lost.
#include "faults/measured.hpp"
#include "support/gate.hpp"
#include "support/tasks.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using faults::clock;
using namespace std::chrono_literals;

std::atomic<long> arrived{0};

constexpr const char* thread_prefix = "storm/";

/// Workers let no signal in, unless the program wants them to.
void let_the_signal_in(void*) noexcept {
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGUSR1);
    pthread_sigmask(SIG_UNBLOCK, &wanted, nullptr);
}

/// Every 100 us a signal to one of the threads, in turn, until it is destroyed.
class storm {
public:
    storm() {
        struct sigaction count {};
        count.sa_handler = [](int) { ++arrived; };  // without SA_RESTART
        sigaction(SIGUSR1, &count, nullptr);        // for good: the last signals may arrive when the storm is over
        thread_ = std::jthread{&blow};
    }

private:
    static void blow(const std::stop_token& stop) {
        auto next = clock::now();
        while (!stop.stop_requested()) {
            std::vector<int> threads{getpid()};
            for (const auto& thread : support::library_tasks(thread_prefix)) threads.push_back(thread.first);
            for (int times = 0; times < 20; ++times) {
                for (const int thread : threads) {
                    syscall(SYS_tgkill, getpid(), thread, SIGUSR1);
                    next += 100us;
                    std::this_thread::sleep_until(next);
                }
            }
            next = std::max(next, clock::now() - 10ms);
        }
    }
    std::jthread thread_;
};

struct timed : cmwq::delayed_work<timed> {
    static void run(timed& self) {
        self.late = clock::now() - self.due;
        self.ran.open();
    }
    clock::time_point due;
    clock::duration late{};
    support::gate ran;
};

void expect_a_round_of_everything(cmwq::queue& wq, faults::measured& late) {
    std::atomic<int> runs{0};
    for (int i = 0; i < 50; ++i) {
        ASSERT_TRUE(wq.try_spawn([&, i] {
            if (i % 10 == 0) std::this_thread::sleep_for(200us);
            ++runs;
        }));
    }
    timed item;
    item.due = clock::now() + 3ms;
    ASSERT_TRUE(wq.enqueue_delayed(item, 3ms));
    wq.flush();
    EXPECT_EQ(runs, 50) << "flush returned early";
    EXPECT_TRUE(item.ran.pass());
    (void)item.flush();
    EXPECT_GE(item.late, 0ns) << "early";
    late.add(item.late);
}

TEST(signal_storm, of_ten_kilohertz_loses_no_wake_and_ends_no_wait_early) {
    cmwq::runtime own{{.thread_name_prefix = thread_prefix, .on_worker_start = &let_the_signal_in}};
    const auto ordered = own.make_queue(cmwq::ordered{.name = "ordered"});
    const auto limited = own.make_queue(cmwq::unbound{.name = "limited", .max_active = 2});
    faults::measured late{"a delayed item in a storm of signals, late by"};
    const long before = arrived;
    const auto begin = clock::now();
    {
        const storm signals;
        while (clock::now() < begin + 2s) {
            for (cmwq::queue* wq : {&own.system(), &own.system_unbound(), &*ordered, &*limited}) {
                expect_a_round_of_everything(*wq, late);
            }
        }
    }
    const double seconds = std::chrono::duration<double>(clock::now() - begin).count();
    std::printf("measured: %.0f signals a second arrived\n", static_cast<double>(arrived - before) / seconds);
    EXPECT_GT(arrived - before, 100);
    late.expect_within(2s);
}

}  // namespace
