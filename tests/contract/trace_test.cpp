// SPDX-License-Identifier: Apache-2.0
//
// The recorder: each run appears once, whatever happens to queue, item and thread before the file is written.
#include "support/child.hpp"
#include "support/gate.hpp"
#include "support/own_process.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

struct step : cmwq::work<step> {
    std::atomic<int> left{0};
    std::atomic<bool> done{false};
    cmwq::queue* wq = &cmwq::system();

    static void run(step& item) {
        if (--item.left > 0) {
            item.wq->enqueue(item);
        } else {
            item.done = true;
            item.done.notify_all();
        }
    }
    void run_times(int times) {
        left = times;
        wq->enqueue(*this);
        done.wait(false);
    }
};

void wait_at(support::gate& gate, std::atomic<bool>& begun) {
    begun = true;
    begun.notify_all();
    EXPECT_TRUE(gate.pass());
}

/// The lines of a trace file, one event each; that the whole is JSON is checked by examples.12_trace.
struct trace_lines {
    std::vector<std::string> all;

    explicit trace_lines(const std::string& file) {
        std::ifstream in{file};
        for (std::string line; std::getline(in, line);) all.push_back(line);
    }
    int count(const std::string& phase, const std::string& with) const {
        int found = 0;
        for (const std::string& line : all) {
            found += line.find("\"ph\":\"" + phase + "\"") != line.npos && line.find(with) != line.npos ? 1 : 0;
        }
        return found;
    }
};

class trace : public testing::Test {
protected:
    ~trace() override { std::remove(file.c_str()); }

    trace_lines written() {
        EXPECT_TRUE(cmwq::write_trace(file.c_str()));
        return trace_lines{file};
    }

    const std::string file = testing::TempDir() + "cmwq_trace_" + std::to_string(getpid()) + ".json";
};

TEST_F(trace, has_each_run_and_each_enqueue_once) {
    for (const bool exact : {false, true}) {
        ASSERT_TRUE(cmwq::start_trace({.exact = exact}));
        {
            const auto wq = cmwq::make_queue(cmwq::ordered{.name = "traced queue"});
            step item;
            item.wq = &*wq;
            item.run_times(500);
        }
        ASSERT_TRUE(cmwq::stop_trace());
        // Queue and item are gone.
        const trace_lines lines = written();
        EXPECT_EQ(lines.count("X", "\"queue\":\"traced queue\""), 500);
        EXPECT_EQ(lines.count("i", "\"queue\":\"traced queue\""), 500);
        EXPECT_EQ(lines.count("X", "still running"), 0);
        EXPECT_EQ(cmwq::traced().overwritten, 0U);
        EXPECT_EQ(cmwq::traced().missed, 0U);
    }
}

TEST_F(trace, begins_and_ends_once_at_a_time) {
    EXPECT_FALSE(cmwq::stop_trace());
    EXPECT_TRUE(cmwq::start_trace());
    EXPECT_FALSE(cmwq::start_trace());
    EXPECT_TRUE(cmwq::stop_trace());
    EXPECT_FALSE(cmwq::stop_trace());
    step before;
    before.run_times(10);
    EXPECT_EQ(cmwq::traced().records, 0U);
    ASSERT_TRUE(cmwq::start_trace());
    step item;
    item.run_times(7);
    cmwq::system().flush();
    EXPECT_EQ(written().count("X", "\"queue\":\"events\""), 7);
    EXPECT_FALSE(cmwq::stop_trace());
    EXPECT_FALSE(cmwq::write_trace("/nowhere/at/all.json"));
}

TEST_F(trace, shows_what_a_work_function_says_of_itself) {
    ASSERT_TRUE(cmwq::start_trace());
    ASSERT_TRUE(cmwq::system().try_spawn([] { cmwq::this_worker::describe("reading \"a file\" of 31 chars"); }));
    cmwq::system().flush();
    EXPECT_EQ(written().count("X", "\"name\":\"reading \\\"a file\\\" of 31 chars\""), 1);
}

