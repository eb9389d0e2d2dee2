// SPDX-License-Identifier: Apache-2.0
//
// Each of the twelve invariants is seen to fail: the engine's state is broken on purpose, and the next step says which
// of them it was.
#include "model/engine_scenario.hpp"

#include <string>

namespace {

using namespace cmwq_test;

template <class T>
void overwrite(platform::atomic<T>& holder, T value) {
    reinterpret_cast<T&>(holder) = value;
}

void expect_broken(const char* invariant, const std::function<void()>& body, int cpus = 1) {
    look_at_each(1);
    const auto result = model::run(on_cpus(cpus), body);
    look_at_each(0);
    EXPECT_TRUE(result.failed);
    EXPECT_NE(result.message.find(invariant), std::string::npos) << result.report;
}

/// A scenario's own step is followed by a look at everything, before the next one.
void let_it_be_seen() {
    model::interrupt();
    model::interrupt();
}

engine::pool_scope& percpu_scope(cmwq::runtime& rt) {
    return *peek(engine::access::impl(rt)->scopes[0]);
}

engine::pool_workqueue& seat_of(const cmwq::owned_queue& wq) {
    return *peek(engine::as_engine(wq).seats);
}

/// An item that keeps its worker until the gate is opened, and has begun.
struct blocking_item : tested_item {
    gate begun, may_end;

    blocking_item() {
        body = [this](tested_item&) {
            begun.open();
            may_end.wait();
        };
    }
    void start(cmwq::queue& wq) {
        (void)wq.enqueue(*this);
        begun.wait();
    }
};

TEST(invariant_can_fail, pending_once) {
    expect_broken("1 pending-once", [] {
        tested_runtime rt;
        tested_item item;
        (void)rt.system().enqueue(item);
        rt.system().flush();
        ++item.runs;
        let_it_be_seen();
    });
}

TEST(invariant_can_fail, non_reentrancy) {
    expect_broken("2 non-reentrancy", [] {
        tested_item item;
        item.inside = 2;
        model::interrupt();
    });
}

TEST(invariant_can_fail, no_loss) {
    expect_broken("3 no loss", [] {
        tested_item item;
        engine::access::word(item) |= engine::work_word::pending;
    });
}

TEST(invariant_can_fail, max_active) {
    expect_broken("4 max_active", [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(cmwq::ordered{.name = "in order"});
        ++seat_of(wq).nr_out;
        model::interrupt();
    });
}

void exchange_first_two(engine::worklist& list) CMWQ_NO_THREAD_SAFETY_ANALYSIS {
    list.lock();
    engine::item_list& items = list.take_inbox();
    items.push_back(*items.pop_front());
    list.unlock();
}

TEST(invariant_can_fail, order) {
    expect_broken("5 order", [] {
        tested_runtime rt;
        tested_item a, b;
        blocking_item first;
        const auto wq = rt.make_queue(cmwq::ordered{.name = "in order"});
        first.start(wq);
        (void)wq->enqueue(a);
        (void)wq->enqueue(b);
        exchange_first_two(seat_of(wq).items);
        first.may_end.open();
        wq->flush();
    });
}

TEST(invariant_can_fail, flush_completeness) {
    expect_broken(
        "6 flush completeness",
        [] {
            tested_runtime rt;
            blocking_item item;
            auto& wq = engine::as_engine(rt.system());
            item.start(wq);
            (void)model::spawn("flusher", [&] { wq.flush(); });
            while (peek(wq.flush_remaining) == 0) model::sleep_for(1us);
            model::sleep_for(10us);
            overwrite(wq.flush_remaining, std::size_t{0});
            let_it_be_seen();
        },
        2);
}

TEST(invariant_can_fail, freeze) {
    expect_broken("7 freeze", [] {
        tested_runtime rt;
        tested_item item;
        const auto wq = rt.make_queue(cmwq::ordered{.name = "frozen", .freezable = true});
        rt.freeze();
        while (!rt.frozen()) platform::yield();
        (void)engine::change_limit(seat_of(wq), {1, 1});
        (void)wq->enqueue(item);
        wq->flush();
    });
}

TEST(invariant_can_fail, disable) {
    expect_broken("8 disable", [] {
        tested_item item;
        (void)item.disable();
        engine::access::word(item) |= engine::work_word::pending;
        model::interrupt();
    });
}

TEST(invariant_can_fail, worker_bound) {
    expect_broken("9 worker bound", [] {
        cmwq::runtime_options options;
        options.max_workers = 3;
        tested_runtime rt{options};
        tested_item item;
        (void)rt.system().enqueue(item);
        rt.system().flush();
        overwrite(percpu_scope(rt).nr_workers, 4u);
        let_it_be_seen();
    });
}

TEST(invariant_can_fail, running_count) {
    expect_broken("10 running count", [] {
        tested_runtime rt;
        blocking_item item;
        item.start(rt.system());
        overwrite(percpu_scope(rt).pools[0].nr_running, 0);
        let_it_be_seen();
    });
}

TEST(invariant_can_fail, no_idle_worker_beside_work) {
    expect_broken("11 no idle worker beside work", [] {
        tested_runtime rt;
        tested_item first, item;
        (void)rt.system().enqueue(first);
        rt.system().flush();
        model::sleep_for(1s);
        (void)engine::transition_to_pending(item, engine::as_engine(rt.system()).id);
        percpu_scope(rt).pools[0].list.push(item);  // and nobody is woken
        model::sleep_for(1s);
        work_a_little(2'000);
    });
}

TEST(invariant_can_fail, lists) {
    expect_broken("12 lists", [] {
        tested_runtime rt;
        tested_item a, b;
        blocking_item first;
        const auto wq = rt.make_queue(cmwq::ordered{.name = "in order"});
        first.start(wq);
        (void)wq->enqueue(a);
        (void)wq->enqueue(b);
        exchange_first_two(seat_of(wq).items);
        engine::home::set_prev(a, nullptr);
        model::interrupt();
    });
}

}  // namespace
