// SPDX-License-Identifier: Apache-2.0
#include "backend/task_files.hpp"

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

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

/// How often a number turned out not to be that of our file any more: a program that closes all descriptors closes ours
/// too, and the next file that anybody opens gets the number. Each place then asks once whether its file is still its
/// own.
constinit std::atomic<unsigned> nr_lost{0};

void notice_loss() noexcept {
    nr_lost.fetch_add(1, std::memory_order_relaxed);
}

/// Which file a descriptor stands for.
struct identity {
    std::uint64_t number = 0, device = 0;

    bool operator==(const identity&) const = default;
};

/// By statx, which may be asked about whatever the number stands for, while others open and close; nothing is awaited
/// of the answer but whether it is the same.
bool identity_of(int file, identity& found) noexcept {
    struct statx known {};
    if (statx(file, "", AT_EMPTY_PATH, STATX_INO, &known) != 0) return false;
    found = {known.stx_ino, (std::uint64_t{known.stx_dev_major} << 32) | known.stx_dev_minor};
    return true;
}

/// One reader at a time; whoever finds another one at it opens the file anew.
struct kept_file {
    std::atomic<bool> in_use{false};
    std::atomic<int> file{-1};     // written under in_use; relaxed: others only compare it with a number of their own
    int thread_id = 0;             // under in_use
    unsigned lost_when_known = 0;  // under in_use: nr_lost when the file was last known to be ours
    identity known;                // under in_use

    // sync task_files.1: acquire read-modify-write; pairs with task_files.2; sees thread_id and file
    bool enter() noexcept { return !in_use.exchange(true, std::memory_order_acquire); }
    // sync task_files.2: release; pairs with task_files.1; publishes thread_id and file
    void leave() noexcept { in_use.store(false, std::memory_order_release); }

    int number() const noexcept { return file.load(std::memory_order_relaxed); }

    bool is_ours() const noexcept {
        identity now;
        return number() >= 0 && identity_of(number(), now) && now == known;
    }

    void close_it() noexcept {
        const bool ours = is_ours();
        const int was = forget_it();
        if (ours) {
            close(was);
        } else if (was >= 0) {
            notice_loss();
        }
    }

    int forget_it() noexcept {
        if (number() >= 0) nr_files.fetch_sub(1, std::memory_order_relaxed);
        const int was = number();
        file.store(-1, std::memory_order_relaxed);
        return was;
    }

    /// The room for it was taken. A file that cannot be told from others is not kept.
    bool open_it(int of) noexcept {
        thread_id = of;
        lost_when_known = nr_lost.load(std::memory_order_relaxed);
        const int opened = open_task_file(of, "syscall");
        if (opened >= 0 && identity_of(opened, known)) {
            file.store(opened, std::memory_order_relaxed);
            return true;
        }
        if (opened >= 0) close(opened);
        nr_files.fetch_sub(1, std::memory_order_relaxed);
        return false;
    }

    void forget_it_if_lost() noexcept {
        const unsigned lost = nr_lost.load(std::memory_order_relaxed);
        if (lost_when_known == lost) [[likely]]
            return;
        lost_when_known = lost;
        if (!is_ours()) (void)forget_it();
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

/// A number stands for one file: another place that has the same one has lost its own.
void look_for_the_same_number(const kept_file& opened) noexcept {
    for (const kept_file& other : files) {
        if (&other != &opened && other.number() == opened.number()) return notice_loss();
    }
}

/// By whoever has entered.
bool is_open_for(kept_file& kept, int thread_id) noexcept {
    kept.forget_it_if_lost();
    if (kept.number() >= 0 && kept.thread_id == thread_id) return true;
    kept.close_it();
    if (!take_room()) {
        close_one_now_and_then();
        return false;
    }
    if (!kept.open_it(thread_id)) return false;
    look_for_the_same_number(kept);
    return true;
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
    ssize_t length = 0;
    if (is_open_for(kept, thread_id)) {
        // Should the number be another file's by now, pread leaves its offset as it was.
        length = pread(kept.number(), text, size, 0);
        if (length < 0 && !is_of_proc(errno)) notice_loss();
        if (length <= 0) kept.close_it();
    }
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
