// SPDX-License-Identifier: Apache-2.0
//
// What the program's items do, as a picture: docs/guide/seeing-what-it-does.md.
#pragma once

#include <cmwq/fwd.hpp>

#include <cstdint>

namespace cmwq {
inline namespace v1 {

/// How much is kept, and how exactly. start_trace takes all the memory, 16 bytes for each record.
struct trace_options {
    unsigned threads = 64;                ///< that can be followed: workers, and others that enqueue; at most 1024
    unsigned records_per_thread = 16384;  ///< the newest; a power of two, or rounded up. An item needs two or three
    bool exact = false;  ///< reads the clock for each event, and not once for up to 16 of a thread within 1 µs
};

/// What the last trace came to, or this one so far.
struct trace_counts {
    std::uint64_t records = 0;      ///< written, those that are overwritten by now included
    std::uint64_t overwritten = 0;  ///< of these: the buffer was full, and the thread went on
    std::uint64_t missed = 0;       ///< events of threads for which there was no buffer
};

/// From now on the items of all runtimes are recorded; what was recorded before is forgotten. False: one is being
/// recorded already, or there is no memory for it. Context: any thread.
CMWQ_EXPORT bool start_trace(const trace_options& options = {}) noexcept;
/// Nothing is recorded any more; what was is kept. False: nothing was being recorded. Context: any thread.
CMWQ_EXPORT bool stop_trace() noexcept;
/// Writes the last trace as JSON for Perfetto; stops it first. False: there is none, or the file cannot be written.
/// Lifetime: queues and items may be gone, the libraries that define the items' classes not. Context: any thread.
CMWQ_EXPORT bool write_trace(const char* file_name) noexcept;
/// How much was recorded. Context: any thread.
CMWQ_EXPORT trace_counts traced() noexcept;

}  // namespace v1
}  // namespace cmwq
