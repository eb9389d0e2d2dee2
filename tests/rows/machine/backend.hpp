// SPDX-License-Identifier: Apache-2.0
//
// The words of the row tests on the machine: real threads, the real clock. Each body runs once.
#pragma once

#include "support/cpus.hpp"
#include "support/gate.hpp"
#include "support/when_waiting.hpp"

#include <chrono>
#include <functional>
#include <thread>

namespace rows {

using std::chrono::nanoseconds;
using support::eventually;
using support::gate;
using support::when_maker_waits;
using time_point = std::chrono::steady_clock::time_point;

/// Joined at the end of its life, or earlier.
using thread = std::jthread;

inline void show(const std::function<void()>& body) {
    body();
}

/// As show. The machine has the nodes that it has.
inline void show_on_two_nodes(const std::function<void()>& body) {
    body();
}

inline time_point now() {
    return std::chrono::steady_clock::now();
}

/// Blocks.
inline void sleep_for(nanoseconds time) {
    std::this_thread::sleep_for(time);
}

/// Keeps its CPU busy.
inline void compute_for(nanoseconds time) {
    const time_point until = now() + time;
    while (now() < until) {}
}

/// Others may go on here, as anywhere.
inline void step_aside() {}

/// Does the caller run on the CPU with this index?
inline bool runs_on(int cpu) {
    return support::cpu_here() == cpu;
}

}  // namespace rows
