// SPDX-License-Identifier: Apache-2.0
//
// What both backends say about CPUs. Plain data, filled once by discover_topology().
#pragma once

namespace cmwq {
inline namespace v1 {
namespace platform {

/// One CPU that the process may use.
struct cpu_info {
    int os_index = 0;  ///< the kernel's number, for pinning
    int node = 0;      ///< NUMA node, numbered from 0 without holes
    int core = 0;      ///< core, numbered from 0; hardware threads of one core share it
    int cache = 0;     ///< last-level cache, numbered from 0 without holes
};

/// The CPUs this process may use: affinity mask, cut to the cgroup's quota (rounded up), never empty.
/// current_cpu() answers with an index into `cpus`.
struct topology {
    static constexpr int max_cpus = 1024;
    int nr_cpus = 1;
    cpu_info cpus[max_cpus];
};

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
