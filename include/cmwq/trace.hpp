// SPDX-License-Identifier: Apache-2.0
//
// What the program's items do, as a picture: which ran when, where and how long, and when they were enqueued.
//
//     cmwq::start_trace();
//     … the part of the program that is of interest …
//     cmwq::write_trace("items.json");  // open it in https://ui.perfetto.dev or chrome://tracing
//
// Without a change to the program: CMWQ_TRACE=items.json in its environment. Guide: docs/guide/seeing-what-it-does.md.
#pragma once

#include <cmwq/fwd.hpp>

#include <cstddef>
#include <cstdint>

namespace cmwq {
inline namespace v1 {

/// How much is kept, and how exactly. All memory is taken by start_trace.
struct trace_options {
    /// So many threads can be followed: workers, and others that enqueue. At most 1024.
    unsigned threads = 64;
    /// So many records of 16 bytes are kept of each thread, the newest; rounded up to a power of two. An item needs two
    /// or three.
    std::size_t records_per_thread = 16384;
    /// The clock is read for each event. Otherwise one reading may cover up to eight events of a thread, as long as
    /// such eight come within a microsecond; it costs less than half.
    bool exact = false;
};

/// What the last trace came to, or this one so far.
struct trace_counts {
    std::uint64_t records = 0;      ///< written, those that are overwritten by now included
    std::uint64_t overwritten = 0;  ///< of these: the thread went on, and its buffer was full
    std::uint64_t missed = 0;       ///< events of threads for which no buffer was left
};

/// From now on the items of all runtimes are recorded; what was recorded before is forgotten. False: a trace is being
/// recorded already, or there is no memory for it. Context: any thread; not in a work function.
CMWQ_EXPORT bool start_trace(const trace_options& options = {}) noexcept;
/// Nothing is recorded any more; what was is kept for write_trace. False: nothing was being recorded. Context: any
/// thread, while items run; waits for threads that are writing a record.
CMWQ_EXPORT bool stop_trace() noexcept;
/// Writes the last trace to a file, as JSON that chrome://tracing and Perfetto read; ends it first if need be. False:
/// there is none, or the file cannot be written. Lifetime: the queues and items may be gone, the classes of items (and
/// the shared libraries that define them) may not. Context: any thread, while items run.
CMWQ_EXPORT bool write_trace(const char* file_name) noexcept;
/// How much was recorded. Context: any thread.
CMWQ_EXPORT trace_counts traced() noexcept;

}  // namespace v1
}  // namespace cmwq
