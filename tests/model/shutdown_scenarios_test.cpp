// SPDX-License-Identifier: Apache-2.0
//
// A queue that ends by dropping or handing over what is pending, while items run, collide, enqueue themselves and are
// waited for: each accepted instance is run, dropped or received exactly once.
#include "model/engine_scenario.hpp"

#include <memory>

namespace {

using namespace cmwq_test;

struct ledger {
    int made = 0, destroyed = 0, runs = 0, received = 0;
    void check_balance() const { model::check(made == destroyed, "each object was destroyed once"); }
};

struct owned_item : cmwq::work<owned_item> {
    ledger& book;
    explicit owned_item(ledger& of) : book{of} { ++book.made; }
    ~owned_item() { ++book.destroyed; }
    static void run(std::unique_ptr<owned_item> self) {
        ++self->book.runs;
        work_a_little();
    }
};

void give(cmwq::queue& wq, ledger& book, int count) {
    for (int i = 0; i < count; ++i) (void)wq.enqueue(std::make_unique<owned_item>(book));
}

TEST(shutdown, drops_or_runs_each_item_once) {
    explore(on_cpus(2), schedules, [] {
        tested_runtime rt;
        ledger book;
        auto wq = rt.make_queue(cmwq::unbound{.name = "ends", .max_active = 2});
        together({{0, [&] { give(*wq, book, 2); }}, {1, [&] { give(*wq, book, 2); }}});
        wq.shutdown(cmwq::pending_items::drop);
        book.check_balance();
        model::check(book.made == 4 && book.runs <= 4, "what was dropped did not run");
    });
}

TEST(shutdown, hands_each_item_over_once_or_runs_it) {
    explore(on_cpus(2), schedules, [] {
        tested_runtime rt;
        ledger book;
        auto wq = rt.make_queue(cmwq::ordered{.name = "ends"});
        give(*wq, book, 3);
        auto fresh = rt.make_queue(cmwq::percpu{.name = "fresh"});
        wq.shutdown_leaving([&](cmwq::left_item& left) noexcept {
            ++book.received;
            if (auto mine = left.take<owned_item>()) (void)fresh->enqueue(std::move(mine));
        });
        fresh->flush();
        book.check_balance();
        model::check(book.runs == 3, "each item ran, here or there");
    });
}

TEST(shutdown, that_drops_ends_an_item_that_enqueues_itself) {
    explore(on_cpus(2), schedules, [] {
        tested_runtime rt;
        auto wq = rt.make_queue(cmwq::percpu{.name = "ends"});
        tested_item item;
        item.body = [&](tested_item& self) { (void)wq->enqueue(self); };
        (void)wq->enqueue(item);
        wq.shutdown(cmwq::pending_items::drop);
        model::check(!item.busy(), "the item is idle");
    });
}

TEST(shutdown, ends_a_flush_that_waits_for_what_it_drops) {
    explore(on_cpus(2), schedules, [] {
        tested_runtime rt;
        auto wq = rt.make_queue(cmwq::ordered{.name = "ends"});
        tested_item first, second;
        (void)wq->enqueue(first);
        (void)wq->enqueue(second);
        auto waiter = model::spawn("waiter", [&] { (void)second.flush(); });
        wq.shutdown(cmwq::pending_items::drop);
        model::check(!second.busy() && second.runs <= 1, "the second item ran or was dropped");
        waiter.join();
    });
}

}  // namespace
