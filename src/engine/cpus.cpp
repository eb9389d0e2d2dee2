// SPDX-License-Identifier: Apache-2.0
//
// What a program may ask and say about the CPUs.
#include "engine/fork.hpp"
#include "engine/online_cpus.hpp"

#include <cmwq/cpus.hpp>

namespace cmwq {
inline namespace v1 {

int nr_cpus() noexcept {
    return engine::online_cpus::instance().count();
}

bool cpu_online(int cpu) noexcept {
    return cpu >= 0 && cpu < nr_cpus() && engine::online_cpus::instance().contains(cpu);
}

int node_of_cpu(int cpu) noexcept {
    return cpu >= 0 && cpu < nr_cpus() ? platform::discover_topology().cpus[cpu].node : -1;
}

bool refresh_cpus() noexcept {
    (void)nr_cpus();
    if (!engine::online_cpus::instance().refresh()) return false;
    engine::follow_cpus_everywhere();
    return true;
}

}  // namespace v1
}  // namespace cmwq
