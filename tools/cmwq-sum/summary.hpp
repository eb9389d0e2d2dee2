// SPDX-License-Identifier: Apache-2.0
//
// The figures at the end of a run, for people and for programs.
#pragma once

#include "options.hpp"
#include "run_state.hpp"

#include <cmwq/runtime.hpp>

#include <chrono>
#include <cstdint>
#include <string>

namespace cmwq_sum {

struct summary {
    std::uint64_t files, bytes, directories, failures, skipped, lines;
    std::uint64_t items_run, most_items_in_flight, most_bytes_waiting, workers_created;
    double wall_seconds, user_seconds, system_seconds;
    const char* queue;
    int jobs;
    int exit_status;
};

/// Context: after pipeline::close, so that nothing counts any more.
summary summarize(const run_state& state, const options& chosen, std::chrono::steady_clock::time_point began,
                  int exit_status);

std::string as_text(const summary& s);
std::string as_json(const summary& s);

}  // namespace cmwq_sum
