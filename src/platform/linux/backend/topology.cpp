// SPDX-License-Identifier: Apache-2.0
#include "backend/topology.hpp"

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <sched.h>

namespace cmwq {
inline namespace v1 {
namespace platform {

namespace {

constexpr int max_os_cpus = 4096;
std::uint16_t index_of_os_cpu[max_os_cpus];  // zero until discovered: index 0 always exists

/// CPUs that the cgroup's bandwidth limit amounts to, rounded up; 0 = no limit. Version 2, then version 1.
int cgroup_quota_cpus() noexcept {
    long long quota = -1, period = 0;
    if (std::FILE* file = std::fopen("/sys/fs/cgroup/cpu.max", "re")) {
        const int fields = std::fscanf(file, "%lld %lld", &quota, &period);  // "max 100000" gives no number: no limit
        std::fclose(file);
        if (fields != 2) quota = -1;
    } else {
        std::FILE* quota_file = std::fopen("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "re");
        std::FILE* period_file = std::fopen("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "re");
        if (quota_file != nullptr && std::fscanf(quota_file, "%lld", &quota) != 1) quota = -1;
        if (period_file != nullptr && std::fscanf(period_file, "%lld", &period) != 1) period = 0;
        if (quota_file != nullptr) std::fclose(quota_file);
        if (period_file != nullptr) std::fclose(period_file);
    }
    if (quota <= 0 || period <= 0) return 0;
    return static_cast<int>((quota + period - 1) / period);
}

void read_affinity_mask(topology& t) noexcept {
    cpu_set_t mask;
    CPU_ZERO(&mask);
    t.nr_cpus = 0;
    if (sched_getaffinity(0, sizeof mask, &mask) == 0) {
        for (int cpu = 0; cpu < CPU_SETSIZE && t.nr_cpus < topology::max_cpus; ++cpu) {
            if (CPU_ISSET(static_cast<unsigned>(cpu), &mask)) t.cpus[t.nr_cpus++].os_index = cpu;
        }
    }
    if (t.nr_cpus == 0) {  // unreadable, or all our CPUs lie above CPU_SETSIZE: never zero
        t.cpus[0].os_index = sched_getcpu() >= 0 ? sched_getcpu() : 0;
        t.nr_cpus = 1;
    }
}

void index_cpus(const topology& t) noexcept {
    for (int cpu = 0; cpu < max_os_cpus; ++cpu) index_of_os_cpu[cpu] = static_cast<std::uint16_t>(cpu % t.nr_cpus);
    for (int index = 0; index < t.nr_cpus; ++index) {
        if (t.cpus[index].os_index < max_os_cpus) {
            index_of_os_cpu[t.cpus[index].os_index] = static_cast<std::uint16_t>(index);
        }
    }
}

struct discovered {
    topology found;
    discovered() noexcept {
        read_affinity_mask(found);
        const int quota = cgroup_quota_cpus();
        if (quota > 0 && quota < found.nr_cpus) found.nr_cpus = quota;
        for (int index = 0; index < found.nr_cpus; ++index) found.cpus[index].core = index;
        fill_in_localities(found);
        index_cpus(found);
    }
};

const topology& the_topology() noexcept {
    static const discovered once;
    return once.found;
}

}  // namespace

const topology& discover_topology() noexcept {
    return the_topology();
}

int topology_index_of(int os_cpu) noexcept {
    return os_cpu >= 0 && os_cpu < max_os_cpus ? index_of_os_cpu[os_cpu] : 0;
}

int os_index_of(int index) noexcept {
    return the_topology().cpus[index].os_index;
}

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
