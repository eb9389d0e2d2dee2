// SPDX-License-Identifier: Apache-2.0
//
// Time as the benchmarks read it: wall clock, the CPU time of the process and of the calling thread, all in
// nanoseconds.
#pragma once

#include <cstdint>
#include <ctime>

namespace bench {

inline std::int64_t read_clock(clockid_t clock) noexcept {
    timespec now{};
    clock_gettime(clock, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

inline std::int64_t now_ns() noexcept {
    return read_clock(CLOCK_MONOTONIC);
}

inline std::int64_t process_cpu_ns() noexcept {
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

inline std::int64_t thread_cpu_ns() noexcept {
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

inline void sleep_ns(long nanoseconds) noexcept {
    const timespec length{nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
    nanosleep(&length, nullptr);
}

}  // namespace bench
