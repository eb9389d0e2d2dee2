// SPDX-License-Identifier: Apache-2.0
//
// What the process holds while nothing runs, and whether that grows.
#pragma once

#include "support/sanitizers.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <malloc.h>
#include <unistd.h>
#include <vector>

namespace soak {

struct footprint {
    std::size_t resident = 0;     ///< bytes
    std::size_t heap_in_use = 0;  ///< bytes that malloc has given and not got back
    std::size_t threads = 0;
    std::size_t descriptors = 0;
};

inline std::size_t entries_of(const char* folder) {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator{folder}, std::filesystem::directory_iterator{}));
}

inline footprint footprint_now() {
    std::size_t pages = 0;
    std::ifstream{"/proc/self/statm"} >> pages >> pages;  // the second figure
    const auto page_size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return {pages * page_size, mallinfo2().uordblks, entries_of("/proc/self/task"), entries_of("/proc/self/fd")};
}

/// The footprints of all laps.
class footprints {
public:
    void add(const footprint& now) { all_.push_back(now); }

    /// After the first quarter, in which caches and pools fill: the most of the second half is no more than the most
    /// before it, and a little.
    bool are_flat() const {
        const bool heap = is_flat("heap in use", &footprint::heap_in_use, std::size_t{1} << 20);
        const bool descriptors = is_flat("descriptors", &footprint::descriptors, 64);
        const bool resident = is_flat("resident", &footprint::resident, std::size_t{16} << 20);
        return support::sanitized || (heap && descriptors && resident);  // sanitizers keep what is freed
    }

private:
    bool is_flat(const char* what, std::size_t footprint::*figure, std::size_t allowance) const {
        const std::size_t before = most(all_.size() / 4, all_.size() / 2, figure);
        const std::size_t after = most(all_.size() / 2, all_.size(), figure);
        std::printf("%-12s at most %zu in the second quarter, %zu in the second half (allowed: %zu more)\n", what,
                    before, after, allowance);
        return after <= before + allowance;
    }

    std::size_t most(std::size_t from, std::size_t to, std::size_t footprint::*figure) const {
        std::size_t found = 0;
        for (std::size_t i = from; i < to; ++i) found = std::max(found, all_[i].*figure);
        return found;
    }

    std::vector<footprint> all_;
};

}  // namespace soak
