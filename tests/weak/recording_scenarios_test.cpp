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

void record_events(nothing& item, int count) {
    for (int i = 0; i < count; ++i) engine::record(engine::trace_event::enqueue, item, engine::access::kind(item), 1);
}

TEST(recording, is_read_whole_while_its_ring_goes_round) {
    explore(on_cpus(2), quick, [] {
        const forget_trace after;
        nothing item;
        model::check(cmwq::start_trace(small), "it begins");
        together({{0, [&] { record_events(item, 80); }},
                  {1, [&] {
                       std::uint64_t seen = 0;
                       for (int i = 0; i < 3; ++i) {
                           work_a_little(20);
                           const std::uint64_t records = cmwq::traced().records;
                           model::check(records + 64 >= seen, "it only grows, but for the ring counted once too often");
                           seen = records;
                       }
                       model::check(cmwq::write_trace("/dev/null"), "it is written");
                   }}});
    });
}

/// A thread in the middle of an event goes on when that trace has ended and another one, with other rings, has begun.
TEST(recording, ends_and_begins_while_a_thread_records) {
    explore(on_cpus(2), quick, [] {
        const forget_trace after;
        nothing item;
        together({{0, [&] { record_events(item, 12); }},
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
