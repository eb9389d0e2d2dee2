// SPDX-License-Identifier: Apache-2.0
//
// The end of the pipeline. Batches arrive as items of an ordered queue: one at a time, so that nothing here is locked,
// though everything here is shared. They arrive in the order in which they were finished; those that come too early
// wait for their turn in a list, not in a blocked worker.
#pragma once

#include "batch.hpp"

#include <cmwq/cmwq.hpp>

#include <cstdint>
#include <deque>

namespace cmwq_sum {

class pipeline;

class printer {
public:
    explicit printer(pipeline& line) noexcept : line_{line} {}

    /// Takes a batch, and prints it and its successors as far as they are there. Context: the ordered queue.
    void accept(cmwq::arc<batch> arrived);

private:
    void print(const batch& due);
    void write_lines(const batch& due);

    pipeline& line_;
    std::deque<cmwq::arc<batch>> early_;  // early_[i] is batch number next_ + i, or null
    std::uint64_t next_ = 0;
    bool closed_ = false;  // the output has ended early; what still comes is dropped
};

}  // namespace cmwq_sum
