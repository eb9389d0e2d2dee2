// SPDX-License-Identifier: Apache-2.0
#include "progress.hpp"

#include "human.hpp"
#include "pipeline.hpp"
#include "write_all.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

namespace cmwq_sum {
namespace {

constexpr const char* erase_line = "\r\x1b[K";

std::size_t terminal_columns() noexcept {
    struct ::winsize size {};
    return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string bar_of(double share, std::size_t width) {
    const auto filled = static_cast<std::size_t>(share * static_cast<double>(width));
    return '[' + std::string(filled, '#') + std::string(width - filled, '-') + ']';
}

}  // namespace

progress::progress(pipeline& line) : line_{line}, shown_{line.wants_progress() && ::isatty(STDERR_FILENO) == 1} {}

void progress::run(progress& self) {
    const item_scope scope{self.line_};
    self.measure_rate();
    write_all(STDERR_FILENO, erase_line + self.text(terminal_columns() - 1));  // the last column would wrap
    self.visible_ = true;
}

void progress::hide() {
    if (visible_) {
        write_all(STDERR_FILENO, erase_line);
        visible_ = false;
    }
}

void progress::wipe() const {
    if (shown_) {
        write_all(STDERR_FILENO, erase_line);
    }
}

// A mean that forgets within about three seconds: steady to read, and true again soon after a change.
void progress::measure_rate() {
    const auto now = clock::now();
    const auto bytes = line_.state().bytes.load(std::memory_order_relaxed);
    const double seconds = std::chrono::duration<double>(now - measured_at_).count();
    if (seconds <= 0) {
        return;
    }
    const double current = static_cast<double>(bytes - measured_bytes_) / seconds;
    const double weight = rate_ == 0 ? 1 : std::min(1.0, seconds / 3);
    rate_ += (current - rate_) * weight;
    measured_at_ = now;
    measured_bytes_ = bytes;
}

/// 0 to 1. By bytes, or by files when all are empty. The survey may be behind the truth by now.
double progress::share_done() const {
    const auto& ahead = line_.ahead();
    const bool by_bytes = ahead.bytes() > 0;
    const double all = static_cast<double>(by_bytes ? ahead.bytes() : ahead.files());
    const double done = static_cast<double>(by_bytes ? line_.state().bytes.load() : line_.state().files.load());
    return all > 0 ? std::min(1.0, done / all) : 1;
}

std::string progress::time_left() const {
    const auto all = static_cast<double>(line_.ahead().bytes());
    const auto done = static_cast<double>(line_.state().bytes.load());
    return rate_ > 0 && all > done ? human_time((all - done) / rate_) + " left" : "0:00 left";
}

std::string progress::text(std::size_t columns) const {
    const auto& state = line_.state();
    const auto& ahead = line_.ahead();
    auto files = with_commas(state.files.load());
    auto bytes = human_bytes(static_cast<double>(state.bytes.load()));
    std::string picture;
    std::string left = "counting";
    if (ahead.complete()) {
        files += " of " + with_commas(ahead.files());
        bytes += " of " + human_bytes(static_cast<double>(ahead.bytes()));
        picture = bar_of(share_done(), 20) + "  ";
        left = time_left();
    }
    auto whole = picture + files + " files, " + bytes + ", " + human_bytes(rate_) + "/s, " + left;
    if (whole.size() > columns) {
        whole.resize(columns);
    }
    return whole;
}

}  // namespace cmwq_sum
