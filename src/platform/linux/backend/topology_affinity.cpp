// SPDX-License-Identifier: Apache-2.0
//
// Without hwloc: one node, one cache, each CPU a core. Pools and their order still come from the affinity mask.
#include "backend/topology.hpp"

namespace cmwq {
inline namespace v1 {
namespace platform {

void fill_in_localities(topology&) noexcept {}

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
