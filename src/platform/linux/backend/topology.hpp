// SPDX-License-Identifier: Apache-2.0
//
// Linux backend: which CPUs there are. Built in one of two ways, chosen by file: topology_hwloc.cpp or
// topology_affinity.cpp fills in nodes and caches; topology.cpp does the rest.
#pragma once

#include "platform/topology.hpp"

#include <sched.h>

namespace cmwq {
inline namespace v1 {
namespace platform {

/// The CPUs of the machine, in an order that the first call fixes.
const topology& discover_topology() noexcept;

/// What the process may use now: what its main thread and the witness may (see offer_as_witness). Where there is no
/// witness, the calling thread stands in, unless it is one of the engine's.
usable_cpus read_usable_cpus() noexcept;

/// From now on current_cpu() answers with one of these. They are not empty. One caller at a time.
void use_cpus(const cpu_indices& online) noexcept;

/// The calling thread is pinned by nobody but the system, or whoever means the whole process: its mask says what the
/// process may use also while the program keeps its main thread on some CPU. The first one to offer is taken.
void offer_as_witness() noexcept;
/// The calling thread is about to end.
void withdraw_as_witness() noexcept;
/// In the child of a fork.
void forget_witness() noexcept;

/// The CPUs that the process might use at the last look, as a mask for the kernel.
cpu_set_t allowed_mask() noexcept;

/// Index into topology::cpus for a CPU number of the kernel; a CPU that is not in use is mapped to one that is.
int topology_index_of(int os_cpu) noexcept;

/// The kernel's number of topology::cpus[index].
int os_index_of(int index) noexcept;

/// Provided by topology_hwloc.cpp or topology_affinity.cpp: node, core and cache of each entry of `t.cpus`.
void fill_in_localities(topology& t) noexcept;

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
