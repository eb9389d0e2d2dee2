// SPDX-License-Identifier: Apache-2.0
//
// Model backend: what the scheduler knows about one thread of a run.
#pragma once

#include "backend/fiber_stack.hpp"

#include <cstdint>
#include <functional>
#include <limits>

namespace cmwq {
inline namespace v1 {
namespace model {
namespace detail {

/// Why a fiber cannot run.
enum class waiting_for : std::uint8_t { nothing, mutex, token, thread, sleep, burn, turn };

constexpr std::int64_t no_deadline = std::numeric_limits<std::int64_t>::max();

struct fiber {
    int id = 0;  ///< from 1, in order of starting
    char name[32] = "";
    fiber_stack stack;
    fiber_context context;
    void (*entry)(void*) = nullptr;
    void* argument = nullptr;
    std::function<void()> body;  ///< of a thread that the test spawned

    bool fresh = true;  ///< has been chosen for its first step, which is then no choice any more
    bool finished = false;
    int runnable_index = -1;  ///< position in the scheduler's list, -1: not runnable
    waiting_for reason = waiting_for::nothing;
    const void* wait_object = nullptr;    ///< mutex, parker
    int wait_thread = 0;                  ///< thread to join
    std::int64_t deadline = no_deadline;  ///< virtual nanoseconds
    std::uint64_t held_up_until = 0;      ///< waiting_for::turn: the step

    std::uint64_t priority = 0;  ///< pct: the highest runs
    bool demoted = false;        ///< pct: yielded since it last waited
    std::uint32_t yields = 0;    ///< since that change of who can run
    std::uint64_t yields_since = 0;
    int cpu = 0;
    bool pinned = false;
    bool idle_policy = false;
    std::int64_t cpu_time = 0;
    std::int64_t burn_left = 0;  ///< with options::share_cpus
    void* slot = nullptr;
    void* trace_slot = nullptr;
};

}  // namespace detail
}  // namespace model
}  // namespace v1
}  // namespace cmwq
