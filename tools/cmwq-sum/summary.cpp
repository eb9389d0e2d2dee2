// SPDX-License-Identifier: Apache-2.0
#include "summary.hpp"

#include "human.hpp"

#include <nlohmann/json.hpp>

#include <sys/resource.h>

#include <cstdio>

namespace cmwq_sum {
namespace {

double seconds(const ::timeval& time) noexcept {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

std::string with_decimals(double number) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2f", number);
    return text;
}

std::string troubles(const summary& s) {
    std::string text;
    if (s.failures > 0) {
        text += "; " + with_commas(s.failures) + " failed";
    }
    if (s.skipped > 0) {
        text += "; " + with_commas(s.skipped) + " skipped";
    }
    return text;
}

}  // namespace

summary summarize(const run_state& state, const options& chosen, std::chrono::steady_clock::time_point began,
                  int exit_status) {
    ::rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - began;
    return {
        .files = state.files.load(),
        .bytes = state.bytes.load(),
        .directories = state.directories.load(),
        .failures = state.failures.load(),
        .skipped = state.skipped.load(),
        .lines = state.lines.load(),
        .items_run = state.items_run.load(),
        .most_items_in_flight = state.items_in_flight.highest(),
        .most_bytes_waiting = state.window.highest(),
        .workers_created = cmwq::runtime::standard().statistics().workers_created,
        .wall_seconds = wall.count(),
        .user_seconds = seconds(usage.ru_utime),
        .system_seconds = seconds(usage.ru_stime),
        .queue = name_of(chosen.queue),
        .jobs = chosen.jobs,
        .exit_status = exit_status,
    };
}

std::string as_text(const summary& s) {
    const auto bytes = static_cast<double>(s.bytes);
    return "cmwq-sum: " + count_of(s.files, "file") + " in " + count_of(s.directories, "directory") + ", " +
           human_bytes(bytes) + troubles(s) + '\n' +  //
           "cmwq-sum: " + with_decimals(s.wall_seconds) + " s wall, " +
           with_decimals(s.user_seconds + s.system_seconds) + " s CPU (" + with_decimals(s.user_seconds) + " user, " +
           with_decimals(s.system_seconds) + " system), " +
           human_bytes(s.wall_seconds > 0 ? bytes / s.wall_seconds : 0) + "/s\n" +  //
           "cmwq-sum: " + count_of(s.items_run, "work item") + ", at most " + with_commas(s.most_items_in_flight) +
           " in flight; " + count_of(s.workers_created, "worker") + " created; queue " + s.queue + '\n';
}

std::string as_json(const summary& s) {
    const nlohmann::ordered_json json{
        {"files", s.files},
        {"bytes", s.bytes},
        {"directories", s.directories},
        {"failures", s.failures},
        {"skipped", s.skipped},
        {"lines_written", s.lines},
        {"wall_seconds", s.wall_seconds},
        {"user_seconds", s.user_seconds},
        {"system_seconds", s.system_seconds},
        {"work_items", s.items_run},
        {"most_items_in_flight", s.most_items_in_flight},
        {"most_bytes_waiting", s.most_bytes_waiting},
        {"workers_created", s.workers_created},
        {"queue", s.queue},
        {"jobs", s.jobs},
        {"exit_status", s.exit_status},
    };
    return json.dump(2) + '\n';
}

}  // namespace cmwq_sum
