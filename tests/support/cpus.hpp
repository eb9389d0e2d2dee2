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

/// Of the process at its beginning, before a thread was pinned.
inline const std::vector<int> process_cpus = allowed_cpus();

/// Makes the library look at the machine now: it does so once per process, from the thread that comes first.
inline void discover_machine() {
    (void)cmwq::system_unbound().try_spawn([] {});
    cmwq::system_unbound().flush();
}

namespace detail {

/// Where the first item that is enqueued to the CPU runs.
inline int find_number_of(int cpu) {
    struct probe : cmwq::work<probe> {
        static void run(probe& self) { self.ran_on = sched_getcpu(); }
        int ran_on = -1;
    } one;
    const auto wq = cmwq::make_queue(cmwq::percpu{.name = "finds a CPU"});
    (void)wq->enqueue_on(cpu, one);
    wq->flush();
    return one.ran_on;
}

inline std::vector<int> find_cpu_numbers() {
    const int count = cmwq::nr_cpus();
    if (count == static_cast<int>(process_cpus.size())) {
        return process_cpus;
    }
    std::vector<int> found;
    for (int cpu = 0; cpu < count; ++cpu) {
        found.push_back(find_number_of(cpu));
    }
    return found;
}

}  // namespace detail

/// The kernel's numbers of the library's CPUs: those that the process began with, in their order. Where a quota leaves
/// a part of them it is not said which, and in which order: then what is checked is that each is always the same.
inline const std::vector<int>& cpu_numbers() {
    static const std::vector<int> found = detail::find_cpu_numbers();
    return found;
}

/// The library's number of the CPU that the caller runs on; -1: it has none.
inline int cpu_here() {
    const auto& all = cpu_numbers();
    const auto here = std::find(all.begin(), all.end(), sched_getcpu());
    return here == all.end() ? -1 : static_cast<int>(here - all.begin());
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