TEST_F(trace, keeps_the_newest_and_counts_the_rest) {
    ASSERT_TRUE(cmwq::start_trace({.threads = 2, .records_per_thread = 64}));
    std::vector<std::thread> others;
    for (int i = 0; i < 4; ++i) {
        others.emplace_back([] {
            step item;
            item.run_times(1000);
        });
    }
    for (std::thread& each : others) each.join();
    cmwq::system().flush();
    ASSERT_TRUE(cmwq::stop_trace());
    const cmwq::trace_counts counts = cmwq::traced();
    EXPECT_GT(counts.records + counts.missed, 4000U);
    EXPECT_GT(counts.overwritten + counts.missed, 3000U);
    EXPECT_LE(written().all.size(), 2U * 64 + 10);
}

TEST_F(trace, hands_buffers_of_ended_threads_to_others) {
    ASSERT_TRUE(cmwq::start_trace({.threads = 12}));
    for (int i = 0; i < 40; ++i) {
        std::thread{[] {
            step item;
            item.run_times(2);
        }}.join();
    }
    cmwq::system().flush();
    EXPECT_EQ(written().count("X", "\"queue\":\"events\""), 80);
    EXPECT_EQ(cmwq::traced().missed, 0U);
}

TEST_F(trace, ends_while_items_run) {
    const auto wq = cmwq::make_queue(cmwq::unbound{.name = "busy"});
    std::vector<std::unique_ptr<step>> items;
    for (int i = 0; i < 8; ++i) {
        items.push_back(std::make_unique<step>());
        items.back()->wq = &*wq;
        items.back()->left = 1 << 30;
        wq->enqueue(*items.back());
    }
    for (int round = 0; round < 100; ++round) {
        // Other sizes too: nothing may be freed that a thread still writes to.
        ASSERT_TRUE(cmwq::start_trace({.threads = round % 3 == 0 ? 4U : 8U, .records_per_thread = 256}));
        std::this_thread::sleep_for(std::chrono::microseconds{round * 5});
        if (round % 2 == 0) {
            ASSERT_TRUE(cmwq::stop_trace());
        }
        const trace_lines lines = written();
        ASSERT_GE(lines.all.size(), 2U);
        EXPECT_NE(lines.all.back().find("\"otherData\""), std::string::npos);
    }
    for (const auto& each : items) each->left = 1;
    for (const auto& each : items) each->done.wait(false);
}

TEST_F(trace, shows_what_still_runs_at_its_end) {
    support::gate gate;
    std::atomic<bool> begun{false};
    ASSERT_TRUE(cmwq::start_trace());
    ASSERT_TRUE(cmwq::system().try_spawn([&] { wait_at(gate, begun); }));
    begun.wait(false);
    EXPECT_EQ(written().count("X", "\"end\":\"still running\""), 1);
    gate.open();
    cmwq::system().flush();
}

TEST_F(trace, leaves_out_items_that_are_dropped) {
    ASSERT_TRUE(cmwq::start_trace());
    std::atomic<int> runs{0};
    {
        auto wq = cmwq::make_queue(cmwq::ordered{.name = "dropping"});
        support::gate gate;
        std::atomic<bool> begun{false};
        ASSERT_TRUE(wq->try_spawn([&] {
            wait_at(gate, begun);
            ++runs;
        }));
        for (int i = 0; i < 20; ++i) {
            ASSERT_TRUE(wq->try_spawn([&] { ++runs; }));
        }
        begun.wait(false);
        std::thread opener{[&] {
            std::this_thread::sleep_for(std::chrono::milliseconds{20});
            gate.open();
        }};
        wq.shutdown(cmwq::pending_items::drop);
        opener.join();
    }
    EXPECT_EQ(written().count("X", "\"queue\":\"dropping\""), runs);
}

