// SPDX-License-Identifier: Apache-2.0
//
// Model backend: the report of a failed run.
#include "backend/mutex.hpp"
#include "backend/scheduler.hpp"

#include <cinttypes>
#include <cstdio>

namespace cmwq {
inline namespace v1 {
namespace model {
namespace detail {

namespace {

std::string quoted_name(scheduler& run, int thread_id) {
    const fiber* f = run.find(thread_id);
    if (f == nullptr) return "nobody";
    return std::to_string(thread_id) + " \"" + f->name + "\"";
}

std::string strategy_text(const options& how) {
    switch (how.schedule) {
    case strategy::pct:
        return "pct of depth " + std::to_string(how.pct_depth) + " over " + std::to_string(how.pct_steps) + " steps";
    case strategy::fixed: return "given choices";
    case strategy::guided: return std::to_string(how.switches.size()) + " given switches of threads";
    case strategy::random_walk: break;
    }
    return "random walk";
}

std::string deadline_text(const fiber& f) {
    return f.deadline == no_deadline ? std::string() : " until " + std::to_string(f.deadline) + " ns";
}

std::string wait_text(scheduler& run, const fiber& f) {
    switch (f.reason) {
    case waiting_for::mutex: {
        const int owner = static_cast<const platform::mutex*>(f.wait_object)->owner();
        return "waits for " + run.steps().object_name(f.wait_object, "mutex") + ", held by " + quoted_name(run, owner);
    }
    case waiting_for::token: return "parked on " + run.steps().object_name(f.wait_object, "parker") + deadline_text(f);
    case waiting_for::thread: return "joins thread " + quoted_name(run, f.wait_thread);
    case waiting_for::sleep: return "sleeps" + deadline_text(f);
    case waiting_for::burn: return "burns CPU" + deadline_text(f);
    case waiting_for::turn: return "held up, could run";
    case waiting_for::nothing: break;
    }
    return &f == &run.current() ? "running" : "could run";
}

std::string state_text(scheduler& run, const fiber& f) {
    return f.finished ? "ended" : wait_text(run, f);
}

}  // namespace

std::string write_report(scheduler& run, const std::string& message) {
    const options& how = run.how();
    char line[160];
    std::string text = "cmwq model: " + message + '\n';
    std::snprintf(line, sizeof line, "  seed %#" PRIx64 ", %s, %" PRIu64 " steps, virtual time %" PRId64 " ns\n",
                  how.seed, strategy_text(how).c_str(), run.result().steps, run.now());
    text += line;
    text += "threads:\n";
    for (const auto& f : run.fibers()) {
        std::snprintf(line, sizeof line, "  %6d  %-14s cpu %d%s  ", f->id, f->name, f->cpu,
                      f->pinned ? " (pinned)" : "");
        text += line + state_text(run, *f) + '\n';
    }
    text += "last steps:\n";
    run.steps().write_last(text, how.report_steps, how.schedule == strategy::guided,
                           [&run](int id) { return run.find(id)->name; });
    return text;
}

}  // namespace detail
}  // namespace model
}  // namespace v1
}  // namespace cmwq
