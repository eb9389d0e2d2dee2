// SPDX-License-Identifier: Apache-2.0
//
// An exception that leaves a work function goes to the runtime's policy, and to nobody else.
#include "support/gate.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <gtest/gtest.h>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>

namespace {

struct what_was_told {
    std::atomic<int> calls{0};
    std::string item, queue, message;
    bool owner_was_released = false;
};
what_was_told told;
std::atomic<int> alive{0};

void take_note(const cmwq::escaped_exception& escaped) noexcept {
    static std::mutex one_at_a_time;
    const std::lock_guard hold{one_at_a_time};
    told.item = escaped.item;
    told.queue = escaped.queue;
    told.owner_was_released = alive == 0;
    try {
        std::rethrow_exception(escaped.error);
    } catch (const std::exception& error) {
        told.message = error.what();
    } catch (...) {
        told.message = "not an exception of the library";
    }
    ++told.calls;
}

struct faulty {
    faulty() { ++alive; }
    ~faulty() { --alive; }
    cmwq::work<faulty> work{"faulty item"};
    CMWQ_HAS_WORK(work);
    static void run(std::unique_ptr<faulty>) { throw std::runtime_error{"no use"}; }
};

class exceptions : public testing::Test {
protected:
    exceptions() {
        told.calls = 0;
        told.item = told.queue = told.message = "";
    }
    cmwq::runtime own{{.on_exception = &take_note}};
};

TEST_F(exceptions, reach_the_handler_with_both_names) {
    auto wq = own.make_queue(cmwq::percpu{.name = "the queue"});
    ASSERT_TRUE(wq->enqueue(std::make_unique<faulty>()));
    wq->flush();
    EXPECT_EQ(told.calls, 1);
    EXPECT_EQ(told.item, "faulty item");
    EXPECT_EQ(told.queue, "the queue");
    EXPECT_EQ(told.message, "no use");
    EXPECT_TRUE(told.owner_was_released);
}

TEST_F(exceptions, leave_the_worker_and_the_queue_sound) {
    std::atomic<int> runs{0};
    for (const bool in_order : {false, true}) {
        auto wq = in_order ? own.make_queue(cmwq::ordered{.name = "in order"})
                           : own.make_queue(cmwq::unbound{.name = "unbound", .max_active = 2});
        for (int i = 0; i < 500; ++i) {
            ASSERT_TRUE(wq->enqueue(std::make_unique<faulty>()));
            ASSERT_TRUE(wq->try_spawn([&] { ++runs; }));
        }
        wq->drain();
    }
    EXPECT_EQ(runs, 1000);
    EXPECT_EQ(told.calls, 1000);
    EXPECT_EQ(alive, 0);
}

TEST_F(exceptions, of_a_spawned_function_reach_the_handler_too) {
    ASSERT_TRUE(own.system().try_spawn([] { throw 42; }));
    own.system().flush();
    EXPECT_EQ(told.calls, 1);
    EXPECT_EQ(told.queue, "events");
    EXPECT_EQ(told.message, "not an exception of the library");
}

TEST_F(exceptions, do_not_keep_a_flush_of_the_item_waiting) {
    struct kept : cmwq::work<kept> {
        static void run(kept& self) {
            self.entered.open();
            self.way_out.pass();
            throw std::logic_error{"left"};
        }
        support::gate entered, way_out;
    } item;
    ASSERT_TRUE(own.system().enqueue(item));
    ASSERT_TRUE(item.entered.pass());
    ASSERT_TRUE(own.system_long().try_spawn([&] { item.way_out.open(); }));
    item.flush();
    own.system().flush();
    EXPECT_EQ(told.message, "left");
    EXPECT_FALSE(item.busy());
}

TEST(exceptions_without_a_handler, end_the_program_with_both_names) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(
        {
            auto wq = cmwq::make_queue(cmwq::percpu{.name = "the queue"});
            (void)wq->enqueue(std::make_unique<faulty>());
            wq->flush();
        },
        "exception left .*\"faulty item\".*\"the queue\"");
}

}  // namespace
