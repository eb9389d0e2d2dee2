// SPDX-License-Identifier: Apache-2.0
//
// The walker: one item that goes through the tree in path order and cuts it into batches. It never waits. When the
// directory it needs has not been read, or enough work lies ahead, its function returns, and whoever changes that
// enqueues it again. Because an item is pending at most once and never runs twice at a time, any number of such calls
// cost one run, none is lost, and the walker needs no lock.
#pragma once

#include "batch.hpp"
#include "directory.hpp"

#include <cmwq/cmwq.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace cmwq_sum {

class pipeline;

class walker {
public:
    explicit walker(pipeline& line) noexcept : line_{line} {}

    static void run(walker& self);

private:
    /// A directory that is being walked through.
    struct level {
        cmwq::arc<directory> here;
        std::size_t next = 0;                       // the entry to look at
        std::size_t next_to_read = 0;               // from here on, no subdirectory has been asked for
        std::deque<cmwq::arc<directory>> children;  // asked for and not walked through, in order
        bool entered = false;
    };

    void advance();
    bool step();
    void enter(level& top);
    void visit(level& top);
    void descend(level& top);
    void read_ahead(level& top);
    void push(cmwq::arc<directory> found);
    batch& current();
    void cut();
    void finish();

    pipeline& line_;
    std::vector<level> way_;  // from the list of the PATHs down to the directory being walked through
    cmwq::arc<batch> current_;
    std::uint64_t next_number_ = 0;
    bool started_ = false;
    bool finished_ = false;

    cmwq::work<walker> work_{"walk"};
    CMWQ_HAS_WORK(work_);
};

}  // namespace cmwq_sum
