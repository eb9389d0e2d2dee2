// SPDX-License-Identifier: Apache-2.0
#include "backend/task_files.hpp"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>

namespace cmwq {
inline namespace v1 {
namespace platform {

namespace {

constexpr int few_files = 32, many_files = 128;
constexpr int wide_table = 256;  ///< the kernel's next size after 64 that has room for many_files and the program's

/// How many files may be kept, how many are, and how many looks found no room. Nothing is published by them: relaxed.
constinit std::atomic<int> most_files{few_files};
constinit std::atomic<int> nr_files{0};
constinit std::atomic<unsigned> nr_misses{0};

bool take_room() noexcept {
    if (nr_files.fetch_add(1, std::memory_order_relaxed) < most_files.load(std::memory_order_relaxed)) return true;
    nr_files.fetch_sub(1, std::memory_order_relaxed);
    return false;
}

/// One reader at a time; whoever finds another one at it opens the file anew.
struct kept_file {
    std::atomic<bool> in_use{false};
    int thread_id = 0;  // under in_use
    int file = -1;      // under in_use

    // sync task_files.1: acquire read-modify-write; pairs with task_files.2; sees thread_id and file
    bool enter() noexcept { return !in_use.exchange(true, std::memory_order_acquire); }
    // sync task_files.2: release; pairs with task_files.1; publishes thread_id and file
    void leave() noexcept { in_use.store(false, std::memory_order_release); }

    void close_it() noexcept {
        if (const int was = forget_it(); was >= 0) close(was);
    }

    int forget_it() noexcept {
        if (file >= 0) nr_files.fetch_sub(1, std::memory_order_relaxed);
        return std::exchange(file, -1);
    }

    bool open_it(int of) noexcept {
        thread_id = of;
        file = open_task_file(of, "syscall");
        if (file >= 0) return true;
        nr_files.fetch_sub(1, std::memory_order_relaxed);
        return false;
    }
};

/// By the thread's id. The ids of a process's threads mostly follow each other, so each of 128 has a place of its own.
constinit kept_file files[many_files];

kept_file& place_of(int thread_id) noexcept {
    return files[static_cast<unsigned>(thread_id) % many_files];
}

void close_if_unused(kept_file& kept) noexcept {
    if (!kept.enter()) return;
    kept.close_it();
    kept.leave();
}

/// Makes room, in time, for threads that live. Not at each miss: workers block in turn, so that with one more of them
/// than files no file would be met again.
void close_one_now_and_then() noexcept {
    const unsigned missed = nr_misses.fetch_add(1, std::memory_order_relaxed);
    if (missed % 8 == 0) close_if_unused(files[missed / 8 % many_files]);
}

/// Does a file of /proc about a thread fail so? The thread has ended, or may not be asked any more, or not now.
bool is_of_proc(int error) noexcept {
    return error == ESRCH || error == EPERM || error == EACCES || error == EINTR || error == ENOMEM;
}

/// By whoever has entered.
bool is_open_for(kept_file& kept, int thread_id) noexcept {
    if (kept.file >= 0 && kept.thread_id == thread_id) return true;
    kept.close_it();
    if (take_room()) return kept.open_it(thread_id);
    close_one_now_and_then();
    return false;
}

}  // namespace

int open_task_file(int thread_id, const char* name) noexcept {
    char path[64];
    std::snprintf(path, sizeof path, "/proc/self/task/%d/%s", thread_id, name);
    return open(path, O_RDONLY | O_CLOEXEC);
}

std::size_t read_kept_file(int thread_id, char* text, std::size_t size) noexcept {
    kept_file& kept = place_of(thread_id);
    if (!kept.enter()) return 0;
    const ssize_t length = is_open_for(kept, thread_id) ? pread(kept.file, text, size, 0) : 0;
    if (length < 0 && is_of_proc(errno)) kept.close_it();
    // Should the program have closed descriptors that are not its own, the number may be another file's by now: that
    // file stays open, and pread left its offset as it was.
    if (length <= 0) (void)kept.forget_it();
    kept.leave();
    return length > 0 ? static_cast<std::size_t>(length) : 0;
}

void widen_file_table() noexcept {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < rlim_t{8} * many_files) return;
    const int low = open("/", O_PATH | O_CLOEXEC);
    if (low < 0) return;
    const int high = fcntl(low, F_DUPFD_CLOEXEC, wide_table - 1);
    close(low);
    if (high < 0) return;
    close(high);
    most_files.store(many_files, std::memory_order_relaxed);
}

void close_task_files() noexcept {
    for (kept_file& kept : files) close_if_unused(kept);
}

void forget_task_files() noexcept {
    for (kept_file& kept : files) {
        kept.in_use.store(false, std::memory_order_relaxed);  // a reader of the parent's is not here
        kept.close_it();
    }
    most_files.store(few_files, std::memory_order_relaxed);
}

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
