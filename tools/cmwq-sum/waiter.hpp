// SPDX-License-Identifier: Apache-2.0
//
// What the main thread does while the workers work: it waits for the end, for a signal, or for the next picture of the
// progress bar.
#pragma once

#include "unique_fd.hpp"

namespace cmwq_sum {

enum class wake_reason { ended, signal, time };

class waiter {
public:
    /// Blocks SIGINT, SIGTERM and SIGHUP, to be reported by wait(), and ignores SIGPIPE, so that a write says EPIPE.
    /// Make it before the first worker: threads inherit the mask. A signal that is ignored (nohup) stays so.
    waiter();

    /// Makes wait() return `ended`, now or at the next call. Context: any thread.
    void end() noexcept;

    /// Waits at most this long; -1: without end. With `signal`, last_signal() says which one.
    wake_reason wait(int milliseconds);
    int last_signal() const noexcept { return last_signal_; }

private:
    unique_fd signals_;
    unique_fd ended_;
    int last_signal_ = 0;
};

}  // namespace cmwq_sum
