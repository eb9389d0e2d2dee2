// SPDX-License-Identifier: Apache-2.0
#include "input_file.hpp"

#include "error_text.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

namespace cmwq_sum {
namespace {

constexpr int common_flags = O_RDONLY | O_CLOEXEC | O_NOCTTY;

int open_flags(name_origin origin) noexcept {
    switch (origin) {
    case name_origin::command_line: return common_flags;  // may wait for the other end of a FIFO, as the user asked
    case name_origin::in_tree: return common_flags | O_NONBLOCK | O_NOFOLLOW;
    case name_origin::link_in_tree: return common_flags | O_NONBLOCK;
    }
    return common_flags;
}

int open_input(const char* path, name_origin origin) noexcept {
    if (origin == name_origin::command_line && std::strcmp(path, "-") == 0) {
        return ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
    }
    return ::open(path, open_flags(origin));
}

long read_some(int fd, unsigned char* buffer, std::size_t size) noexcept {
    for (;;) {
        const auto got = ::read(fd, buffer, size);
        if (got >= 0 || errno != EINTR) {
            return got;
        }
    }
}

}  // namespace

input_file::input_file(const char* path, name_origin origin) : fd_{open_input(path, origin)} {
    if (!fd_) {
        error_ = errno;
    } else {
        check_kind(origin);
    }
}

// Between the reading of a directory and this moment a FIFO may have taken the file's name: O_NONBLOCK let us through,
// and reading it would block or yield nothing.
void input_file::check_kind(name_origin origin) {
    struct ::stat status;
    if (::fstat(fd_.get(), &status) != 0) {
        error_ = errno;
    } else if (S_ISDIR(status.st_mode)) {
        error_ = EISDIR;
    } else if (S_ISREG(status.st_mode)) {
        size_ = static_cast<std::uint64_t>(status.st_size);
    } else if (origin != name_origin::command_line) {
        error_ = not_regular;
    }
}

hash_outcome input_file::hash(run_state& state, digest& result) {
    auto& sha = sha256::of_this_thread();
    sha.start();
    advise();
    for (std::uint64_t total = 0;;) {
        const auto got = read_some(fd_.get(), sha.buffer(), sha256::buffer_size);
        if (got < 0) {
            error_ = errno;
            return hash_outcome::failed;
        }
        sha.add(sha.buffer(), static_cast<std::size_t>(got));
        total += static_cast<std::uint64_t>(got);
        state.bytes.fetch_add(static_cast<std::uint64_t>(got), std::memory_order_relaxed);
        if (at_end(total, got)) {
            result = sha.finish();
            return hash_outcome::hashed;
        }
        if (state.stop_requested()) {
            return hash_outcome::interrupted;
        }
    }
}

// Twice the usual read-ahead. Not for what one read fetches anyway: the call would cost more than it can give.
void input_file::advise() const {
    if (size_ > sha256::buffer_size) {
        ::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
    }
}

// A read that stopped short exactly at the size of the file has seen its end. Asking again would say so, for a third of
// the cost of hashing a small file. Files of /proc and /sys misstate their size and are asked.
bool input_file::at_end(std::uint64_t total, long got) const noexcept {
    return got == 0 || (total == size_ && static_cast<std::size_t>(got) < sha256::buffer_size);
}

}  // namespace cmwq_sum
