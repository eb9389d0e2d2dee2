// SPDX-License-Identifier: Apache-2.0
//
// A batch: some files that follow each other in the output. It is one item for the queue that hashes and, when all its
// files are hashed, another one for the ordered queue that prints. One class, two works.
//
// A batch rather than a file, because a small file takes a few microseconds: with one item each, the printer would be
// woken as often as a file is read. A large file in a batch is handed to a worker of its own (large_file).
#pragma once

#include "input_file.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cmwq_sum {

class pipeline;

/// The ids of a batch's two works.
enum batch_work : std::uint64_t { hash_work, print_work };

class batch {
public:
    /// `number` counts the batches of a run from 0: the order of the output.
    batch(pipeline& line, std::uint64_t number) : line_{line}, number_{number} {}

    // ---- filled by the walker, in path order
    void add_file(std::string_view directory, std::string_view name, name_origin origin);
    void add_failure(std::string_view directory, std::string_view name, std::string why);
    void add_note(std::string_view directory, std::string_view name, std::string what);
    void mark_last() noexcept { last_ = true; }
    bool full() const noexcept;
    bool empty() const noexcept { return entries_.empty(); }

    // ---- hashed on any worker
    static void run(cmwq::work_id<hash_work>, cmwq::arc<batch> self);
    /// Finishes one file that was handed off, by its index.
    static void finish_handed_off(cmwq::arc<batch> self, std::size_t index);

    // ---- printed on the ordered queue
    static void run(cmwq::work_id<print_work>, cmwq::arc<batch> self);
    std::uint64_t number() const noexcept { return number_; }
    bool last() const noexcept { return last_; }
    /// What the window counts for this batch until it is printed: about its memory, in bytes.
    std::size_t weight() const noexcept { return weight_; }
    const std::string& lines() const noexcept { return lines_; }
    std::uint64_t line_count() const noexcept { return line_count_; }
    const std::string& messages() const noexcept { return messages_; }
    /// False: a stop was requested before all files were hashed, and lines() ends at the first that was not.
    bool complete() const noexcept { return complete_; }

private:
    enum class status : std::uint8_t { to_hash, hashed, interrupted, failure, note };
    struct entry {
        std::size_t path;  // where it begins in paths_; it ends with a null
        status state;
        name_origin origin;
        digest sum;
        std::string text;  // why it failed, or the note
    };

    entry& add(std::string_view directory, std::string_view name, status state);
    void add_message(std::string_view directory, std::string_view name, status state, std::string text);
    const char* path_of(const entry& e) const noexcept { return paths_.data() + e.path; }
    void hash(std::size_t index);
    void hash(entry& e, input_file& file);
    void hand_off(std::size_t index);
    static void finish_part(cmwq::arc<batch> self);
    void render();
    void render(const entry& e);

    pipeline& line_;
    const std::uint64_t number_;
    std::string paths_;
    std::vector<entry> entries_;
    std::size_t weight_ = 0;
    bool last_ = false;
    std::atomic<std::size_t> open_parts_{1};  // the batch itself, and each file handed off
    std::string lines_;
    std::uint64_t line_count_ = 0;
    std::string messages_;
    bool complete_ = true;

    cmwq::work<batch, hash_work> hash_{"hash_batch"};
    cmwq::work<batch, print_work> print_{"print_batch"};
    CMWQ_HAS_WORK(hash_);
    CMWQ_HAS_WORK(print_);
};

/// One large file of a batch: an item of its own, so that it neither delays its neighbours nor leaves other CPUs idle.
/// It keeps its batch alive.
struct large_file {
    pipeline& line;
    cmwq::arc<batch> part_of;
    std::size_t index;
    cmwq::work<large_file> work{"large_file"};
    CMWQ_HAS_WORK(work);

    large_file(pipeline& p, cmwq::arc<batch> b, std::size_t i) : line{p}, part_of{std::move(b)}, index{i} {}
    static void run(std::unique_ptr<large_file> self);
};

}  // namespace cmwq_sum
