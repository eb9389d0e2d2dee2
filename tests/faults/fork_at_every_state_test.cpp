// SPDX-License-Identifier: Apache-2.0
//
// F8: fork while items are in every state, and every end of the child: it uses its queues, destroys them, leaves by
// exit with all static destructors, or becomes another program. Nothing hangs, and the parent goes on (fork_test has
// the details of what the child finds).
#include "faults/measured.hpp"
#include "support/blocked_queue.hpp"
#include "support/child.hpp"
#include "support/gate.hpp"
#include "support/when_waiting.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <gtest/gtest.h>
#include <string>
#include <thread>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;

struct item : cmwq::delayed_work<item> {
    std::atomic<int> runs{0};
    static void run(item& self) { ++self.runs; }
};

/// What there is to be found in a child: a queue with one item inside, whatever else the state put there.
struct scene {
    cmwq::runtime own;
    cmwq::owned_queue wq = own.make_queue(cmwq::ordered{.name = "held", .freezable = true});
    support::gate inside, way_out;
    item first, second;
    struct holder : cmwq::work<holder> {
        scene* of = nullptr;
        static void run(holder& self) {
            scene& here = *self.of;
            here.inside.open();
            (void)here.way_out.pass();
        }
    } held;

    /// One item runs until open().
    void hold() {
        held.of = this;
        EXPECT_TRUE(wq->enqueue(held));
        EXPECT_TRUE(inside.pass());
    }
    void open() { way_out.open(); }
};

/// Takes the scene into the state, calls `act` in it, and lets everything end.
struct state {
    const char* name;
    void (*with)(scene&, const std::function<void()>& act);
};

void idle(scene&, const std::function<void()>& act) {
    act();
}

void running(scene& s, const std::function<void()>& act) {
    s.hold();
    act();
    s.open();
}

void pending(scene& s, const std::function<void()>& act) {
    s.hold();
    EXPECT_TRUE(s.wq->enqueue(s.first));
    act();
    s.open();
    (void)s.first.flush();
    EXPECT_EQ(s.first.runs, 1);
}

void armed(scene& s, const std::function<void()>& act) {
    EXPECT_TRUE(s.wq->enqueue_delayed(s.first, 1h));
    EXPECT_TRUE(s.wq->enqueue_delayed(s.second, 1ms));
    act();
    EXPECT_TRUE(support::eventually([&] { return s.second.runs == 1; }));
    EXPECT_TRUE(s.first.cancel());
}

/// `wait` is called on a thread of its own, and `act` while that waits in it.
void beside_a_waiter(scene& s, const std::function<void()>& wait, const std::function<void()>& act) {
    std::atomic<int> waiter{0};
    std::jthread thread{[&] {
        waiter = support::calling_task();
        wait();
    }};
    EXPECT_TRUE(support::eventually([&] { return waiter != 0 && support::is_waiting(waiter); }));
    act();
    s.open();
}

void being_flushed(scene& s, const std::function<void()>& act) {
    s.hold();
    EXPECT_TRUE(s.wq->enqueue(s.first));
    beside_a_waiter(
        s, [&] { s.wq->flush(); }, act);
}

void item_being_flushed(scene& s, const std::function<void()>& act) {
    s.hold();
    EXPECT_TRUE(s.wq->enqueue(s.first));
    beside_a_waiter(
        s, [&] { (void)s.first.flush(); }, act);
}

void being_cancelled(scene& s, const std::function<void()>& act) {
    s.hold();
    beside_a_waiter(
        s, [&] { (void)s.held.cancel_sync(); }, act);
}

void being_disabled(scene& s, const std::function<void()>& act) {
    s.hold();
    beside_a_waiter(
        s, [&] { (void)s.held.disable_sync(); }, act);
    EXPECT_TRUE(s.held.enable());
}

void draining(scene& s, const std::function<void()>& act) {
    s.hold();
    EXPECT_TRUE(s.wq->enqueue(s.first));
    beside_a_waiter(
        s, [&] { s.wq->drain(); }, act);
    EXPECT_EQ(s.first.runs, 1);
}

