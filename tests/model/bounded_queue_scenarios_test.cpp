// SPDX-License-Identifier: Apache-2.0
//
// Bounded queues: the bound is kept, nobody waits for room that there is, and an item that runs in its enqueuer is one
// that runs on a worker in every other respect.
#include "engine/bound.hpp"
#include "model/engine_scenario.hpp"

#include <array>

namespace {

using namespace cmwq_test;
using cmwq::full_queue;

unsigned nr_pending(cmwq::queue& wq) {
    const auto& queue = engine::as_engine(wq);
    return queue.bound->nr_pending.load(std::memory_order_relaxed);
}

/// One item runs and one is pending; the next one runs in whoever enqueues it.
auto make_queue_full_at_two(tested_runtime& rt) {
    return rt.make_queue(cmwq::unbound{.name = "bounded",
                                       .max_active = 1,
                                       .bound = {.max_pending = 1, .when_full = full_queue::run_in_caller}});
}

/// What fills such a queue: an item that runs until it is let out, and one that is pending behind it.
struct two_items {
    gate inside, way_out;
    tested_item running, pending;

    two_items() {
        running.body = [this](tested_item&) {
            inside.open();
            way_out.wait();
        };
    }
    void fill(cmwq::queue& wq) {
        (void)wq.enqueue(running);
        inside.wait();
        (void)wq.enqueue(pending);
    }
};

TEST(bounded_queue, keeps_its_bound_and_its_count) {
    explore(without_watchdog(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(cmwq::unbound{.name = "bounded", .bound = {.max_pending = 2}});
        std::array<tested_item, 4> items;
        int accepted = 0;
        const auto enqueue = [&](std::size_t first) {
            for (std::size_t i = first; i < first + 2; ++i) {
                accepted += wq->enqueue(items[i]) ? 1 : 0;
                model::check(nr_pending(*wq) <= 2, "no more pending than the bound");
            }
        };
        together({{0, [&] { enqueue(0); }}, {1, [&] { enqueue(2); }}, {-1, [&] { (void)items[0].cancel(); }}});
        wq->flush();
        int runs = 0;
        for (const tested_item& item : items) runs += item.runs;
        model::check(accepted >= 2, "there was room for two");
        model::check(runs == accepted || runs == accepted - 1, "what was accepted ran, or was cancelled");
        model::check(nr_pending(*wq) == 0, "room was given back for all");
    });
}

/// How often an item was accepted of two enqueuers. One may be told that it is pending after it was given a place for
/// it.
int enqueue_from_two_threads(cmwq::queue& wq, tested_item& item) {
    int accepted = 0;
    const auto enqueue = [&] { accepted += wq.enqueue(item) ? 1 : 0; };
    together({{0, enqueue}, {1, enqueue}});
    return accepted;
}

TEST(bounded_queue, gives_back_the_room_of_a_claim_that_was_refused) {
    explore(without_watchdog(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(cmwq::unbound{.name = "bounded", .bound = {.max_pending = 2}});
        tested_item item;
        const int accepted = enqueue_from_two_threads(*wq, item);
        wq->flush();
        model::check(item.runs == accepted, "it ran as often as it was accepted");
        model::check(nr_pending(*wq) == 0, "none is pending");
    });
}

TEST(bounded_queue, needs_no_guest_for_a_claim_that_was_refused) {
    explore(on_cpus(2), schedules, [] {
        tested_runtime rt;
        const auto wq = make_queue_full_at_two(rt);
        two_items in_it;
        tested_item item;
        in_it.fill(*wq);
        const int accepted = enqueue_from_two_threads(*wq, item);
        in_it.way_out.open();
        wq->flush();
        model::check(item.runs == accepted, "it ran as often as it was accepted");
        model::check(in_it.pending.runs == 1 && nr_pending(*wq) == 0, "and the others ran, too");
    });
}

TEST(bounded_queue, lets_everybody_in_who_waits) {
    for (const auto& how : {on_cpus(1), on_cpus(2)}) {
        explore(how, schedules, [] {
            tested_runtime rt;
            const auto wq = rt.make_queue(cmwq::unbound{.name = "bounded",
                                                        .max_active = 1,
                                                        .bound = {.max_pending = 1, .when_full = full_queue::wait}});
            std::array<tested_item, 6> items;
            const auto enqueue = [&](std::size_t first) {
                for (std::size_t i = first; i < first + 2; ++i) {
                    model::check(wq->enqueue(items[i]), "who waits without an end gets in");
                }
            };
            together({{0, [&] { enqueue(0); }}, {-1, [&] { enqueue(2); }}, {-1, [&] { enqueue(4); }}});
            wq->flush();
            for (const tested_item& item : items) model::check(item.runs == 1, "each item ran once");
            model::check(nr_pending(*wq) == 0, "room was given back for all");
        });
    }
}

TEST(bounded_queue, whoever_gave_up_waiting_has_no_room) {
    explore(on_cpus(2), schedules, [] {
        tested_runtime rt;
        const auto wq =
            rt.make_queue(cmwq::unbound{.name = "bounded",
                                        .max_active = 1,
                                        .bound = {.max_pending = 1, .when_full = full_queue::wait, .timeout = 10us}});
        std::array<tested_item, 4> items;
        int accepted = 0;
        for (tested_item& item : items) item.body = [](tested_item&) { model::sleep_for(20us); };
        const auto enqueue = [&](std::size_t first) {
            for (std::size_t i = first; i < first + 2; ++i) accepted += wq->enqueue(items[i]) ? 1 : 0;
        };
        together({{0, [&] { enqueue(0); }}, {1, [&] { enqueue(2); }}});
        wq->flush();
        int runs = 0;
        for (const tested_item& item : items) runs += item.runs;
        model::check(runs == accepted, "what was accepted ran");
        model::check(nr_pending(*wq) == 0, "room was given back for all");
    });
}

TEST(bounded_queue, ends_while_somebody_waits_for_room) {
    explore(on_cpus(2), schedules, [] {
        tested_runtime rt;
        auto wq = rt.make_queue(cmwq::unbound{.name = "bounded",
                                              .max_active = 1,
                                              .bound = {.max_pending = 1, .when_full = full_queue::wait}});
        two_items in_it;
        tested_item waiting;
        in_it.fill(*wq);
        cmwq::queue& queue = *wq;
        bool accepted = false;
        model::thread waiter = model::spawn("waiter", [&] { accepted = queue.enqueue(waiting); });
        // The queue's life is the waiter's to respect until it waits.
        const auto& bound = *engine::as_engine(queue).bound;
        while (bound.nr_waiting.load(std::memory_order_relaxed) == 0) model::sleep_for(1us);
        model::thread opener = model::spawn("opener", [&] { in_it.way_out.open(); });
        wq.shutdown(cmwq::pending_items::run);
        waiter.join();
        opener.join();
        model::check(in_it.pending.runs == 1, "what was pending ran");
        model::check(waiting.runs == (accepted ? 1 : 0), "who waited was let in and ran, or was refused");
    });
}

TEST(bounded_queue, item_in_its_enqueuer_never_runs_beside_itself) {
    explore(without_watchdog(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(
            cmwq::unbound{.name = "bounded", .bound = {.max_pending = 1, .when_full = full_queue::run_in_caller}});
        tested_item contended;  // checks that its runs do not overlap
        std::array<tested_item, 2> others;
        int accepted = 0;
        const auto enqueue = [&](std::size_t which) {
            (void)wq->enqueue(others[which]);
            for (int i = 0; i < 2; ++i) accepted += wq->enqueue(contended) ? 1 : 0;
        };
        together({{0, [&] { enqueue(0); }}, {1, [&] { enqueue(1); }}});
        wq->flush();
        (void)contended.flush();
        model::check(contended.runs == accepted, "each accepted enqueue ran once");
        for (const tested_item& item : others) model::check(item.runs == 1, "and so did the others");
        model::check(nr_pending(*wq) == 0, "room was given back for all");
    });
}

TEST(bounded_queue, item_in_its_enqueuer_that_waits_is_counted_nowhere) {
    explore(without_watchdog(on_cpus(1)), schedules / 4, [] {
        tested_runtime rt;
        const auto wq = make_queue_full_at_two(rt);
        two_items in_it;
        tested_item here, inner, last;
        in_it.fill(*wq);
        here.body = [&](tested_item&) {
            (void)rt.system().enqueue(inner);
            (void)inner.flush();
        };
        (void)wq->enqueue(here);
        model::check(here.runs == 1 && inner.runs == 1, "it ran in its enqueuer");
        in_it.way_out.open();
        wq->flush();
        (void)wq->enqueue(last);  // and waits for nobody who is said to run
        wq->flush();
        model::check(last.runs == 1, "each item ran");
    });
}

TEST(bounded_queue, what_an_item_in_its_enqueuer_enqueues_begins_at_once) {
    explore(without_watchdog(on_cpus(2)), schedules / 8, [] {
        tested_runtime rt{{.detect = cmwq::block_detection::watchdog}};  // a canary would come round to it as soon
        const auto wq = make_queue_full_at_two(rt);
        two_items in_it;
        tested_item here, inner;
        here.body = [&](tested_item&) { (void)rt.system_unbound().enqueue(inner); };
        together({{1, [&] { in_it.fill(*wq); }}});
        model::set_cpu(0);  // where nobody runs
        (void)wq->enqueue(here);
        (void)inner.flush();
        in_it.way_out.open();
        wq->flush();
    });
}

TEST(bounded_queue, flush_and_cancel_wait_for_an_item_in_its_enqueuer) {
    explore(without_watchdog(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        const auto wq = make_queue_full_at_two(rt);
        std::array<tested_item, 3> items;
        together({{0,
                   [&] {
                       for (tested_item& item : items) (void)wq->enqueue(item);
                   }},
                  {1, [&] {
                       (void)items[2].cancel_sync();
                       model::check(items[2].inside == 0, "it does not run after cancel_sync");
                       (void)items[1].flush();
                   }}});
        wq->flush();
        for (tested_item& item : items) model::check(item.inside == 0, "nothing runs after the flush");
        model::check(nr_pending(*wq) == 0, "room was given back for all");
    });
}

}  // namespace
