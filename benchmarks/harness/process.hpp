// SPDX-License-Identifier: Apache-2.0
//
// What the kernel says about this process: its threads, context switches, the CPU time of threads by name, its memory.
#pragma once

#include "clock.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <malloc.h>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bench {

/// Threads of this process. The kernel keeps the number in the link count of the directory, so that asking costs one
/// system call however many there are; workloads that want the most ask again and again.
inline std::size_t threads_now() noexcept {
    struct stat tasks {};
    return stat("/proc/self/task", &tasks) == 0 ? tasks.st_nlink - 2 : 0;
}

inline long context_switches(int whose = RUSAGE_SELF) noexcept {
    rusage usage{};
    getrusage(whose, &usage);
    return usage.ru_nvcsw + usage.ru_nivcsw;
}

/// CPU time in nanoseconds that the living threads have used whose names begin with `prefix`, and how many they are.
struct named_threads {
    std::size_t count = 0;
    double cpu_ns = 0;
};

inline named_threads threads_named(std::string_view prefix) {
    named_threads found;
    std::error_code gone;  // a thread may end while we look
    for (const auto& task : std::filesystem::directory_iterator{"/proc/self/task", gone}) {
        std::string name;
        std::getline(std::ifstream{task.path() / "comm"} >> std::ws, name);
        if (!name.starts_with(prefix)) {
            continue;
        }
        double on_cpu = 0;
        std::ifstream{task.path() / "schedstat"} >> on_cpu;
        ++found.count;
        found.cpu_ns += on_cpu;
    }
    return found;
}

/// Bytes that malloc has handed out, in all its arenas.
inline double heap_bytes() noexcept {
    const struct mallinfo2 now = mallinfo2();
    return static_cast<double>(now.uordblks) + static_cast<double>(now.hblkhd);
}

inline double resident_bytes() {
    double size = 0;
    double resident = 0;
    std::ifstream{"/proc/self/statm"} >> size >> resident;
    return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

}  // namespace bench
