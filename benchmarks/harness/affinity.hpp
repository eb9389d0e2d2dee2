// SPDX-License-Identifier: Apache-2.0
//
// Which CPUs this process may use, and how a floor pins its threads to them and spins there. Peers are never pinned.
#pragma once

#include <sched.h>

namespace bench {

/// As the process was started: the first caller is the main thread, before anybody is pinned.
inline const cpu_set_t& allowed_at_start() noexcept {
    static const cpu_set_t allowed = [] {
        cpu_set_t now;
        CPU_ZERO(&now);
        sched_getaffinity(0, sizeof now, &now);
        return now;
    }();
    return allowed;
}

inline unsigned allowed_cpus() noexcept {
    return static_cast<unsigned>(CPU_COUNT(&allowed_at_start()));
}

/// Pins the calling thread to the allowed CPU number `index`, the last one if there are not so many.
inline void pin_to_allowed_cpu(unsigned index) noexcept {
    const cpu_set_t& allowed = allowed_at_start();
    cpu_set_t one;
    CPU_ZERO(&one);
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (CPU_ISSET(cpu, &allowed)) {
            CPU_ZERO(&one);
            CPU_SET(cpu, &one);
            if (index-- == 0) {
                break;
            }
        }
    }
    sched_setaffinity(0, sizeof one, &one);
}

/// Says to the CPU that this is a spin loop.
inline void relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

}  // namespace bench
