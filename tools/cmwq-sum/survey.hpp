// SPDX-License-Identifier: Apache-2.0
//
// Counts the files and bytes that lie ahead, for the progress bar's percentage and time left. It runs beside the real
// work, only when there is a bar, and keeps numbers, not names. An estimate: the tree may change, and -L is not
// followed.
#pragma once

#include <cmwq/cmwq.hpp>

#include <sys/stat.h>

#include <atomic>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace cmwq_sum {

class pipeline;

class survey {
public:
    explicit survey(pipeline& line) noexcept : line_{line} {}

    void begin(const std::vector<std::string>& paths);
    /// Makes the next run the last.
    void give_up() noexcept { given_up_.store(true, std::memory_order_relaxed); }
    static void run(survey& self);

    bool complete() const noexcept { return complete_.load(std::memory_order_acquire); }
    std::uint64_t files() const noexcept { return files_.load(std::memory_order_relaxed); }
    std::uint64_t bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }

private:
    void count_next();
    void count_directory(const std::string& path);
    void count_file(const struct ::stat& status) noexcept;

    pipeline& line_;
    std::vector<std::string> to_count_;
    std::set<std::pair<std::uint64_t, std::uint64_t>> seen_;  // device and inode, against loops
    std::atomic<std::uint64_t> files_{0};
    std::atomic<std::uint64_t> bytes_{0};
    std::atomic<bool> complete_{false};
    std::atomic<bool> given_up_{false};

    cmwq::work<survey> work_{"survey"};
    CMWQ_HAS_WORK(work_);
};

}  // namespace cmwq_sum
