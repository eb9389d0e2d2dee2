// SPDX-License-Identifier: Apache-2.0
//
// The sizes of the workloads, the same for every peer, and the names by which run.py asks for them.
#pragma once

#include "affinity.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bench {

struct settings {
    unsigned workers = allowed_cpus();
    std::size_t items = 1'000'000;
    unsigned tree_levels = 20;
    std::size_t pings = 1'000;
    std::size_t round_trips = 20'000;
    std::size_t warm_up_items = 20'000;
    std::size_t ring_slots = std::size_t{1} << 21;
};

/// Small enough for a smoke test: shows that every item runs, says nothing about time.
inline const settings quick_settings{
    .items = 20'000,
    .tree_levels = 12,
    .pings = 20,
    .round_trips = 200,
    .warm_up_items = 1'000,
    .ring_slots = std::size_t{1} << 16,
};

/// The figures of the design that this program measures. P2 comes with 2 and with 4 producers, P5 as one item that
/// enqueues itself and as a chain of fresh items.
enum class workload : std::uint8_t { p1, p2_2, p2_4, p3, p4, p5_self, p5_chain, p6, p7, p8 };

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
};

}  // namespace bench
