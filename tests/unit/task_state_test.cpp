// SPDX-License-Identifier: Apache-2.0
#include "backend/task_state.hpp"
#include "backend/thread.hpp"

#include "support/gate.hpp"

#include <atomic>
#include <fcntl.h>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <pthread.h>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>
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

TEST(task_state_test, thread_is_seen_to_block_and_to_go_on) {
    support::gate gate;
    std::atomic<bool> stop{false};
    {
        const told_thread waiter{[&] {
            gate.pass();
            while (!stop) {}
        }};
        EXPECT_TRUE(support::eventually([&] { return platform::task_state_of(waiter.id()) == task_state::blocked; }));
        gate.open();
        EXPECT_TRUE(support::eventually([&] { return platform::task_state_of(waiter.id()) == task_state::running; }));
        stop = true;
    }
}

TEST(task_state_test, thread_that_has_ended_is_unknown) {
    int former = 0;
    {
        support::gate gate;
        const told_thread waiter{[&] { gate.pass(); }};
        former = waiter.id();
        EXPECT_TRUE(support::eventually([&] { return platform::task_state_of(former) == task_state::blocked; }));
        gate.open();
    }
    EXPECT_TRUE(support::eventually([&] { return platform::task_state_of(former) == task_state::unknown; }));
}

// ---- the files that are kept ----

/// Closes what other tests left, and counts from there.
class task_files_test : public testing::Test {
protected:
    task_files_test() {
        begin_anew();
        before_ = open_files();
    }
    ~task_files_test() override {
        begin_anew();
        EXPECT_EQ(open_files(), before_);
    }
    static void begin_anew() {
        platform::close_task_files();
        platform::forget_task_files();
    }
    int kept() const { return open_files() - before_; }
    /// The number that the next file gets that is opened.
    static int lowest_number() {
        const int number = open("/dev/null", O_RDONLY | O_CLOEXEC);
        close(number);
        return number;
    }
    /// Two threads may have the same place, and now and then one is closed to make room.
    static void expect_few(int files) {
        EXPECT_GE(files, 24);
        EXPECT_LE(files, 32);
    }

    /// Threads that wait, and were seen to.
    void look_at(int count) {
        using waiter = told_thread<std::function<void()>>;
        support::gate gate;
        std::vector<std::unique_ptr<waiter>> waiters;
        for (int i = 0; i < count; ++i) {
            waiters.push_back(std::make_unique<waiter>([&] { gate.pass(); }));
            const int id = waiters.back()->id();
            EXPECT_TRUE(support::eventually([&] { return platform::task_state_of(id) == task_state::blocked; }));
        }
        most_ = kept();
        gate.open();
    }

    int before_ = 0, most_ = 0;
};

TEST_F(task_files_test, are_few) {
    look_at(100);
    expect_few(most_);
}

TEST_F(task_files_test, are_more_where_the_table_has_room) {
    platform::widen_file_table();
    look_at(100);
    EXPECT_GT(most_, 40);  // the ids of threads need not follow each other
    EXPECT_LE(most_, 100);
}

TEST_F(task_files_test, of_ended_threads_make_room) {
    look_at(60);
    expect_few(kept());  // all of ended threads
    support::gate gate;
    const told_thread waiter{[&] { gate.pass(); }};
    const auto is_kept = [id = waiter.id()] {
        (void)platform::task_state_of(id);
        char text[256];
        return platform::read_kept_file(id, text, sizeof text) > 0;
    };
    EXPECT_TRUE(support::eventually(is_kept));
    EXPECT_LE(kept(), 32);
    gate.open();
}

TEST_F(task_files_test, are_not_more_where_few_files_are_allowed) {
    rlimit limit{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    const rlimit low{512, limit.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
    platform::widen_file_table();
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    look_at(60);
    expect_few(most_);
}

TEST_F(task_files_test, leave_a_file_alone_that_has_their_number_by_now) {
    support::gate gate;
    const told_thread waiter{[&] { gate.pass(); }};
    const int id = waiter.id();
    const int lowest = lowest_number();
    EXPECT_TRUE(support::eventually([&] { return platform::task_state_of(id) == task_state::blocked; }));
    ASSERT_EQ(kept(), 1);
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    ASSERT_EQ(dup2(ends[0], lowest), lowest);
    EXPECT_EQ(platform::task_state_of(id), task_state::blocked);
    EXPECT_GE(fcntl(lowest, F_GETFD), 0);
    for (const int file : {lowest, ends[0], ends[1]}) close(file);
    gate.open();
}

TEST_F(task_files_test, do_not_close_a_file_that_has_their_number_by_now) {
    support::gate gate;
    const told_thread waiter{[&] { gate.pass(); }};
    const int number = lowest_number();
    EXPECT_TRUE(support::eventually([&] { return platform::task_state_of(waiter.id()) == task_state::blocked; }));
    ASSERT_EQ(kept(), 1);
    close(number);  // as a program that closes all descriptors does, and then opens its own
    ASSERT_EQ(open("/dev/null", O_RDONLY | O_CLOEXEC), number);
    platform::close_task_files();
    EXPECT_GE(fcntl(number, F_GETFD), 0);
    close(number);
    gate.open();
}

TEST_F(task_files_test, with_the_number_of_another_threads_file_are_told_apart) {
    support::gate gate;
    std::atomic<bool> stop{false};
    const told_thread waiter{[&] { gate.pass(); }};
    const told_thread spinner{[&] {
        while (!stop) {}
    }};
    const int number = lowest_number();
    EXPECT_TRUE(support::eventually([&] { return platform::task_state_of(waiter.id()) == task_state::blocked; }));
    close(number);
    EXPECT_EQ(platform::task_state_of(spinner.id()), task_state::running);
    ASSERT_GE(fcntl(number, F_GETFD), 0);  // it is the spinner's file now
    EXPECT_EQ(platform::task_state_of(waiter.id()), task_state::blocked);
    EXPECT_EQ(platform::task_state_of(spinner.id()), task_state::running);
    EXPECT_EQ(kept(), 2);
    stop = true;
    gate.open();
}

TEST_F(task_files_test, may_be_asked_for_by_many_at_once) {
    support::gate gate;
    const told_thread waiter{[&] { gate.pass(); }};
    const int id = waiter.id();
    EXPECT_TRUE(support::eventually([&] { return platform::task_state_of(id) == task_state::blocked; }));
    {
        std::vector<std::jthread> readers;
        for (int t = 0; t < 3; ++t) {
            readers.emplace_back([id] {
                for (int i = 0; i < 300; ++i) {
                    EXPECT_EQ(platform::task_state_of(id), task_state::blocked);
                    if (i % 50 == 0) platform::close_task_files();
                }
            });
        }
    }
    gate.open();
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