void frozen(scene& s, const std::function<void()>& act) {
    s.own.freeze();
    EXPECT_TRUE(s.wq->enqueue(s.first));
    act();
    EXPECT_EQ(s.first.runs, 0);
    s.own.thaw();
    (void)s.first.flush();
    EXPECT_EQ(s.first.runs, 1);
}

void frozen_and_being_flushed(scene& s, const std::function<void()>& act) {
    s.own.freeze();
    EXPECT_TRUE(s.wq->enqueue(s.first));
    beside_a_waiter(
        s, [&] { s.wq->flush(); },
        [&] {
            act();
            s.own.thaw();
        });
    EXPECT_EQ(s.first.runs, 1);
}

void inside_an_item(scene& s, const std::function<void()>& act) {
    cmwq::scoped_work task{*s.wq, [&] { act(); }};
    EXPECT_TRUE(task.enqueue());
    (void)task.flush();
}

constexpr state states[] = {{"idle", &idle},
                            {"running", &running},
                            {"pending", &pending},
                            {"armed", &armed},
                            {"being_flushed", &being_flushed},
                            {"item_being_flushed", &item_being_flushed},
                            {"being_cancelled", &being_cancelled},
                            {"being_disabled", &being_disabled},
                            {"draining", &draining},
                            {"frozen", &frozen},
                            {"frozen_and_being_flushed", &frozen_and_being_flushed},
                            {"inside_an_item", &inside_an_item}};

bool runs_items(cmwq::queue& wq) {
    std::atomic<int> runs{0};
    for (int i = 0; i < 20; ++i) {
        if (!wq.try_spawn([&] { ++runs; })) return false;
    }
    wq.flush();
    return runs == 20;
}

// Each is called in the child, with what the parent had.

[[noreturn]] void use_queues(scene& s) {
    s.own.thaw();
    support::end_child(runs_items(*s.wq) && runs_items(s.own.system_unbound()) && runs_items(cmwq::system()));
}

[[noreturn]] void destroy_queues(scene& s) {
    s.own.thaw();
    s.wq = {};
    auto fresh = s.own.make_queue(cmwq::percpu{.name = "fresh"});
    const bool well = runs_items(*fresh);
    fresh = {};
    s.own.~runtime();
    support::end_child(well);
}

[[noreturn]] void leave_by_exit(scene&) {
    std::exit(static_cast<int>(support::verdict::fine));
}

[[noreturn]] void become_another_program(scene&) {
    execl("/bin/sh", "sh", "-c", "exit 42", static_cast<char*>(nullptr));
    support::end_child(false);
}

struct child_end {
    const char* name;
    void (*act)(scene&);
};
constexpr child_end ends[] = {{"uses_its_queues", &use_queues},
                              {"destroys_them", &destroy_queues},
                              {"exits", &leave_by_exit},
                              {"becomes_another_program", &become_another_program}};

bool child_ends_well(scene& s, void (*act)(scene&)) {
    std::fflush(nullptr);  // exit in the child writes what is in the buffers
    const pid_t child = fork();
    if (child == 0) {
        support::begin_child();
        act(s);
    }
    return support::ends_well(child);
}

class fork_at : public testing::TestWithParam<state> {};
INSTANTIATE_TEST_SUITE_P(state, fork_at, testing::ValuesIn(states), [](const auto& info) { return info.param.name; });

TEST_P(fork_at, lets_the_child_come_to_every_end_within_the_bound) {
    faults::measured taken{std::string{"fork to the end of the child, "} + GetParam().name};
    for (const child_end& end : ends) {
        SCOPED_TRACE(end.name);
        scene s;
        bool well = false;
        GetParam().with(s, [&] {
            const auto begin = faults::clock::now();
            well = child_ends_well(s, end.act);
            taken.add_since(begin);
        });
        EXPECT_TRUE(well);
        EXPECT_TRUE(runs_items(*s.wq)) << "in the parent";
    }
    // A runtime that ends waits for threads of the lowest priority, seconds on a busy machine (docs/adr/0008).
    taken.expect_within(15s);
}

}  // namespace
