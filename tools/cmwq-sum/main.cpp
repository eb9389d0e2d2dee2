// SPDX-License-Identifier: Apache-2.0
//
// cmwq-sum: SHA-256 checksums of directory trees, in the format of sha256sum. Start at pipeline.hpp, which says how a
// file gets from the tree to the output; this file starts the pipeline, waits for its end, and says how it went.
#include "exit_status.hpp"
#include "fatal.hpp"
#include "human.hpp"
#include "options.hpp"
#include "pipeline.hpp"
#include "summary.hpp"
#include "waiter.hpp"
#include "write_all.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>
#include <system_error>

namespace cmwq_sum {
namespace {

using clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds picture_interval{100};

// How long a run may take to end after a signal. Workers look at every 128 KiB, but one may hang in a read from a dead
// network file system, or in a write to a pager that nobody pages.
constexpr std::chrono::milliseconds patience{2000};

void say(const std::string& sentence) {
    write_all(STDERR_FILENO, "cmwq-sum: " + sentence + '\n');
}

std::string signal_name(int number) {
    switch (number) {
    case SIGINT: return "SIGINT";
    case SIGTERM: return "SIGTERM";
    case SIGHUP: return "SIGHUP";
    default: return "signal " + std::to_string(number);
    }
}

std::string how_far(const run_state& state) {
    return count_of(state.lines.load(), "file") + " done and printed";
}

/// One sentence about a run that ended early.
void explain(const run_state& state) {
    const auto error = std::generic_category().message(state.stop_detail());
    switch (state.why_stopped()) {
    case stop_reason::none: break;
    case stop_reason::signal: say("interrupted by " + signal_name(state.stop_detail()) + ": " + how_far(state)); break;
    case stop_reason::broken_pipe:
    case stop_reason::output_failed: say("standard output: " + error + ": " + how_far(state)); break;
    }
}

int exit_status_of(const run_state& state) {
    switch (state.why_stopped()) {
    case stop_reason::signal: return exit_signal_base + state.stop_detail();
    case stop_reason::broken_pipe: return exit_broken_pipe;
    case stop_reason::output_failed: return exit_output_failed;
    case stop_reason::none: break;
    }
    return state.failures.load() > 0 ? exit_some_failed : exit_all_fine;
}

/// A second signal, or no end within the time: whatever the workers are doing, they are left to it.
[[noreturn]] void give_up(pipeline& line) {
    line.bar().wipe();
    explain(line.state());
    std::_Exit(exit_status_of(line.state()));
}

int milliseconds_to(clock::time_point when) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(when - clock::now());
    return left.count() > 0 ? static_cast<int>(left.count()) : 0;
}

/// After the first signal. Returns when the pipeline has ended.
void wait_after_signal(pipeline& line, waiter& events) {
    const auto deadline = clock::now() + patience;
    line.stop(stop_reason::signal, events.last_signal());
    if (events.wait(milliseconds_to(deadline)) != wake_reason::ended) {
        give_up(line);
    }
}

void wait_for_end(pipeline& line, waiter& events) {
    const int interval = line.bar().shown() ? static_cast<int>(picture_interval.count()) : -1;
    for (;;) {
        switch (events.wait(interval)) {
        case wake_reason::ended: return;
        case wake_reason::signal: wait_after_signal(line, events); return;
        case wake_reason::time:
            if (line.bar().shown()) {
                line.draw_progress();
            }
            break;
        }
    }
}

/// Opened before the work, so that a mistyped name is found before an hour has passed.
unique_fd open_stats(const options& chosen) {
    if (chosen.stats_file.empty()) {
        return unique_fd{::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)};
    }
    unique_fd fd{::open(chosen.stats_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)};
    if (!fd) {
        say(chosen.stats_file + ": " + std::generic_category().message(errno));
    }
    return fd;
}

void report(const summary& figures, const options& chosen, int fd) {
    if (!chosen.quiet || chosen.stats_asked_for) {
        write_all(fd, chosen.stats == stats_format::json ? as_json(figures) : as_text(figures));
    }
}

int run(const options& chosen, clock::time_point began) {
    const auto stats = open_stats(chosen);
    if (!stats && !chosen.stats_file.empty()) {
        return exit_usage;
    }
    waiter events;
    pipeline line{chosen, [](void* context) { static_cast<waiter*>(context)->end(); }, &events};
    line.start();
    wait_for_end(line, events);
    line.close();
    line.bar().hide();
    explain(line.state());
    const int status = exit_status_of(line.state());
    report(summarize(line.state(), chosen, began, status), chosen, stats.get());
    return status;
}

}  // namespace
}  // namespace cmwq_sum

int main(int argc, char** argv) {
    const auto began = std::chrono::steady_clock::now();
    cmwq_sum::options chosen;
    const int decided = cmwq_sum::parse_command_line(argc, argv, chosen);
    return decided >= 0 ? decided : cmwq_sum::run(chosen, began);
}
