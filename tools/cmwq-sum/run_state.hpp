// SPDX-License-Identifier: Apache-2.0
//
// What all work items of one run share: the request to stop, and what has been done so far. The counters are relaxed:
// they are shown to people, and nothing is decided by them.
#pragma once

#include "gauge.hpp"

#include <atomic>
#include <cstdint>

namespace cmwq_sum {

enum class stop_reason : int { none, signal, broken_pipe, output_failed };

class run_state {
public:
    /// The first reason counts. `detail` is the signal's number or the errno.
    void request_stop(stop_reason reason, int detail) noexcept {
        auto expected = encoded(stop_reason::none, 0);
        stop_.compare_exchange_strong(expected, encoded(reason, detail), std::memory_order_relaxed);
    }
    bool stop_requested() const noexcept { return why_stopped() != stop_reason::none; }
    stop_reason why_stopped() const noexcept { return stop_reason{stop_.load(std::memory_order_relaxed) & 0xff}; }
    int stop_detail() const noexcept { return stop_.load(std::memory_order_relaxed) >> 8; }

    std::atomic<std::uint64_t> files{0};        ///< Files whose checksum is known.
    std::atomic<std::uint64_t> bytes{0};        ///< Bytes hashed, those of unfinished files included.
    std::atomic<std::uint64_t> directories{0};  ///< Directories read.
    std::atomic<std::uint64_t> failures{0};     ///< Files and directories that could not be read.
    std::atomic<std::uint64_t> skipped{0};      ///< FIFOs, sockets and devices found in trees.
    std::atomic<std::uint64_t> lines{0};        ///< Checksums written to standard output.
    std::atomic<std::uint64_t> items_run{0};    ///< Work items whose function returned.
    gauge items_in_flight;                      ///< Work items enqueued whose function has not returned.
    gauge window;                               ///< Bytes of batches cut and not printed; they wait for a file before.

private:
    static constexpr int encoded(stop_reason reason, int detail) noexcept {
        return static_cast<int>(reason) | (detail << 8);
    }
    std::atomic<int> stop_{encoded(stop_reason::none, 0)};
};

}  // namespace cmwq_sum
