// SPDX-License-Identifier: Apache-2.0
//
// The words of the row tests on the model backend: threads of a run, virtual time. Each body runs under many schedules.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace rows {

using std::chrono::nanoseconds;
using time_point = std::chrono::steady_clock::time_point;

/// Under some 200 schedules on two CPUs; CMWQ_MODEL_SCHEDULES overrides the number.
void show(const std::function<void()>& body);

/// The same on four CPUs of two nodes.
void show_on_two_nodes(const std::function<void()>& body);

time_point now();

/// Blocks, in virtual time.
void sleep_for(nanoseconds time);

/// Keeps its CPU busy, in virtual time.
void compute_for(nanoseconds time);

/// Others may go on here. Plain code is no scheduling point.
void step_aside();

/// Does the caller run on this CPU?
bool runs_on(int cpu);

/// Joined at the end of its life, or earlier.
class thread {
public:
    explicit thread(std::function<void()> body);
    ~thread();
    thread(const thread&) = delete;
    thread& operator=(const thread&) = delete;

    void join();

private:
    struct handle;
    std::unique_ptr<handle> handle_;
};

/// Any number of threads may wait, by blocking. A gate that nobody opens is a deadlock, which the model reports.
class gate {
public:
    gate();
    ~gate();
    gate(const gate&) = delete;
    gate& operator=(const gate&) = delete;

    void open();
    bool pass();
    bool is_open();

private:
    struct waiters;
    std::shared_ptr<waiters> waiters_;
};

/// Waits for `condition()` to become true. False: it did not within a second of virtual time.
template <class Condition>
[[nodiscard]] bool eventually(Condition condition) {
    for (int looks = 0; looks < 10'000; ++looks) {
        if (condition()) return true;
        sleep_for(std::chrono::microseconds{100});
    }
    return condition();
}

/// Does something as soon as the thread that made it waits. Virtual time passes when nobody has anything else to do, so
/// whoever goes on to a wait waits after some of it.
class when_maker_waits {
public:
    template <class Action>
    explicit when_maker_waits(Action act)
        : thread_{[act] {
              sleep_for(std::chrono::milliseconds{1});
              act();
          }} {}

private:
    thread thread_;
};

}  // namespace rows
