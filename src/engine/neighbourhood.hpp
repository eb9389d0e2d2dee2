// SPDX-License-Identifier: Apache-2.0
//
// Whose work a worker with nothing to do looks for: that of a few CPUs near each other, and not of the whole machine.
// So what a look, a promise to look and the question who looks cost does not depend on how many CPUs there are.
// Protocol page: docs/design/wake.md; what it was before: docs/adr/0016-neighbourhoods.md.
#pragma once

#include "engine/stats.hpp"

#include <cstdint>

namespace cmwq {
inline namespace v1 {
namespace engine {

struct neighbourhood {
    /// As many as a thief looks at. Up to so many CPUs are all neighbours.
    static constexpr int most_cpus = 8;

    // On a line of its own: thieves write it, each enqueuer of the neighbourhood reads it.
    alignas(cache_line) atomic<int> nr_looking{0};  // A(idle): workers awake that take from any pool of these CPUs

    alignas(cache_line) int index = 0;   // I: in its scope
    int size = 0;                        // I
    std::uint16_t cpus[most_cpus] = {};  // I: in ascending order

    alignas(cache_line) local_statistics counters;

    /// Round and round.
    int cpu_at(int position) const noexcept { return cpus[position % size]; }
};

/// For each CPU, which neighbourhood it belongs to.
struct neighbourhood_map {
    int count = 0;
    std::uint16_t of[platform::topology::max_cpus] = {};
};

/// CPUs of a cache come together, then those of a node; small caches share one, large ones are cut evenly. The first
/// `nr_in_use` do not share one with those behind them: those may never be ours.
neighbourhood_map map_neighbourhoods(const platform::topology& machine, int nr_in_use) noexcept;

/// One for each number of the map. Null: no memory.
neighbourhood* create_neighbourhoods(const neighbourhood_map& map, int nr_cpus) noexcept;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
