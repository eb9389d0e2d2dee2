// SPDX-License-Identifier: Apache-2.0
//
// Promise 2: what was stored before an enqueue call, refused or not, is visible to the run that follows it. The model
// explores sequentially consistent interleavings: a run that comes too early, or not at all, is found; a memory order
// that is too weak is not.
#include "model/engine_scenario.hpp"

namespace {

using namespace cmwq_test;

/// A counter that producers raise before they enqueue; each run reads it at its start.
struct mailbox {
    platform::atomic<int> sent{0};
    int seen = 0;
    tested_item item;

    mailbox() {
        item.body = [this](tested_item&) {
            seen = sent.load(std::memory_order_relaxed);
            work_a_little();
        };
    }

    void send(cmwq::queue& wq, int times) {
        for (int i = 0; i < times; ++i) {
            sent.fetch_add(1, std::memory_order_relaxed);
            (void)wq.enqueue(item);
        }
    }
};

void check_all_seen(mailbox& box) {
    model::check(box.seen == box.sent.load(std::memory_order_relaxed), "the last run saw everything that was sent");
}

TEST(no_lost_event, a_run_follows_every_enqueue) {
    for (const auto& how : {on_cpus(1), on_cpus(2), migrating(on_cpus(2))}) {
        explore(without_watchdog(how), schedules, [] {
            tested_runtime rt;
            mailbox box;
            together({{-1, [&] { box.send(rt.system(), 3); }}, {-1, [&] { box.send(rt.system(), 3); }}});
            rt.system().flush();
            check_all_seen(box);
        });
    }
}

/// On a processor that holds stores back, and reads old values.
TEST(no_lost_event, a_run_sees_what_was_stored_before_a_refusal) {
    model::options how = on_cpus(2);
    how.weak_memory = true;
    explore(how, schedules / 4, [] {
        tested_runtime rt;
        mailbox box;
        box.send(rt.system(), 3);
        rt.system().flush();
        check_all_seen(box);
    });
}

TEST(no_lost_event, also_through_two_queues_at_once) {
    explore(without_watchdog(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        mailbox box;
        together({{0, [&] { box.send(rt.system(), 3); }}, {1, [&] { box.send(rt.system_unbound(), 3); }}});
        rt.system().flush();
        rt.system_unbound().flush();
        check_all_seen(box);
    });
}

TEST(no_lost_event, also_through_an_ordered_queue_and_a_limited_one) {
    explore(without_watchdog(on_two_nodes()), schedules, [] {
        tested_runtime rt;
        mailbox box;
        const auto in_order = rt.make_queue(cmwq::ordered{.name = "in order"});
        const auto limited = rt.make_queue(cmwq::percpu{.name = "limited", .max_active = 1});
        together({{0, [&] { box.send(in_order, 2); }}, {2, [&] { box.send(limited, 2); }}});
        in_order->flush();
        limited->flush();
        check_all_seen(box);
    });
}

TEST(no_lost_event, an_item_that_looks_again_needs_one_enqueue) {
    // The usual pattern of an event handler: it takes all that is there; nothing may stay behind.
    explore(without_watchdog(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        platform::atomic<int> waiting{0};
        int taken = 0;
        tested_item item;
        item.body = [&](tested_item&) { taken += waiting.exchange(0, std::memory_order_relaxed); };
        const auto send = [&] {
            for (int i = 0; i < 3; ++i) {
                waiting.fetch_add(1, std::memory_order_relaxed);
                (void)rt.system_highpri().enqueue(item);
            }
        };
        together({{0, send}, {1, send}});
        rt.system_highpri().flush();
        model::check(taken == 6, "nothing stayed behind");
    });
}

}  // namespace
