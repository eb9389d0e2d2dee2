// SPDX-License-Identifier: Apache-2.0
//
// The ways in which an item blocks here, none of them announced to any pool. All but `sleep` and `fsync` block once and
// for good; those two block over and over, with a little work in between.
#pragma once

#include "clock.hpp"

#include <array>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <linux/userfaultfd.h>
#include <mutex>
#include <string_view>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace bench {

enum class block_kind : std::uint8_t { condvar, mutex, pipe, sleep, fsync, fault, cold_file };

inline constexpr std::array<std::string_view, 7> block_kind_names{"condvar", "mutex", "pipe",     "sleep",
                                                                  "fsync",   "fault", "cold_file"};

/// False: there is no such kind.
inline bool parse(std::string_view name, block_kind& kind) noexcept {
    for (std::size_t index = 0; index < block_kind_names.size(); ++index) {
        if (block_kind_names[index] == name) {
            kind = static_cast<block_kind>(index);
            return true;
        }
    }
    return false;
}

/// What many threads block on until the process ends.
class obstacle {
public:
    explicit obstacle(block_kind kind) : kind_{kind} {
        if (kind == block_kind::mutex) {
            mutex_.lock();
        } else if (kind == block_kind::pipe && pipe(pipe_.data()) != 0) {
            give_up("pipe");
        } else if (kind == block_kind::fault) {
            make_page_without_content();
        } else if (kind == block_kind::cold_file) {
            make_cold_file();
        }
    }

    /// Never returns, except for the threads that are let go at the end of the process.
    void block() {
        switch (kind_) {
        case block_kind::condvar: wait_for_condition(); break;
        case block_kind::mutex: mutex_.lock(); break;
        case block_kind::pipe: read_from_pipe(); break;
        case block_kind::sleep: sleep_over_and_over(); break;
        case block_kind::fsync: write_over_and_over(); break;
        case block_kind::fault: touch(0); break;
        case block_kind::cold_file: read_cold_pages_over_and_over(); break;
        }
    }

private:
    static constexpr std::size_t page = 4096;
    static constexpr std::size_t cold_pages = 4096;

    [[noreturn]] static void give_up(const char* what) {
        std::perror(what);
        std::_Exit(3);
    }

    static int temporary_file() {
        const int file = open(std::filesystem::temp_directory_path().c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        return file >= 0 ? file : (give_up("a temporary file"), -1);
    }

    /// A page whose first touch waits for a handler that never comes. Of the process's own faults, which needs no
    /// privilege.
    void make_page_without_content() {
        const long descriptor = syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
        uffdio_api api{.api = UFFD_API, .features = 0, .ioctls = 0};
        if (descriptor < 0 || ioctl(static_cast<int>(descriptor), UFFDIO_API, &api) != 0) {
            give_up("userfaultfd (try the kind cold_file)");
        }
        map_ = static_cast<char*>(mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        uffdio_register where{.range = {.start = reinterpret_cast<std::uintptr_t>(map_), .len = page},
                              .mode = UFFDIO_REGISTER_MODE_MISSING,
                              .ioctls = 0};
        if (map_ == MAP_FAILED || ioctl(static_cast<int>(descriptor), UFFDIO_REGISTER, &where) != 0) {
            give_up("userfaultfd");
        }
    }

    /// A file on disk, mapped, without read-ahead: each touch of a page that was dropped from the page cache waits for
    /// the disk.
    void make_cold_file() {
        file_ = temporary_file();
        const std::array<char, page> content{1};
        for (std::size_t index = 0; index < cold_pages; ++index) {
            if (write(file_, content.data(), content.size()) != static_cast<ssize_t>(page)) {
                give_up("write");
            }
        }
        map_ = static_cast<char*>(mmap(nullptr, cold_pages * page, PROT_READ, MAP_SHARED, file_, 0));
        if (map_ == MAP_FAILED || fdatasync(file_) != 0 || madvise(map_, cold_pages * page, MADV_RANDOM) != 0) {
            give_up("mmap");
        }
    }

    void touch(std::size_t offset) const { *static_cast<volatile char*>(map_ + offset); }

    void wait_for_condition() {
        std::unique_lock lock{mutex_};
        condition_.wait(lock, [] { return false; });
    }

    void read_from_pipe() {
        char byte = 0;
        while (read(pipe_[0], &byte, 1) < 0) {}
    }

    static void sleep_over_and_over() {
        for (;;) {
            sleep_ns(300'000);
        }
    }

    static void write_over_and_over() {
        const int file = temporary_file();
        const std::array<char, page> content{1};
        for (;;) {
            if (pwrite(file, content.data(), content.size(), 0) < 0 || fsync(file) != 0) {
                give_up("fsync");
            }
        }
    }

    void read_cold_pages_over_and_over() const {
        for (std::size_t index = 0;; index = (index + 1) % cold_pages) {
            madvise(map_ + index * page, page, MADV_DONTNEED);
            posix_fadvise(file_, static_cast<off_t>(index * page), page, POSIX_FADV_DONTNEED);
            touch(index * page);
        }
    }

    block_kind kind_;
    std::mutex mutex_;
    std::condition_variable condition_;
    std::array<int, 2> pipe_{-1, -1};
    int file_ = -1;
    char* map_ = nullptr;
};

}  // namespace bench
