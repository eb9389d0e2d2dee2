// SPDX-License-Identifier: Apache-2.0
//
// The sizes of the workloads, the same for every peer, and the names by which run.py asks for them.
#pragma once

#include "affinity.hpp"
#include "blocking.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bench {

/// Where the thread that submits runs while P10 measures; its blockers come from the first CPU.
enum class submitter_place : std::uint8_t { anywhere, same_cpu, other_cpu };

struct settings {
    unsigned workers = allowed_cpus();
    std::size_t items = 1'000'000;
    unsigned tree_levels = 20;
    std::size_t pings = 1'000;
    std::size_t round_trips = 20'000;
    std::size_t warm_up_items = 20'000;
    std::size_t ring_slots = std::size_t{1} << 21;
    unsigned least_of = 1;  // P4, P5: measured so often, of which the least counts

    // Of the workloads that block.
    std::size_t mix_items = 2'000;
    std::size_t warm_up_mix = 100;  // 0: the threads that the mix needs come while the clock runs
    std::size_t probes = 180;       // P10-blocked
    std::size_t rounds = 60;        // P10-fresh
    std::size_t blockers = 1;       // P10
    block_kind kind = block_kind::condvar;
    submitter_place place = submitter_place::anywhere;
    std::size_t waiters = 64;                // P11
    std::size_t queued_items = 50'000;       // P14
    std::int64_t idle_ns = 10'000'000'000;   // P15
    std::int64_t settle_ns = 1'000'000'000;  // P15: from the work to the beginning of the idle time
    std::int64_t limit_ns = 5'000'000'000;   // P10, P11: then the answer is "not within"
    unsigned spinners = 0;                   // threads of the program that compute all the time
    bool record = false;                     // cmwq: with a trace being recorded
    bool record_exactly = false;             // cmwq: likewise, with the clock read for each event
    bool unbound = false;                    // cmwq: the unbound system queue

    // Of light load and of growth.
    std::int64_t gap_ns = 1'000'000;             // light: from one item to the next
    std::int64_t light_load_ns = 1'000'000'000;  // light: for so long
    std::size_t in_flight = 1;                   // growth-items: so many items enqueue themselves over and over
    std::size_t queues = 1;                      // growth-queues: over which the items are dealt out
};

/// Small enough for a smoke test: shows that every item runs, says nothing about time. What the command line says goes
/// before both.
inline const settings quick_settings{
    .items = 20'000,
    .tree_levels = 12,
    .pings = 20,
    .round_trips = 200,
    .warm_up_items = 1'000,
    .ring_slots = std::size_t{1} << 16,
    .mix_items = 40,
    .warm_up_mix = 4,
    .probes = 3,
    .rounds = 2,
    .waiters = 8,
    .queued_items = 2'000,
    .idle_ns = 50'000'000,
    .settle_ns = 20'000'000,
    .limit_ns = 200'000'000,
    .light_load_ns = 20'000'000,
};

/// The figures of the design that this program measures, and those of light load and of growth. P2 comes with 2 and
/// with 4 producers, P5 as one item that enqueues itself and as a chain of fresh items.
enum class workload : std::uint8_t {
    p1,
    p2_2,
    p2_4,
    p3,
    p4,
    p5_self,
    p5_chain,
    p6,
    p7,
    p8,
    p9,
    p10_blocked,
    p10_fresh,
    p11,
    p14,
    p15,
    light,
    growth_items,
    growth_queues,
};

/// The subject's threads block: a pool that can grow without limit is asked to.
constexpr bool blocks(workload which) noexcept {
    return which == workload::p9 || which == workload::p10_blocked || which == workload::p10_fresh ||
           which == workload::p11;
}

struct named_workload {
    workload value;
    std::string_view name;
};

inline constexpr std::array workloads{
    named_workload{workload::p1, "P1"},
    named_workload{workload::p2_2, "P2-2"},
    named_workload{workload::p2_4, "P2-4"},
    named_workload{workload::p3, "P3"},
    named_workload{workload::p4, "P4"},
    named_workload{workload::p5_self, "P5-self"},
    named_workload{workload::p5_chain, "P5-chain"},
    named_workload{workload::p6, "P6"},
    named_workload{workload::p7, "P7"},
    named_workload{workload::p8, "P8"},
    named_workload{workload::p9, "P9"},
    named_workload{workload::p10_blocked, "P10-blocked"},
    named_workload{workload::p10_fresh, "P10-fresh"},
    named_workload{workload::p11, "P11"},
    named_workload{workload::p14, "P14"},
    named_workload{workload::p15, "P15"},
    named_workload{workload::light, "light"},
    named_workload{workload::growth_items, "growth-items"},
    named_workload{workload::growth_queues, "growth-queues"},
};

}  // namespace bench
