// SPDX-License-Identifier: Apache-2.0
//
// Every misuse, once: what the handler is told (code, sentence, item, queue, the caller's place), and in which way the
// library carries on after it.
#include "support/blocked_queue.hpp"
#include "support/misuse_recorder.hpp"

#include <cmwq/cmwq.hpp>

#include <array>
#include <atomic>
#include <gtest/gtest.h>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <thread>

namespace {

using cmwq::misuse_code;
using support::recorded_misuse;

struct item : cmwq::work<item> {
    item() : work{"the item"} {}
    static void run(item& self) { ++self.runs; }
    int runs = 0;
};

struct owned_item : cmwq::work<owned_item> {
    owned_item() : work{"the owned item"} {}
    static void run(std::unique_ptr<owned_item>) {}
};

class misuse_report : public testing::Test {
protected:
    /// The one report since the last question.
    recorded_misuse the_report() {
        auto found = recorder.take();
        EXPECT_EQ(found.size(), 1u);
        return found.empty() ? recorded_misuse{} : found.front();
    }

    void expect(const recorded_misuse& told, misuse_code code, std::string_view of_item, std::string_view of_queue) {
        EXPECT_EQ(told.code, code);
        EXPECT_GT(told.sentence.size(), 10u);
        EXPECT_NE(told.sentence, "unknown misuse");
        EXPECT_EQ(told.item, of_item);
        EXPECT_EQ(told.queue, of_queue);
    }

    void expect_place(const recorded_misuse& told, unsigned line) {
        EXPECT_EQ(told.line, line);
        EXPECT_NE(told.file.find("report_test.cpp"), std::string::npos) << told.file;
        EXPECT_FALSE(told.function.empty());
    }

