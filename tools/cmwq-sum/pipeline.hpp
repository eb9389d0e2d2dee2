// SPDX-License-Identifier: Apache-2.0
//
// The whole machine: three queues and the items that pass through them.
//
//     walk    walker, directory   goes through the tree, cuts it into batches (and survey, for the progress bar)
//     hash    batch, large_file   reads and hashes; --queue and --jobs choose this queue
//     print   batch, progress     ordered: one at a time
//
// No item waits for another one. Two limits keep the walker from running away, and with them the memory small: batches
// that no worker has begun, and bytes of results that cannot be printed yet because an earlier file is not finished.
#pragma once

#include "batch.hpp"
#include "directory.hpp"
#include "gauge.hpp"
#include "options.hpp"
#include "printer.hpp"
#include "progress.hpp"
#include "run_state.hpp"
#include "survey.hpp"
#include "walker.hpp"

#include <cmwq/cmwq.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace cmwq_sum {

class pipeline {
public:
    /// Makes the queues; ends the program when there is no memory for them. `on_end(context)` is called once, on a
    /// worker, when the last line has been written.
    pipeline(const options& chosen, void (*on_end)(void*), void* context);

    void start();
    void stop(stop_reason reason, int detail);
    /// After on_end: waits until no worker is left in any of its functions.
    void close();

    // ---- the stations: each hands an item to its queue
    void resume_walk();
    void read(cmwq::arc<directory> found);
    void hash(cmwq::arc<batch> next);
    void hash(std::unique_ptr<large_file> next);
    void print(cmwq::arc<batch> finished);
    void survey_next();
    void draw_progress();

    // ---- for the walker
    bool has_room() const noexcept;
    bool may_read_ahead() const noexcept;

    // ---- reports of the items
    void item_ended() noexcept;
    void hashing_started();
    void printed(const batch& done);
    void names_read(std::size_t count) noexcept { names_.raise(count); }
    void names_released(std::size_t count) noexcept { names_.lower(count); }

    run_state& state() noexcept { return state_; }
    const survey& ahead() const noexcept { return survey_; }
    printer& output() noexcept { return printer_; }
    progress& bar() noexcept { return progress_; }
    const std::vector<std::string>& paths() const noexcept { return options_.paths; }
    bool follows_links() const noexcept { return options_.follow_symlinks; }
    bool wants_notes() const noexcept { return !options_.quiet; }
    bool wants_progress() const noexcept { return options_.progress && !options_.quiet; }

private:
    const options& options_;
    void (*const on_end_)(void*);
    void* const context_;
    const std::uint64_t most_waiting_;  // batches
    run_state state_;
    gauge waiting_;  // batches for the queue that hashes, not begun
    gauge names_;    // directory entries in memory
    walker walker_;
    printer printer_;
    survey survey_;
    progress progress_;

    // Destroyed first, and destruction drains: no item outlives what it uses.
    cmwq::owned_queue print_;
    cmwq::owned_queue hash_;
    cmwq::owned_queue walk_;
};

/// Stands at the beginning of every work function, to count it.
class item_scope {
public:
    explicit item_scope(pipeline& line) noexcept : line_{line} {}
    item_scope(const item_scope&) = delete;
    item_scope& operator=(const item_scope&) = delete;
    ~item_scope() { line_.item_ended(); }

private:
    pipeline& line_;
};

}  // namespace cmwq_sum
