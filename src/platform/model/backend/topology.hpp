// SPDX-License-Identifier: Apache-2.0
//
// Model backend: the CPUs are those that model::options::cpus describes.
#pragma once

#include "platform/topology.hpp"

namespace cmwq {
inline namespace v1 {
namespace platform {

/// The CPUs of this run; outside of a run one CPU. Constant during a run.
const topology& discover_topology() noexcept;

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
