// SPDX-License-Identifier: Apache-2.0
//
// One open file: what it is, and its checksum.
#pragma once

#include "run_state.hpp"
#include "sha256.hpp"
#include "unique_fd.hpp"

#include <cstdint>
#include <string>

namespace cmwq_sum {

/// Where a name comes from decides what may stand behind it.
enum class name_origin : std::uint8_t {
    command_line,  ///< The user named it: symbolic links followed, FIFOs and devices read, "-" is standard input.
    in_tree,       ///< Found in a directory: regular files only, and not through a symbolic link.
    link_in_tree,  ///< The same with -L: regular files only, through symbolic links.
};

enum class hash_outcome : std::uint8_t {
    hashed,
    failed,       ///< error() says why.
    interrupted,  ///< A stop was requested meanwhile.
};

class input_file {
public:
    input_file(const char* path, name_origin origin);

    /// 0, or the errno of the first thing that failed, or not_regular.
    int error() const noexcept { return error_; }

    /// In bytes; 0 for what has no size before it is read.
    std::uint64_t size() const noexcept { return size_; }

    /// Reads to the end. Counts the bytes in `state` as it goes, and looks there whether to stop.
    hash_outcome hash(run_state& state, digest& result);

private:
    void check_kind(name_origin origin);
    void advise() const;
    bool at_end(std::uint64_t total, long got) const noexcept;

    unique_fd fd_;
    int error_ = 0;
    std::uint64_t size_ = 0;
};

}  // namespace cmwq_sum
