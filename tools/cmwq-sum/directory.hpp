// SPDX-License-Identifier: Apache-2.0
//
// One directory of the tree: a work item that reads it. The walker asks for directories ahead of time, several workers
// read them, and the walker is enqueued again when one has arrived.
#pragma once

#include "input_file.hpp"

#include <cmwq/cmwq.hpp>

#include <dirent.h>
#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cmwq_sum {

class pipeline;

enum class entry_kind : std::uint8_t { file, directory, special, unreadable };

struct directory_entry {
    std::uint32_t name_at;
    std::uint32_t name_size;
    std::uint32_t detail;  // special: the S_IF… bits of its mode; unreadable: the errno
    entry_kind kind;
};

class directory {
public:
    /// `parent` null: the list of the PATHs, which is treated as a directory without a name.
    directory(pipeline& line, cmwq::arc<directory> parent, std::string path, name_origin origin);
    ~directory();

    static void run(const cmwq::arc<directory>& self);

    /// True: everything below is there to be read. Before, nothing may be touched.
    bool ready() const noexcept { return ready_.load(std::memory_order_acquire); }

    const std::vector<directory_entry>& entries() const noexcept { return entries_; }
    std::string_view name(const directory_entry& e) const noexcept {
        return std::string_view{names_}.substr(e.name_at, e.name_size);
    }
    /// Empty, or why the directory could not be read (to its end).
    const std::string& error() const noexcept { return error_; }
    const std::string& path() const noexcept { return path_; }
    /// What stands before the names of its entries: the path with a slash, nothing for the list of the PATHs.
    const std::string& prefix() const noexcept { return prefix_; }
    /// Where the names of its entries come from.
    name_origin origin_of_entries() const noexcept;

private:
    void read();
    void read_command_line();
    void read_entries(DIR* stream);
    bool enter(int fd);
    const directory* same_directory_above() const noexcept;
    void add(const char* name, entry_kind kind, std::uint32_t detail = 0);
    void add_found(int fd, const char* name, unsigned char type);
    void add_by_status(int fd, const char* name, int flags);
    void add_by_mode(const char* name, ::mode_t mode);
    void sort();

    pipeline& line_;
    const cmwq::arc<directory> parent_;
    const std::string path_;
    const name_origin origin_;
    std::string prefix_;
    std::string names_;
    std::vector<directory_entry> entries_;
    std::string error_;
    ::dev_t device_ = 0;  // with inode_: which directory this is, whatever its path
    ::ino_t inode_ = 0;
    std::atomic<bool> ready_{false};

    cmwq::work<directory> work_{"read_directory"};
    CMWQ_HAS_WORK(work_);
};

}  // namespace cmwq_sum
