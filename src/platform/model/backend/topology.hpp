// SPDX-License-Identifier: Apache-2.0
//
// Model backend: the CPUs are those that model::options::cpus describes, as far as the test leaves them
// (model::take_cpu).
#pragma once

#include "platform/topology.hpp"

namespace cmwq {
inline namespace v1 {
namespace platform {

/// The CPUs of this run; outside of a run one CPU. Constant during a run.
const topology& discover_topology() noexcept;

/// Those that no model::take_cpu has taken, and the quota of model::set_cpu_quota.
usable_cpus read_usable_cpus() noexcept;

/// From now on current_cpu() answers with one of these.
void use_cpus(const cpu_indices& online) noexcept;

/// Nothing to find out from a thread here.
inline void offer_as_witness() noexcept {}
inline void withdraw_as_witness() noexcept {}

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
