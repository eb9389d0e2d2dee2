// SPDX-License-Identifier: Apache-2.0
//
// The recorder under every schedule: what happened before the trace ended is in it, once, and whoever is in the middle
// of an event when it ends, or when the next one begins, does no harm.
#include "model/engine_scenario.hpp"

#include "engine/recorder.hpp"

#include <array>
#include <fstream>
#include <string>
#include <unistd.h>

namespace {

using namespace cmwq_test;

/// Lines of the trace file, of that phase and with that text.
int count_in_trace(const char* phase, const char* with) {
    static const std::string file = testing::TempDir() + "cmwq_model_trace_" + std::to_string(getpid()) + ".json";
    model::check(cmwq::write_trace(file.c_str()), "the trace is written");
    std::ifstream in{file};
    int found = 0;
    for (std::string line; std::getline(in, line);) {
        found += line.find(std::string{"\"ph\":\""} + phase) != line.npos && line.find(with) != line.npos ? 1 : 0;
    }
    in.close();
    unlink(file.c_str());
    return found;
}

struct forget_trace {
    ~forget_trace() { engine::recorder::instance().forget_everything(); }
};

constexpr cmwq::trace_options small{.threads = 8, .records_per_thread = 64};

template <std::size_t Size>
void enqueue(cmwq::queue& wq, std::array<tested_item, Size>& items) {
    for (tested_item& item : items) (void)wq.enqueue(item);
}

TEST(trace, has_each_run_once) {
    for (const auto& how : {on_cpus(1), on_cpus(2)}) {
        explore(without_watchdog(how), schedules / 4, [] {
            const forget_trace after;
            tested_runtime rt;
            model::check(cmwq::start_trace(small), "it begins");
            const auto wq = rt.make_queue(cmwq::unbound{.name = "limited", .max_active = 2});
            std::array<tested_item, 3> items[2];
            together({{0, [&] { enqueue(rt.system(), items[0]); }}, {1, [&] { enqueue(*wq, items[1]); }}});
            rt.system().flush();
            wq->flush();
            model::check(count_in_trace("X", "") == 6, "each item's run is in it");
            model::check(count_in_trace("i", "") == 6, "each item's enqueue is in it");
            model::check(cmwq::traced().missed == 0, "nobody was without a buffer");
        });
    }
}

TEST(trace, ends_and_begins_again_while_items_run) {
    for (const auto& how : {on_cpus(1), on_cpus(2), without_fence_all_threads(on_cpus(2))}) {
        // Not without_watchdog: a worker that looks for work pauses more often than the model takes for waiting, while
        // the other thread begins and ends traces.
        explore(how, schedules / 2, [] {
            const forget_trace after;
            tested_runtime rt;
            std::array<tested_item, 3> items[2], later;
            together({{0, [&] { enqueue(rt.system(), items[0]); }},
                      {1, [&] { enqueue(rt.system_unbound(), items[1]); }},
                      {-1, [&] {
                           model::check(cmwq::start_trace(small), "it begins");
                           model::check(count_in_trace("X", "") <= 6, "no run is in it twice");
                           model::check(cmwq::start_trace({.threads = 4, .records_per_thread = 128}), "and again");
                           model::check(cmwq::stop_trace(), "it ends");
                           model::check(cmwq::start_trace(small), "with rings as before");
                       }}});
            rt.system().flush();
            rt.system_unbound().flush();
            (void)cmwq::stop_trace();
            model::check(cmwq::start_trace(small), "nothing runs");
            enqueue(rt.system(), later);
            rt.system().flush();
            const int runs = count_in_trace("X", ""), enqueues = count_in_trace("i", "");
            // Workers that the earlier traces saw keep their rings, and may be more than there are.
            const auto missed = static_cast<int>(cmwq::traced().missed);
            model::check(runs <= 3 && enqueues <= 3, "the new trace has its own events only");
            model::check(runs + enqueues + missed == 6, "and all of them, or counts those without a ring");
        });
    }
}

}  // namespace
