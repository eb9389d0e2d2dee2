// SPDX-License-Identifier: Apache-2.0
//
// What both backends say about CPUs. Plain data: which there are is found out once, which may be used at each look.
#pragma once

#include <cstdint>

namespace cmwq {
inline namespace v1 {
namespace platform {

/// One CPU that the process may use, or may come to use.
struct cpu_info {
    int os_index = 0;  ///< the kernel's number, for pinning
    int node = 0;      ///< NUMA node, numbered from 0 without holes
    int core = 0;      ///< core, numbered from 0; hardware threads of one core share it
    int cache = 0;     ///< last-level cache, numbered from 0 without holes
};

/// The CPUs of the machine, those first that the process might use when it first looked; never empty. All numbers of
/// CPUs in the engine are indices into `cpus`.
struct topology {
    static constexpr int max_cpus = 1024;
    int nr_cpus = 1;
    cpu_info cpus[max_cpus];
};

/// A set of them.
struct cpu_indices {
    static constexpr int nr_words = topology::max_cpus / 64;
    std::uint64_t words[nr_words] = {};

    constexpr void add(int cpu) noexcept { words[cpu / 64] |= std::uint64_t{1} << (cpu % 64); }
    constexpr bool contains(int cpu) const noexcept { return (words[cpu / 64] >> (cpu % 64) & 1) != 0; }
    constexpr bool empty() const noexcept { return *this == cpu_indices{}; }
    friend constexpr bool operator==(const cpu_indices&, const cpu_indices&) noexcept = default;
};

/// What the system lets the process use at a moment.
struct usable_cpus {
    cpu_indices allowed;  ///< by affinity mask and CPU set, of those that are online; empty where it cannot be read
    int quota = 0;        ///< so many at a time, by the control group's quota; 0: no limit
};

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
