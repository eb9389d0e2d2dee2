// SPDX-License-Identifier: Apache-2.0
#include "directory.hpp"

#include "error_text.hpp"
#include "line_format.hpp"
#include "pipeline.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace cmwq_sum {
namespace {

int open_directory(const std::string& path, name_origin origin) noexcept {
    const int follow = origin == name_origin::in_tree ? O_NOFOLLOW : 0;
    return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK | follow);
}

std::string with_slash(const std::string& path) {
    return path.ends_with('/') ? path : path + '/';
}

bool is_dot_or_dot_dot(const char* name) noexcept {
    return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

/// The order of whole paths: below a directory every path goes on with a slash, so its name compares as if it ended
/// with one. "a-b" comes before "a/c", and "a/c" before "a0".
bool in_path_order(std::string_view a, bool a_is_directory, std::string_view b, bool b_is_directory) noexcept {
    const auto common = std::min(a.size(), b.size());
    const int difference = std::memcmp(a.data(), b.data(), common);
    if (difference != 0) {
        return difference < 0;
    }
    const auto next = [common](std::string_view name, bool is_directory) noexcept -> int {
        return name.size() > common ? static_cast<unsigned char>(name[common]) : (is_directory ? '/' : -1);
    };
    return next(a, a_is_directory) < next(b, b_is_directory);
}

}  // namespace

directory::directory(pipeline& line, cmwq::arc<directory> parent, std::string path, name_origin origin)
    : line_{line}, parent_{std::move(parent)}, path_{std::move(path)}, origin_{origin} {}

directory::~directory() {
    line_.names_released(entries_.size());
}

void directory::run(const cmwq::arc<directory>& self) {
    const item_scope scope{self->line_};
    if (self->line_.state().stop_requested()) {
        return;  // nobody waits for it any more
    }
    self->read();
    self->line_.names_read(self->entries_.size());
    self->ready_.store(true, std::memory_order_release);
    self->line_.resume_walk();
}

name_origin directory::origin_of_entries() const noexcept {
    if (!parent_) {
        return name_origin::command_line;
    }
    return line_.follows_links() ? name_origin::link_in_tree : name_origin::in_tree;
}

void directory::read() {
    if (!parent_) {
        read_command_line();
        return;
    }
    prefix_ = with_slash(path_);
    unique_fd fd{open_directory(path_, origin_)};
    if (!fd) {
        error_ = error_text(errno);
    } else if (enter(fd.get())) {
        read_entries(::fdopendir(fd.release()));
        sort();
    }
}

// The PATHs keep the order in which they were given.
void directory::read_command_line() {
    for (const auto& path : line_.paths()) {
        if (path == "-") {
            add("-", entry_kind::file);
            continue;
        }
        struct ::stat status;
        if (::stat(path.c_str(), &status) != 0) {
            add(path.c_str(), entry_kind::unreadable, static_cast<std::uint32_t>(errno));
        } else {
            add(path.c_str(), S_ISDIR(status.st_mode) ? entry_kind::directory : entry_kind::file);
        }
    }
}

bool directory::enter(int fd) {
    struct ::stat status;
    if (::fstat(fd, &status) != 0) {
        error_ = error_text(errno);
        return false;
    }
    device_ = status.st_dev;
    inode_ = status.st_ino;
    if (const auto* above = same_directory_above()) {
        error_ = "directory loop: the same directory as " + printable(above->path_) + ", not entered";
        return false;
    }
    line_.state().directories.fetch_add(1, std::memory_order_relaxed);
    return true;
}

// A bind mount or a followed link can lead back up. Only the way from the root matters: to meet a directory twice side
// by side is no loop.
const directory* directory::same_directory_above() const noexcept {
    for (const auto* above = parent_.get(); above->parent_; above = above->parent_.get()) {
        if (above->device_ == device_ && above->inode_ == inode_) {
            return above;
        }
    }
    return nullptr;
}

void directory::read_entries(DIR* stream) {
    if (stream == nullptr) {
        error_ = error_text(errno);
        return;
    }
    for (;;) {
        errno = 0;
        const auto* found = ::readdir(stream);
        if (found == nullptr) {
            break;
        }
        if (!is_dot_or_dot_dot(found->d_name)) {
            add_found(::dirfd(stream), found->d_name, found->d_type);
        }
    }
    if (errno != 0) {
        error_ = error_text(errno);
    }
    ::closedir(stream);
}

void directory::add_found(int fd, const char* name, unsigned char type) {
    if (type == DT_UNKNOWN) {  // some file systems do not say
        add_by_status(fd, name, line_.follows_links() ? 0 : AT_SYMLINK_NOFOLLOW);
    } else if (type == DT_LNK && line_.follows_links()) {
        add_by_status(fd, name, 0);
    } else {
        add_by_mode(name, DTTOIF(type));
    }
}

void directory::add_by_status(int fd, const char* name, int flags) {
    struct ::stat status;
    if (::fstatat(fd, name, &status, flags) != 0) {
        add(name, entry_kind::unreadable, static_cast<std::uint32_t>(errno));
    } else {
        add_by_mode(name, status.st_mode);
    }
}

void directory::add_by_mode(const char* name, ::mode_t mode) {
    if (S_ISREG(mode)) {
        add(name, entry_kind::file);
    } else if (S_ISDIR(mode)) {
        add(name, entry_kind::directory);
    } else if (!S_ISLNK(mode)) {
        add(name, entry_kind::special, mode & S_IFMT);
    }
}

void directory::add(const char* name, entry_kind kind, std::uint32_t detail) {
    const auto begin = names_.size();
    names_ += name;
    const auto size = names_.size() - begin;
    entries_.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(size), detail, kind});
}

void directory::sort() {
    std::sort(entries_.begin(), entries_.end(), [this](const auto& a, const auto& b) {
        return in_path_order(name(a), a.kind == entry_kind::directory, name(b), b.kind == entry_kind::directory);
    });
}

}  // namespace cmwq_sum
