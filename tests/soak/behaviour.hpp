// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "soak/world.hpp"

#include <stdexcept>
#include <thread>

namespace soak {

inline void compute_for(microseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < end) {}
}

/// What an item does besides being counted: mostly nothing; now and then it sleeps, computes, hogs a CPU, says that it
/// blocks, throws.
inline void behave(unsigned how) {
    switch (how % 4096) {
    case 0: return std::this_thread::sleep_for(milliseconds{2});
    case 1:
    case 2: return std::this_thread::sleep_for(microseconds{200});
    case 3:
    case 4: return std::this_thread::yield();
    case 5: return compute_for(microseconds{500});
    case 6: {
        const cmwq::this_worker::blocking_region blocked;
        return std::this_thread::sleep_for(microseconds{300});
    }
    case 7: ++counts.thrown; throw std::runtime_error{"soak"};
    case 8: return (how >> 12) % 16 == 0 ? compute_for(milliseconds{12}) : cmwq::this_worker::describe("soaking");
    default: return;
    }
}

}  // namespace soak
