// SPDX-License-Identifier: Apache-2.0
//
// The CPUs that this process may use, and a thread's place on them.
#pragma once

#include <cmwq/cmwq.hpp>

#include <algorithm>
#include <pthread.h>
#include <sched.h>
#include <vector>

namespace support {

/// The kernel's numbers of the CPUs that the calling thread may use now.
inline std::vector<int> allowed_cpus() {
    cpu_set_t mask;
    CPU_ZERO(&mask);
    sched_getaffinity(0, sizeof mask, &mask);
    std::vector<int> found;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (CPU_ISSET(static_cast<unsigned>(cpu), &mask)) {
            found.push_back(cpu);
        }
    }
    return found;
}

/// Of the process at its beginning, before a thread was pinned. The library numbers CPUs by their places in it.
inline const std::vector<int> process_cpus = allowed_cpus();

/// The library's number of the CPU that the caller runs on; -1: not one of process_cpus.
inline int cpu_here() {
    const auto here = std::find(process_cpus.begin(), process_cpus.end(), sched_getcpu());
    return here == process_cpus.end() ? -1 : static_cast<int>(here - process_cpus.begin());
}

/// Makes the library look at the machine now: it does so once per process, from the thread that comes first.
inline void discover_machine() {
    (void)cmwq::system_unbound().try_spawn([] {});
    cmwq::system_unbound().flush();
}

/// Keeps the calling thread on one CPU while it exists, so that all its items go to that CPU's pool.
class pinned_to {
public:
    explicit pinned_to(int cpu) {
        discover_machine();
        pthread_getaffinity_np(pthread_self(), sizeof former_, &former_);
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(static_cast<unsigned>(cpu), &one);
        pthread_setaffinity_np(pthread_self(), sizeof one, &one);
    }
    ~pinned_to() { pthread_setaffinity_np(pthread_self(), sizeof former_, &former_); }
    pinned_to(const pinned_to&) = delete;
    pinned_to& operator=(const pinned_to&) = delete;

private:
    cpu_set_t former_;
};

}  // namespace support
