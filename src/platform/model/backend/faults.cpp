// SPDX-License-Identifier: Apache-2.0
//
// Model backend: every call that can fail is told to fail, in turn.
#include "backend/crash_notice.hpp"
#include "model.hpp"

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace cmwq {
inline namespace v1 {
namespace model {

namespace {

struct fault_kind {
    const char* name;
    failures options::*rules;
    std::uint64_t outcome::*attempts;
    std::uint64_t fault_sweep::*points;
    std::uint64_t length;  ///< of "from there on"; 0: no end
};

constexpr fault_kind kinds[] = {
    {"thread_start", &options::failing_thread_starts, &outcome::thread_starts, &fault_sweep::thread_starts, 10},
    {"allocation", &options::failing_allocations, &outcome::allocations, &fault_sweep::allocations, 20},
    {"wait", &options::disturbed_waits, &outcome::waits, &fault_sweep::waits, 0},
};

/// One injection point under one schedule.
struct fault {
    const fault_kind* kind = nullptr;
    bool onwards = false;
    std::uint64_t n = 0;
    std::uint64_t schedule = 0;
};

std::string text_of(const fault& one) {
    return std::string(one.kind->name) + ':' + std::to_string(one.n) + (one.onwards ? ":on:" : ":once:") +
           std::to_string(one.schedule);
}

bool read_fault(const char* text, fault& one) {
    char kind[16] = "", mode[8] = "";
    if (std::sscanf(text, "%15[^:]:%" SCNu64 ":%7[^:]:%" SCNu64, kind, &one.n, mode, &one.schedule) != 4) return false;
    one.onwards = std::strcmp(mode, "on") == 0;
    for (const fault_kind& known : kinds) {
        if (std::strcmp(known.name, kind) == 0) one.kind = &known;
    }
    return one.kind != nullptr;
}

class sweeper {
public:
    sweeper(const options& how, std::uint64_t schedules, const exploration_plan& plan,
            const std::function<void()>& body)
        : how_(how), schedules_(schedules), plan_(plan), body_(body) {
        how_.refusals_excuse_checks = true;
        // Several refusals in a row mean seconds of back-off, and a look of the watchdog each 10 ms.
        how_.step_limit *= 20;
    }

    fault_sweep all() {
        fault only;
        if (const char* text = std::getenv("CMWQ_MODEL_FAULT"); text != nullptr && read_fault(text, only)) {
            how_.print_trace = true;
            inject(only);
            return result_;
        }
        for (const fault_kind& kind : kinds) {
            for (const bool onwards : {false, true}) sweep(kind, onwards);
        }
        return result_;
    }

private:
    /// A scenario that has failures of its own keeps them.
    bool is_taken(const fault_kind& kind) const {
        const failures& own = how_.*kind.rules;
        return own.nth != 0 || own.from != 0 || own.probability > 0.0;
    }

    void sweep(const fault_kind& kind, bool onwards) {
        if (is_taken(kind)) return;
        for (std::uint64_t n = 1; !result_.failed && reach(kind, onwards, n); ++n) ++(result_.*kind.points);
    }

    /// False: no schedule has an n-th call of that kind.
    bool reach(const fault_kind& kind, bool onwards, std::uint64_t n) {
        bool reached = false;
        for (std::uint64_t schedule = 0; schedule < schedules_ && !result_.failed; ++schedule) {
            reached = inject({&kind, onwards, n, schedule}) || reached;
        }
        return reached;
    }

    bool inject(const fault& one) {
        options how = how_;
        how.seed += one.schedule;
        how.schedule = one.schedule % 2 == 0 ? strategy::random_walk : strategy::pct;
        how.stay = one.schedule % 4 == 0 ? 0.75 : 0.0;
        failures& rules = how.*one.kind->rules;
        rules.nth = one.onwards ? 0 : one.n;
        rules.from = one.onwards ? one.n : 0;
        rules.to = one.onwards && one.kind->length != 0 ? one.n + one.kind->length - 1 : 0;
        const std::string replay = "CMWQ_MODEL_FAULTS=1 CMWQ_MODEL_FAULT=" + text_of(one);
        notice_.set_replay(replay.c_str(), plan_.replay_command.c_str());
        outcome once = run(how, body_);
        ++result_.runs;
        if (once.excused) ++result_.excused;
        if (once.failed || (plan_.also_failed && plan_.also_failed())) report(once, replay);
        return once.*one.kind->attempts >= one.n;
    }

    void report(const outcome& once, const std::string& replay) {
        result_.failed = true;
        result_.first_failure = once;
        if (!once.failed) result_.first_failure.message = "the test framework reports a failure";
        result_.first_failure.report += "replay: " + replay + ' ' + plan_.replay_command + '\n';
        if (!plan_.quiet) std::fputs(result_.first_failure.report.c_str(), stderr);
    }

    options how_;
    std::uint64_t schedules_;
    const exploration_plan& plan_;
    const std::function<void()>& body_;
    fault_sweep result_;
    detail::crash_notice notice_;
};

}  // namespace

fault_sweep fail_each_in_turn(const options& how, std::uint64_t schedules, const exploration_plan& plan,
                              const std::function<void()>& body) {
    return sweeper(how, schedules, plan, body).all();
}

}  // namespace model
}  // namespace v1
}  // namespace cmwq