TEST_F(trace, shows_an_item_in_its_enqueuer_inside_of_the_one_that_enqueued_it) {
    auto full =
        cmwq::make_queue(cmwq::unbound{.name = "full",
                                       .max_active = 1,
                                       .bound = {.max_pending = 1, .when_full = cmwq::full_queue::run_in_caller}});
    ASSERT_TRUE(cmwq::start_trace());
    support::gate gate;
    std::atomic<bool> begun{false};
    ASSERT_TRUE(full->try_spawn([&] { wait_at(gate, begun); }));
    begun.wait(false);
    ASSERT_TRUE(full->try_spawn([] { cmwq::this_worker::describe("pending"); }));
    ASSERT_TRUE(cmwq::system().try_spawn([&] {
        cmwq::this_worker::describe("outside");
        EXPECT_TRUE(full->try_spawn([] { cmwq::this_worker::describe("inside"); }));
    }));
    cmwq::system().flush();
    gate.open();
    full->flush();
    const trace_lines lines = written();
    EXPECT_EQ(lines.count("X", "\"queue\":\"full\""), 3);
    for (const char* said : {"pending", "outside", "inside"}) {
        EXPECT_EQ(lines.count("X", std::string{"\"name\":\""} + said), 1) << said;
    }
}

TEST_F(trace, writes_what_is_not_plain_text_by_its_number) {
    ASSERT_TRUE(cmwq::start_trace());
    ASSERT_TRUE(cmwq::system().try_spawn([] { cmwq::this_worker::describe("\ttab \\ \xc3\xa4"); }));
    cmwq::system().flush();
    EXPECT_EQ(written().count("X", "\"name\":\"\\u0009tab \\\\ \\u00c3\\u00a4\""), 1);
}

TEST_F(trace, leaves_out_enqueues_that_are_refused) {
    struct shared_item {
        using pointer = std::shared_ptr<shared_item>;
        cmwq::shared_work<shared_item> work;
        CMWQ_HAS_WORK(work);
        static void run(pointer) {}
    };
    auto wq = cmwq::make_queue(cmwq::ordered{.name = "refusing"});
    ASSERT_TRUE(cmwq::start_trace());
    support::gate gate;
    std::atomic<bool> begun{false};
    ASSERT_TRUE(wq->try_spawn([&] { wait_at(gate, begun); }));
    begun.wait(false);
    const auto item = std::make_shared<shared_item>();
    EXPECT_TRUE(wq->enqueue(item));
    EXPECT_FALSE(wq->enqueue(item));
    gate.open();
    wq->flush();
    const trace_lines lines = written();
    EXPECT_EQ(lines.count("i", "\"queue\":\"refusing\""), 2);
    EXPECT_EQ(lines.count("X", "\"queue\":\"refusing\""), 2);
}

TEST_F(trace, does_not_go_on_in_a_child) {
    ASSERT_TRUE(cmwq::start_trace());
    step item;
    item.run_times(5);
    EXPECT_TRUE(support::in_child([] {
        step other;
        other.run_times(5);
        return cmwq::traced().records == 0 && !cmwq::stop_trace() && cmwq::start_trace() && cmwq::stop_trace();
    }));
    item.done = false;
    item.run_times(5);
    cmwq::system().flush();
    EXPECT_EQ(written().count("X", "\"queue\":\"events\""), 10);
}

TEST_F(trace, of_a_process_is_written_at_its_end) {
    if (support::plays("traced")) {
        step item;
        item.run_times(9);
        return;
    }
    setenv("CMWQ_TRACE", file.c_str(), 1);
    support::expect_to_pass_alone("traced");
    unsetenv("CMWQ_TRACE");
    EXPECT_EQ(trace_lines{file}.count("i", "\"queue\":\"events\""), 9);
}

TEST_F(trace, of_a_process_that_cannot_be_written_is_told) {
    if (support::plays("untraceable")) {
        step item;
        item.run_times(9);
        return;
    }
    setenv("CMWQ_TRACE", "/nowhere/at/all.json", 1);
    const auto child = support::run_alone("trace.of_a_process_that_cannot_be_written_is_told", "untraceable");
    unsetenv("CMWQ_TRACE");
    EXPECT_TRUE(child.exited && child.status == 0) << child.output;
    EXPECT_NE(child.output.find("cmwq: CMWQ_TRACE: /nowhere/at/all.json cannot be written\n"), std::string::npos)
        << child.output;
}

}  // namespace
