// SPDX-License-Identifier: Apache-2.0
//
// Linux backend: what the kernel says about one of our threads.
#pragma once

#include "platform/task_state.hpp"

#include <chrono>

namespace cmwq {
inline namespace v1 {
namespace platform {

/// State of a thread of this process, read from /proc; no privilege. The file is opened anew: five sixths of the price.
task_state task_state_of(int thread_id) noexcept;

/// The same for one reader who asks about the same few threads again and again: it keeps their files open. All readers
/// of the process together keep no more than 32: a table of descriptors that outgrows 64 stalls a threaded process for
/// 10-27 ms. A kept file is read with pread: should the program close descriptors that are not its own, and the number
/// become another file's, that file's offset and data stay as they are.
class task_state_reader {
public:
    constexpr task_state_reader() noexcept = default;
    ~task_state_reader() { close_files(); }
    task_state_reader(const task_state_reader&) = delete;
    task_state_reader& operator=(const task_state_reader&) = delete;

    task_state state_of(int thread_id) noexcept;
    /// Also in the child of a fork, where the files are those of the parent's threads.
    void close_files() noexcept;

private:
    struct kept_file {
        int thread_id = 0;
        int file = -1;
    };
    static constexpr unsigned most_files = 16;

    kept_file* file_of(int thread_id) noexcept;
    static void close_file(kept_file& kept) noexcept;

    kept_file kept_[most_files];
    unsigned next_ = 0;  ///< the one to be replaced
};

/// Where the thread stands in the kernel, as text for a report: wait channel and system call, or that it runs.
void describe_place(int thread_id, char (&text)[256]) noexcept;

/// CPU time that the thread has used so far; zero when it cannot be had.
std::chrono::nanoseconds cpu_time_of(int thread_id) noexcept;

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
