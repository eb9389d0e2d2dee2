// SPDX-License-Identifier: Apache-2.0
#include "backend/task_state.hpp"
#include "backend/thread.hpp"

#include "support/gate.hpp"

#include <atomic>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <memory>
#include <pthread.h>
#include <thread>
#include <vector>

namespace {

namespace platform = cmwq::platform;
using platform::task_state;

/// A thread that tells its id and then does `body`.
template <class Body>
class told_thread {
public:
    explicit told_thread(Body body)
        : thread_{[this, body] {
              id_ = platform::current_thread_id();
              body();
          }} {
        while (id_ == 0) {
            std::this_thread::yield();
        }
    }
    int id() const { return id_; }

private:
    std::atomic<int> id_{0};
    std::jthread thread_;
};

TEST(task_state_test, waiting_thread_is_blocked) {
    support::gate gate;
    const told_thread waiter{[&] { gate.pass(); }};
    EXPECT_TRUE(support::eventually([&] { return platform::task_state_of(waiter.id()) == task_state::blocked; }));
    gate.open();
}

TEST(task_state_test, spinning_thread_is_running_although_others_have_the_cpu) {
    std::atomic<bool> stop{false};
    {
        const told_thread spinner{[&] {
            while (!stop) {}
        }};
        for (int i = 0; i < 100; ++i) {
            EXPECT_EQ(platform::task_state_of(spinner.id()), task_state::running);
        }
        stop = true;
    }
}

int open_files() {
    int count = 0;
    for (int file = 0; file < 256; ++file) count += fcntl(file, F_GETFD) >= 0 ? 1 : 0;
    return count;
}

TEST(task_state_test, reader_sees_a_thread_block_and_go_on) {
    platform::task_state_reader reader;
    support::gate gate;
    std::atomic<bool> stop{false};
    {
        const told_thread waiter{[&] {
            gate.pass();
            while (!stop) {}
        }};
        EXPECT_TRUE(support::eventually([&] { return reader.state_of(waiter.id()) == task_state::blocked; }));
        gate.open();
        EXPECT_TRUE(support::eventually([&] { return reader.state_of(waiter.id()) == task_state::running; }));
        stop = true;
    }
}

TEST(task_state_test, reader_keeps_few_files_and_none_of_ended_threads_for_good) {
    const int before = open_files();
    {
        platform::task_state_reader reader;
        for (int i = 0; i < 40; ++i) {
            support::gate gate;
            const told_thread waiter{[&] { gate.pass(); }};
            EXPECT_TRUE(support::eventually([&] { return reader.state_of(waiter.id()) == task_state::blocked; }));
            EXPECT_LE(open_files(), before + 16);
            gate.open();
        }
    }
    EXPECT_EQ(open_files(), before);
}

TEST(task_state_test, reader_of_a_thread_that_has_ended_says_unknown) {
    platform::task_state_reader reader;
    int former = 0;
    {
        support::gate gate;
        const told_thread waiter{[&] { gate.pass(); }};
        former = waiter.id();
        EXPECT_TRUE(support::eventually([&] { return reader.state_of(former) == task_state::blocked; }));
        gate.open();
    }
    EXPECT_TRUE(support::eventually([&] { return reader.state_of(former) == task_state::unknown; }));
}

TEST(task_state_test, readers_together_stay_below_a_bound) {
    const int before = open_files();
    {
        support::gate gate;
        std::vector<std::unique_ptr<platform::task_state_reader>> readers;
        const told_thread waiter{[&] { gate.pass(); }};
        for (int i = 0; i < 50; ++i) {
            readers.push_back(std::make_unique<platform::task_state_reader>());
            EXPECT_TRUE(
                support::eventually([&] { return readers.back()->state_of(waiter.id()) == task_state::blocked; }));
        }
        EXPECT_LE(open_files(), before + 32);
        gate.open();
    }
    EXPECT_EQ(open_files(), before);
}

TEST(task_state_test, state_of_a_thread_that_is_not_there_is_unknown) {
    EXPECT_EQ(platform::task_state_of(0), task_state::unknown);
    EXPECT_EQ(platform::task_state_of(-1), task_state::unknown);
}

TEST(task_state_test, name_with_parentheses_does_not_mislead) {
    support::gate gate;
    const told_thread waiter{[&] {
        pthread_setname_np(pthread_self(), "x) R (y");
        gate.pass();
    }};
    EXPECT_TRUE(support::eventually([&] { return platform::task_state_of(waiter.id()) == task_state::blocked; }));
    gate.open();
}

TEST(task_state_test, cpu_time_rises_with_work_and_not_with_waiting) {
    support::gate gate;
    std::atomic<bool> stop{false};
    const told_thread waiter{[&] { gate.pass(); }};
    EXPECT_TRUE(support::eventually([&] { return platform::task_state_of(waiter.id()) == task_state::blocked; }));
    const auto before = platform::cpu_time_of(waiter.id());
    {
        const told_thread spinner{[&] {
            while (!stop) {}
        }};
        EXPECT_TRUE(
            support::eventually([&] { return platform::cpu_time_of(spinner.id()) > std::chrono::milliseconds{5}; }));
        stop = true;
    }
    EXPECT_EQ(platform::cpu_time_of(waiter.id()), before);
    gate.open();
}

}  // namespace
