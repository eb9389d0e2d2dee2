// SPDX-License-Identifier: Apache-2.0
//
// What a program may ask about the CPUs.
#include "engine/locking.hpp"

#include <cmwq/cpus.hpp>

namespace cmwq {
inline namespace v1 {

int nr_cpus() noexcept {
    return platform::discover_topology().nr_cpus;
}

int node_of_cpu(int cpu) noexcept {
    const platform::topology& all = platform::discover_topology();
    return cpu >= 0 && cpu < all.nr_cpus ? all.cpus[cpu].node : -1;
}

}  // namespace v1
}  // namespace cmwq
