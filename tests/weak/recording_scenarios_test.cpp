// SPDX-License-Identifier: Apache-2.0
//
// The recorder's rings: one thread writes and goes round, another ends the trace and reads what there is.
#include "model/engine_scenario.hpp"

#include "engine/recorder.hpp"

namespace {

using namespace cmwq_test;

constexpr std::uint64_t quick = 100;  ///< schedules of each scenario; CMWQ_MODEL_SCHEDULES overrides it

struct forget_trace {
    ~forget_trace() { engine::recorder::instance().forget_everything(); }
};

constexpr cmwq::trace_options small{.threads = 2, .records_per_thread = 64};

struct nothing : cmwq::work<nothing> {
    static void run(nothing&) {}
};

void record_event(nothing& item) {
    engine::record(engine::trace_event::enqueue, item, engine::access::kind(item), 1);
}

TEST(recording, is_read_whole_while_its_ring_goes_round) {
    explore(on_cpus(2), quick, [] {
        const forget_trace after;
        nothing item;
        model::check(cmwq::start_trace(small), "it begins");
        platform::atomic<unsigned> written{0};
        const auto write = [&] {
            for (unsigned i = 1; i <= 80; ++i) {
                record_event(item);
                written.store(i, std::memory_order_release);
            }
        };
        const auto read = [&] {
            work_a_little(static_cast<int>(model::random_below(400)));
            for (int i = 0; i < 8; ++i) {
                const unsigned known = written.load(std::memory_order_acquire);
                const std::uint64_t records = cmwq::traced().records;
                model::check(records >= known, "none is forgotten as the ring begins again");
                model::check(records <= 80 + 80 + 2 + 64, "none is counted that was not written, but for one ring");
                work_a_little(static_cast<int>(model::random_below(20)));
            }
            model::check(cmwq::write_trace("/dev/null"), "it is written");
        };
        together({{0, write}, {1, read}});
    });
}

/// A thread in the middle of an event goes on when that trace has ended and another one, with other rings, has begun.
TEST(recording, ends_and_begins_while_a_thread_records) {
    explore(on_cpus(2), quick, [] {
        const forget_trace after;
        nothing item;
        together({{0,
                   [&] {
                       for (int i = 0; i < 12; ++i) record_event(item);
                   }},
                  {1, [&] {
                       model::check(cmwq::start_trace(small), "it begins");
                       work_a_little();
                       model::check(cmwq::write_trace("/dev/null"), "it is written");
                       model::check(cmwq::start_trace({.threads = 2, .records_per_thread = 128}), "and again");
                       work_a_little();
                       model::check(cmwq::write_trace("/dev/null"), "it is written");
                       model::check(cmwq::start_trace(small), "with rings as before");
                       work_a_little();
                       model::check(cmwq::write_trace("/dev/null"), "it is written");
                   }}});
    });
}

}  // namespace