    support::misuse_recorder recorder;
};

constexpr std::string_view name_of_31 = "1234567890123456789012345678901";

TEST_F(misuse_report, long_queue_name_is_cut) {
    const std::string long_name = std::string{name_of_31} + "234";
    const unsigned line = __LINE__ + 1;
    auto wq = cmwq::make_queue(cmwq::percpu{.name = long_name});
    const recorded_misuse told = the_report();
    expect(told, misuse_code::name_too_long, "", name_of_31);
    expect_place(told, line);
    EXPECT_EQ(wq->name(), name_of_31);
}

TEST_F(misuse_report, each_code_has_a_sentence_of_its_own) {
    constexpr int last = static_cast<int>(misuse_code::reclaim_waits_for_ordinary_queue);
    const std::set<misuse_code> fatal{misuse_code::destroy_own_queue, misuse_code::queue_in_use,
                                      misuse_code::parent_in_use};
    const auto report = [](int code) {
        cmwq::detail::report_misuse(static_cast<misuse_code>(code), nullptr, nullptr, cmwq::call_site::current());
    };
    std::set<std::string> sentences;
    for (int code = 1; code <= last; ++code) {
        if (fatal.contains(static_cast<misuse_code>(code))) continue;
        report(code);
        const recorded_misuse told = the_report();
        expect(told, static_cast<misuse_code>(code), "", "");
        EXPECT_TRUE(sentences.insert(told.sentence).second) << told.sentence;
    }
    report(last + 1);
    EXPECT_EQ(the_report().sentence, "unknown misuse");
}

TEST_F(misuse_report, name_of_31_characters_is_none) {
    auto wq = cmwq::make_queue(cmwq::percpu{.name = name_of_31});
    EXPECT_EQ(wq->name(), name_of_31);
    EXPECT_TRUE(recorder.take().empty());
}

TEST_F(misuse_report, long_description_of_a_worker_is_cut) {
    auto wq = cmwq::make_queue(cmwq::percpu{.name = "the queue"});
    struct talkative : cmwq::work<talkative> {
        talkative() : work{"talkative"} {}
        static void run(talkative&) { cmwq::this_worker::describe("a text of more than thirty-one characters"); }
    } speaker;
    ASSERT_TRUE(wq->enqueue(speaker));
    wq->flush();
    expect(the_report(), misuse_code::name_too_long, "talkative", "the queue");
}

TEST_F(misuse_report, max_active_out_of_range_is_moved_into_it) {
    for (const int max_active : {-1, -1000, 2049, 1 << 30}) {
        const unsigned line = __LINE__ + 1;
        auto wq = cmwq::make_queue(cmwq::percpu{.name = "the queue", .max_active = max_active});
        const recorded_misuse told = the_report();
        expect(told, misuse_code::max_active_out_of_range, "", "the queue");
        expect_place(told, line);
        std::atomic<int> runs{0};
        ASSERT_TRUE(wq->try_spawn([&] { ++runs; }));
        wq->flush();
        EXPECT_EQ(runs, 1);
    }
}

TEST_F(misuse_report, changed_max_active_out_of_range_is_moved_into_it) {
    auto wq = cmwq::make_queue(cmwq::percpu{.name = "the queue"});
    for (const int max_active : {-1, 2049}) {
        EXPECT_TRUE(wq->set_max_active(max_active));
        expect(the_report(), misuse_code::max_active_out_of_range, "", "the queue");
    }
    EXPECT_TRUE(wq->set_max_active(2048));
    EXPECT_TRUE(recorder.take().empty());
}

TEST_F(misuse_report, max_active_in_range_is_none) {
    for (const int max_active : {0, 1, 2, 1024, 2048}) {
        auto wq = cmwq::make_queue(cmwq::unbound{.name = "the queue", .max_active = max_active});
        EXPECT_TRUE(wq);
    }
    EXPECT_TRUE(recorder.take().empty());
}

TEST_F(misuse_report, contradictory_options_are_told_and_the_queue_works) {
    const unsigned line = __LINE__ + 1;
    auto wq = cmwq::make_queue(
        cmwq::unbound{.name = "the queue", .affinity = cmwq::affinity_scope::system, .affinity_strict = true});
    const recorded_misuse told = the_report();
    expect(told, misuse_code::contradictory_options, "", "the queue");
    EXPECT_GE(told.line, line);
    item one;
    ASSERT_TRUE(wq->enqueue(one));
    wq->flush();
    EXPECT_EQ(one.runs, 1);
}

TEST_F(misuse_report, attributes_of_a_percpu_queue_are_told_and_change_nothing) {
    const auto wq = cmwq::make_queue(cmwq::percpu{.name = "the queue"});
    const unsigned line = __LINE__ + 1;
    EXPECT_FALSE(wq->apply_attributes({.cpus = cmwq::cpu_mask::of({0})}));
    const recorded_misuse told = the_report();
    expect(told, misuse_code::attributes_of_percpu_queue, "", "the queue");
    expect_place(told, line);
}

TEST_F(misuse_report, contradictory_attributes_are_told_and_taken_without_strictness) {
    const auto wq = cmwq::make_queue(cmwq::unbound{.name = "the queue"});
    const unsigned line = __LINE__ + 1;
    EXPECT_TRUE(wq->apply_attributes({.affinity = cmwq::affinity_scope::system, .affinity_strict = true}));
    const recorded_misuse told = the_report();
    expect(told, misuse_code::contradictory_options, "", "the queue");
    expect_place(told, line);
}

TEST_F(misuse_report, node_of_a_percpu_queue_is_told_and_the_item_runs) {
    item one;
    const auto wq = cmwq::make_queue(cmwq::percpu{.name = "the queue"});
    const unsigned line = __LINE__ + 1;
    EXPECT_TRUE(wq->enqueue_node(0, one));
    const recorded_misuse told = the_report();
    expect(told, misuse_code::node_of_percpu_queue, "the item", "the queue");
    expect_place(told, line);
    wq->flush();
    EXPECT_EQ(one.runs, 1);
}

TEST_F(misuse_report, enqueue_from_outside_while_draining_is_refused) {
    support::blocked_queue held{"the queue"};
    std::jthread drainer{[&] { held->drain(); }};
    ASSERT_TRUE(support::eventually([&] { return held->try_spawn([] {}).why() == cmwq::refusal::queue_draining; }));
    (void)recorder.take();

    item one;
    const unsigned line = __LINE__ + 1;
    EXPECT_FALSE(held->enqueue(one));
    recorded_misuse told = the_report();
    expect(told, misuse_code::enqueue_while_draining, "the item", "the queue");
    expect_place(told, line);
    EXPECT_FALSE(one.pending());

    auto owner = std::make_unique<owned_item>();
    owned_item* const address = owner.get();
    auto refused = held->enqueue(std::move(owner));
    told = the_report();
    expect(told, misuse_code::enqueue_while_draining, "the owned item", "the queue");
    EXPECT_EQ(refused.why(), cmwq::refusal::queue_draining);
    EXPECT_EQ(refused.take_back().get(), address);

    held.open();
    drainer.join();
    ASSERT_TRUE(held->enqueue(one));  // over: it takes items again
    held->flush();
    EXPECT_EQ(one.runs, 1);
    EXPECT_TRUE(recorder.take().empty());
}

TEST_F(misuse_report, enqueue_by_the_queues_own_item_while_draining_is_none) {
    auto wq = cmwq::make_queue(cmwq::ordered{.name = "the queue"});
    support::gate entered, way_out;
    item one;
    std::atomic<bool> accepted{false};
    ASSERT_TRUE(wq->try_spawn([&] {
        entered.open();
        way_out.pass();
        accepted = wq->enqueue(one);
    }));
    ASSERT_TRUE(entered.pass());
    std::jthread drainer{[&] { wq->drain(); }};
    ASSERT_TRUE(support::eventually([&] { return wq->try_spawn([] {}).why() == cmwq::refusal::queue_draining; }));
    (void)recorder.take();
    way_out.open();
    drainer.join();
    EXPECT_TRUE(accepted);
    EXPECT_EQ(one.runs, 1);
    EXPECT_TRUE(recorder.take().empty());
}

TEST_F(misuse_report, item_that_flushes_itself_does_not_wait) {
    auto wq = cmwq::make_queue(cmwq::percpu{.name = "the queue"});
    static unsigned line;
    struct self_flusher : cmwq::work<self_flusher> {
        self_flusher() : work{"self-flusher"} {}
        static void run(self_flusher& self) {
            line = __LINE__ + 1;
            self.waited = self.flush();
            ++self.runs;
        }
        bool waited = true;
        int runs = 0;
    } flusher;
    ASSERT_TRUE(wq->enqueue(flusher));
    wq->flush();
    const recorded_misuse told = the_report();
    expect(told, misuse_code::flush_from_own_item, "self-flusher", "the queue");
    expect_place(told, line);
    EXPECT_FALSE(flusher.waited);
    EXPECT_EQ(flusher.runs, 1);
}

/// Does something to the queue that runs it.
struct ungrateful : cmwq::work<ungrateful> {
    ungrateful(cmwq::queue& queue, void (*act)(cmwq::queue&)) : work{"ungrateful"}, wq{queue}, action{act} {}
    static void run(ungrateful& self) {
        self.action(self.wq);
        ++self.runs;
    }
    cmwq::queue& wq;
    void (*action)(cmwq::queue&);
    int runs = 0;
};

class misuse_of_own_queue : public misuse_report, public testing::WithParamInterface<bool> {
protected:
    void run(void (*action)(cmwq::queue&), misuse_code code, unsigned line) {
        auto wq = GetParam() ? cmwq::make_queue(cmwq::ordered{.name = "the queue"})
                             : cmwq::make_queue(cmwq::percpu{.name = "the queue"});
        ungrateful one{*wq, action};
        ASSERT_TRUE(wq->enqueue(one));
        wq->flush();
        const recorded_misuse told = the_report();
        expect(told, code, "ungrateful", "the queue");
        expect_place(told, line);
        EXPECT_EQ(one.runs, 1);
    }
};
INSTANTIATE_TEST_SUITE_P(ordered_or_not, misuse_of_own_queue, testing::Bool());

TEST_P(misuse_of_own_queue, flush_does_not_wait) {
    run([](cmwq::queue& wq) { wq.flush(); }, misuse_code::flush_own_queue, __LINE__);
}

TEST_P(misuse_of_own_queue, drain_does_not_wait) {
    run([](cmwq::queue& wq) { wq.drain(); }, misuse_code::drain_own_queue, __LINE__);
}

TEST_F(misuse_report, null_item_is_refused) {
    item* nothing = nullptr;
    unsigned line = __LINE__ + 1;
    EXPECT_FALSE(cmwq::system().enqueue(nothing));
    recorded_misuse told = the_report();
    expect(told, misuse_code::null_item, "", "events");
    expect_place(told, line);

    line = __LINE__ + 1;
    auto refused = cmwq::system_unbound().enqueue(std::unique_ptr<owned_item>{});
    EXPECT_EQ(refused.why(), cmwq::refusal::no_item);
    told = the_report();
    expect(told, misuse_code::null_item, "", "events_unbound");
    expect_place(told, line);
}

TEST_F(misuse_report, caller_passed_on_by_a_wrapper_is_the_one_named) {
    const auto wrapper = [](cmwq::queue& wq, cmwq::call_site where = cmwq::call_site::current()) {
        return wq.enqueue(static_cast<item*>(nullptr), where);
    };
    const unsigned line = __LINE__ + 1;
    EXPECT_FALSE(wrapper(cmwq::system()));
    expect_place(the_report(), line);
}

TEST_F(misuse_report, handler_is_replaced_and_comes_back) {
    static int calls;
    calls = 0;
    const cmwq::misuse_handler former = cmwq::set_misuse_handler([](const cmwq::misuse&) noexcept { ++calls; });
    EXPECT_NE(former, nullptr);
    EXPECT_FALSE(cmwq::system().enqueue(static_cast<item*>(nullptr)));
    EXPECT_EQ(calls, 1);
    cmwq::set_misuse_handler(former);
    EXPECT_FALSE(cmwq::system().enqueue(static_cast<item*>(nullptr)));
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(recorder.take().size(), 1u);
}

struct cancels_itself : cmwq::work<cancels_itself> {
    cancels_itself() : work{"cancels itself"} {}
    static void run(cancels_itself& self) { self.body(self); }
    void (*body)(cancels_itself&) = nullptr;
    unsigned line = 0;
    bool answer = true;
};

TEST_F(misuse_report, item_that_cancels_itself_and_waits_does_not_wait) {
    auto wq = cmwq::make_queue(cmwq::percpu{.name = "the queue"});
    cancels_itself item;
    item.body = [](cancels_itself& self) {
        (void)cmwq::system().enqueue(self);
        self.line = __LINE__ + 1;
        self.answer = self.cancel_sync();
    };
    ASSERT_TRUE(wq->enqueue(item));
    wq->flush();
    const recorded_misuse told = the_report();
    expect(told, misuse_code::cancel_sync_from_own_item, "cancels itself", "the queue");
    expect_place(told, item.line);
    EXPECT_TRUE(item.answer);  // the pending instance is cancelled nevertheless
    EXPECT_FALSE(item.pending());
}

TEST_F(misuse_report, item_that_disables_itself_and_waits_is_disabled_and_does_not_wait) {
    auto wq = cmwq::make_queue(cmwq::percpu{.name = "the queue"});
    cancels_itself item;
    item.body = [](cancels_itself& self) { self.answer = self.disable_sync(); };
    ASSERT_TRUE(wq->enqueue(item));
    wq->flush();
    expect(the_report(), misuse_code::disable_sync_from_own_item, "cancels itself", "the queue");
    EXPECT_FALSE(item.answer);
    EXPECT_FALSE(wq->enqueue(item));
    EXPECT_TRUE(item.enable());
}

TEST_F(misuse_report, enable_without_disable_changes_nothing) {
    item it;
    const unsigned line = __LINE__ + 1;
    EXPECT_FALSE(it.enable());
    const recorded_misuse told = the_report();
    expect(told, misuse_code::enable_without_disable, "the item", "");
    expect_place(told, line);
    EXPECT_TRUE(cmwq::system().enqueue(it));
    EXPECT_TRUE(it.flush() || it.runs == 1);
}

TEST_F(misuse_report, disable_beyond_the_last_one_does_not_count) {
    item it;
    for (int i = 0; i < 4095; ++i) {
        EXPECT_FALSE(it.disable());
    }
    EXPECT_TRUE(recorder.take().empty());
    EXPECT_FALSE(it.disable());
    expect(the_report(), misuse_code::disabled_too_often, "the item", "");
    for (int i = 1; i < 4095; ++i) {
        EXPECT_FALSE(it.enable());
    }
    EXPECT_TRUE(it.enable());
}

TEST_F(misuse_report, max_active_of_an_ordered_queue_stays_one) {
    auto wq = cmwq::make_queue(cmwq::ordered{.name = "the queue"});
    const unsigned line = __LINE__ + 1;
    EXPECT_FALSE(wq->set_max_active(4));
    const recorded_misuse told = the_report();
    expect(told, misuse_code::max_active_of_ordered_queue, "", "the queue");
    expect_place(told, line);
}

TEST_F(misuse_report, min_active_of_per_cpu_and_ordered_queues_is_told_and_changes_nothing) {
    cmwq::owned_queue queues[] = {cmwq::make_queue(cmwq::percpu{.name = "the queue"}),
                                  cmwq::make_queue(cmwq::percpu{.name = "the queue", .cpu_intensive = true}),
                                  cmwq::make_queue(cmwq::ordered{.name = "the queue"})};
    for (auto& wq : queues) {
        const unsigned line = __LINE__ + 1;
        EXPECT_FALSE(wq->set_min_active(4));
        const recorded_misuse told = the_report();
        expect(told, misuse_code::queue_without_min_active, "", "the queue");
        expect_place(told, line);
    }
}

TEST_F(misuse_report, negative_bound_is_none) {
    const unsigned line = __LINE__ + 1;
    auto wq = cmwq::make_queue(cmwq::percpu{.name = "the queue", .bound = {.max_pending = -1}});
    const recorded_misuse told = the_report();
    expect(told, misuse_code::max_pending_out_of_range, "", "the queue");
    expect_place(told, line);
    std::array<item, 3> items;
    for (item& it : items) {
        EXPECT_TRUE(wq->enqueue(it));
    }
    wq->flush();
}

TEST_F(misuse_report, wait_for_room_in_the_queue_that_runs_it_is_refused) {
    auto wq = cmwq::make_queue(
        cmwq::ordered{.name = "the queue", .bound = {.max_pending = 1, .when_full = cmwq::full_queue::wait}});
    item first, second;
    bool accepted[2] = {};
    unsigned line = 0;
    const auto enqueue_both = [&] {
        accepted[0] = wq->enqueue(first);
        line = __LINE__ + 1;
        accepted[1] = wq->enqueue(second);
    };
    ASSERT_TRUE(wq->try_spawn(enqueue_both));
    wq->flush();
    wq->flush();
    const recorded_misuse told = the_report();
    expect(told, misuse_code::wait_for_own_queue, "the item", "the queue");
    EXPECT_EQ(told.line, line);
    EXPECT_TRUE(accepted[0]);
    EXPECT_FALSE(accepted[1]);
    EXPECT_EQ(first.runs, 1);
    EXPECT_EQ(second.runs, 0);
}

TEST_F(misuse_report, new_max_active_out_of_range_is_moved_into_it) {
    auto wq = cmwq::make_queue(cmwq::unbound{.name = "the queue", .max_active = 2});
    EXPECT_TRUE(wq->set_max_active(-1));
    expect(the_report(), misuse_code::max_active_out_of_range, "", "the queue");
    EXPECT_TRUE(wq->set_max_active(0));  // the default
    EXPECT_TRUE(recorder.take().empty());
}

}  // namespace
