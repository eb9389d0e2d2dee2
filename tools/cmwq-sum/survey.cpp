// SPDX-License-Identifier: Apache-2.0
#include "survey.hpp"

#include "pipeline.hpp"

#include <dirent.h>
#include <fcntl.h>

#include <memory>
#include <string_view>

namespace cmwq_sum {

void survey::begin(const std::vector<std::string>& paths) {
    to_count_.assign(paths.rbegin(), paths.rend());
    line_.survey_next();
}

// One directory, and once more from the end of the queue, so that others come in between: an item that enqueues itself
// is the way to cut long work into slices.
void survey::run(survey& self) {
    auto& line = self.line_;
    const item_scope scope{line};
    if (self.given_up_.load(std::memory_order_relaxed) || line.state().stop_requested()) {
        return;
    }
    self.count_next();
    if (self.to_count_.empty()) {
        self.complete_.store(true, std::memory_order_release);
    } else {
        line.survey_next();
    }
}

// What cannot be read is not counted. The walker will say why.
void survey::count_next() {
    const auto path = std::move(to_count_.back());
    to_count_.pop_back();
    struct ::stat status;
    if (::stat(path.c_str(), &status) != 0) {
        return;
    }
    if (S_ISREG(status.st_mode)) {
        count_file(status);
    } else if (S_ISDIR(status.st_mode) && seen_.emplace(status.st_dev, status.st_ino).second) {
        count_directory(path);
    }
}

void survey::count_directory(const std::string& path) {
    struct close_stream {
        void operator()(DIR* stream) const noexcept { ::closedir(stream); }
    };
    const std::unique_ptr<DIR, close_stream> stream{::opendir(path.c_str())};
    if (!stream) {
        return;
    }
    while (const auto* found = ::readdir(stream.get())) {
        const std::string_view name{found->d_name};
        struct ::stat status;
        if (name == "." || name == ".." ||
            ::fstatat(::dirfd(stream.get()), found->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
            continue;
        }
        if (S_ISDIR(status.st_mode)) {
            to_count_.push_back(path + '/' + found->d_name);
        } else if (S_ISREG(status.st_mode)) {
            count_file(status);
        }
    }
}

void survey::count_file(const struct ::stat& status) noexcept {
    files_.fetch_add(1, std::memory_order_relaxed);
    bytes_.fetch_add(static_cast<std::uint64_t>(status.st_size), std::memory_order_relaxed);
}

}  // namespace cmwq_sum
