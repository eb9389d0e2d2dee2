// SPDX-License-Identifier: Apache-2.0
#include "printer.hpp"

#include "pipeline.hpp"
#include "write_all.hpp"

#include <unistd.h>

#include <cerrno>

namespace cmwq_sum {

void printer::accept(cmwq::arc<batch> arrived) {
    const auto place = arrived->number() - next_;
    if (early_.size() <= place) {
        early_.resize(place + 1);
    }
    early_[place] = std::move(arrived);
    while (!early_.empty() && early_.front()) {
        const auto due = std::move(early_.front());
        early_.pop_front();
        ++next_;
        print(*due);
    }
}

void printer::print(const batch& due) {
    line_.bar().hide();
    if (!closed_) {
        write_lines(due);
    }
    write_all(STDERR_FILENO, due.messages());  // nobody is left to be told if this fails
    line_.printed(due);
}

// The output of an interrupted run is a beginning of the whole output, not a selection from it.
void printer::write_lines(const batch& due) {
    closed_ = !due.complete();
    const int error = write_all(STDOUT_FILENO, due.lines());
    if (error == 0) {
        line_.state().lines.fetch_add(due.line_count(), std::memory_order_relaxed);
    } else {
        closed_ = true;
        line_.stop(error == EPIPE ? stop_reason::broken_pipe : stop_reason::output_failed, error);
    }
}

}  // namespace cmwq_sum
