// SPDX-License-Identifier: Apache-2.0
//
// Where the items of an unbound or ordered queue may run, to be changed while they flow:
//
//     (void)wq.apply_attributes({.cpus = cmwq::cpu_mask::of({0, 1}), .affinity = cmwq::affinity_scope::numa});
//
// CPUs are named by their index (cpus.hpp).
#pragma once

#include <cmwq/cpus.hpp>

#include <cstdint>

namespace cmwq {
inline namespace v1 {

/// Which CPUs count as near to each other: an item runs near where it was enqueued. From `cpu` (most local) to `system`
/// (anywhere).
enum class affinity_scope : std::uint8_t {
    by_default,   ///< What the runtime was told: runtime_options::default_affinity.
    cpu,          ///< Each CPU for itself.
    smt,          ///< The hardware threads of one core.
    cache,        ///< The CPUs behind one last-level cache.
    cache_shard,  ///< A part of a large last-level cache: about 8 cores, whose hardware threads stay together.
    numa,         ///< The CPUs of one NUMA node.
    system,       ///< All CPUs.
};

/// What an unbound or ordered queue can be told about where its items run.
struct attributes {
    /// The only CPUs that its items run on. Empty: all that the runtime gives to unbound queues
    /// (runtime_options::unbound_cpus). If it gives none of those named, it counts as empty.
    cpu_mask cpus{};
    /// Which CPUs count as near.
    affinity_scope affinity = affinity_scope::by_default;
    /// The scope is a bound: items run near the CPU that enqueued them, never elsewhere. Otherwise they start near it
    /// and go where there is room. Where none of the near CPUs is named in `cpus`, the nearest one named stands in.
    bool affinity_strict = false;

    /// The same wishes.
    friend constexpr bool operator==(const attributes&, const attributes&) noexcept = default;
};

}  // namespace v1
}  // namespace cmwq
