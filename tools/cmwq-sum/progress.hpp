// SPDX-License-Identifier: Apache-2.0
//
// The progress bar: files, bytes, rate, time left. It is drawn by an item of the ordered queue, between the batches
// that are printed there, so that bar, checksums and messages never mix and nothing is locked.
#pragma once

#include <cmwq/cmwq.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace cmwq_sum {

class pipeline;

class progress {
public:
    /// Shown if it is wanted and standard error is a terminal.
    explicit progress(pipeline& line);

    bool shown() const noexcept { return shown_; }

    /// Draws it anew. Context: the ordered queue.
    static void run(progress& self);

    /// Erases it, until it is drawn again. Context: the ordered queue, or nothing runs there any more.
    void hide();

    /// Erases it, drawn or not. Context: any thread, for a program that ends at once.
    void wipe() const;

private:
    using clock = std::chrono::steady_clock;

    void measure_rate();
    std::string text(std::size_t columns) const;
    std::string time_left() const;
    double share_done() const;

    pipeline& line_;
    const bool shown_;
    bool visible_ = false;
    clock::time_point measured_at_ = clock::now();
    std::uint64_t measured_bytes_ = 0;
    double rate_ = 0;  // bytes per second, smoothed

    cmwq::work<progress> work_{"progress"};
    CMWQ_HAS_WORK(work_);
};

}  // namespace cmwq_sum
