// SPDX-License-Identifier: Apache-2.0
//
// Linux backend: which CPUs there are. Built in one of two ways, chosen by file: topology_hwloc.cpp or
// topology_affinity.cpp fills in nodes and caches; topology.cpp does the rest.
#pragma once

#include "platform/topology.hpp"

namespace cmwq {
inline namespace v1 {
namespace platform {

/// The CPUs of the process as they are now. The first call also fixes what current_cpu() answers.
const topology& discover_topology() noexcept;

/// Index into topology::cpus for a CPU number of the kernel; a CPU that is not ours is mapped to one that is.
int topology_index_of(int os_cpu) noexcept;

/// The kernel's number of topology::cpus[index].
int os_index_of(int index) noexcept;

/// Provided by topology_hwloc.cpp or topology_affinity.cpp: node, core and cache of each entry of `t.cpus`.
void fill_in_localities(topology& t) noexcept;

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
