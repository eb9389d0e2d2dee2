// SPDX-License-Identifier: Apache-2.0
//
// Model backend: many runs of one body.
#include "backend/crash_notice.hpp"
#include "backend/random.hpp"
#include "backend/shrink.hpp"
#include "backend/site.hpp"
#include "model.hpp"

#include <algorithm>
#include <bit>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <unordered_set>
#include <utility>

namespace cmwq {
inline namespace v1 {
namespace model {

namespace {

// A schedule seed says all about a schedule, so that one number replays it:
//   bits 0..47   seed of the random choices
//   bits 48..55  pct: log2 of options::pct_steps; random walk: its two lower bits say how much it stays
//   bits 56..63  0: random walk, d: pct of depth d
constexpr int steps_shift = 48;
constexpr int depth_shift = 56;
constexpr std::uint64_t seed_mask = (std::uint64_t{1} << steps_shift) - 1;
constexpr int deepest = 3;

void apply_schedule(options& how, std::uint64_t schedule) {
    how.seed = schedule & seed_mask;
    how.pct_depth = static_cast<int>(schedule >> depth_shift);
    how.pct_steps = std::uint64_t{1} << ((schedule >> steps_shift) & 63);
    how.stay = 1.0 - 1.0 / static_cast<double>(1u << ((schedule >> steps_shift) & 3));
    how.schedule = how.pct_depth == 0 ? strategy::random_walk : strategy::pct;
}

// Change points are spread over horizons of any length up to the longest run seen: bugs sit at the beginning as often
// as at the end, and shorter runs waste no change points.
std::uint64_t schedule_number(std::uint64_t base, std::uint64_t index, std::uint64_t longest) {
    const std::uint64_t random = detail::scramble(detail::scramble(base) + index);
    const auto most = static_cast<std::uint64_t>(std::bit_width(std::max<std::uint64_t>(longest, 32)));
    const std::uint64_t log_steps = 4 + (random >> steps_shift) % (most - 3);
    const std::uint64_t depth = index % (deepest + 1);
    return (depth << depth_shift) | (log_steps << steps_shift) | (random & seed_mask);
}

bool read_number(const char* variable, std::uint64_t& value) {
    const char* text = std::getenv(variable);
    if (text == nullptr || *text == '\0') return false;
    value = std::strtoull(text, nullptr, 0);
    return true;
}

bool read_choices(std::vector<std::uint32_t>& choices) {
    const char* text = std::getenv("CMWQ_MODEL_CHOICES");
    if (text == nullptr || *text == '\0') return false;
    char* end = nullptr;
    for (; *text != '\0'; text = *end == ',' ? end + 1 : end) {
        choices.push_back(static_cast<std::uint32_t>(std::strtoul(text, &end, 10)));
        if (end == text) break;
    }
    return true;
}

constexpr const char* framework_failure = "the test framework reports a failure";

void read_weak_memory(options& how) {
    std::uint64_t weak = 0;
    if (read_number("CMWQ_MODEL_WEAK", weak)) how.weak_memory = weak != 0;
    how.note_sites = how.note_sites || std::getenv("CMWQ_MODEL_SITES") != nullptr;
    if (const char* text = std::getenv("CMWQ_MODEL_WEAKEN")) how.weaken = detail::read_weakening(text);
}

class explorer {
public:
    explorer(const options& how, const exploration_plan& plan, const std::function<void()>& body)
        : how_(how), plan_(plan), body_(body) {}

    exploration by_seeds() {
        std::uint64_t base = how_.seed;
        std::uint64_t only = 0;
        read_number("CMWQ_MODEL_BASE_SEED", base);
        read_number("CMWQ_MODEL_SCHEDULES", plan_.schedules);
        read_weak_memory(how_);
        if (read_number("CMWQ_MODEL_SEED", only)) {
            how_.print_trace = true;
            plan_.shrink = false;
            run_schedule(only);
            return result_;
        }
        if (plan_.schedules == 0) return result_;
        const std::uint64_t first = schedule_number(base, 0, result_.longest);
        const std::uint64_t first_hash = run_schedule(first);
        for (std::uint64_t i = 1; i < plan_.schedules && !result_.failed; ++i) {
            run_schedule(schedule_number(base, i, result_.longest));
        }
        if (plan_.first_again && !how_.weak_memory && !result_.failed) run_again(first, first_hash);
        return result_;
    }

    exploration by_choices(int preemptions) {
        how_.schedule = strategy::fixed;
        how_.max_preemptions = preemptions;
        how_.weak_failures = 0.0;
        const bool only_one = read_choices(how_.choices);
        how_.print_trace = only_one;
        for (std::uint64_t i = 0; i < plan_.schedules && !result_.failed && !result_.complete; ++i) {
            const outcome once = run_once();
            if (once.failed) report(once, "CMWQ_MODEL_CHOICES=" + choices_text(once));
            result_.complete = only_one || !next_choices(once);
        }
        return result_;
    }

private:
    outcome run_once() {
        outcome once = run(how_, body_);
        if (!once.failed && plan_.also_failed && plan_.also_failed()) {
            once.failed = true;
            once.message = framework_failure;
            once.report = "cmwq model: " + once.message + '\n';
        }
        ++result_.schedules;
        result_.steps += once.steps;
        result_.longest = std::max(result_.longest, once.steps);
        if (hashes_.insert(once.trace_hash).second) ++result_.distinct;
        return once;
    }

    std::uint64_t run_schedule(std::uint64_t schedule) {
        apply_schedule(how_, schedule);
        if (const char* text = std::getenv("CMWQ_MODEL_SWITCHES"); text != nullptr && *text != '\0') {
            if (detail::read_switches(text, how_.switches)) how_.schedule = strategy::guided;
        }
        char replay[64];
        std::snprintf(replay, sizeof replay, "CMWQ_MODEL_SEED=%#" PRIx64, schedule);
        notice_.set_replay(replay, plan_.replay_command.c_str());
        const outcome once = run_once();
        if (!once.failed) return once.trace_hash;
        result_.schedule_seed = schedule;
        report(once, replay);
        if (plan_.shrink && once.message != framework_failure) shrink(once, replay);
        return once.trace_hash;
    }

    /// The first schedule, after all the others: were it another run now, then no number would replay a failure.
    void run_again(std::uint64_t schedule, std::uint64_t hash) {
        apply_schedule(how_, schedule);
        outcome again = run(how_, body_);
        if (again.trace_hash == hash) return;
        again.message = "the first schedule is another run the second time: something outlives a run";
        again.report = "cmwq model: " + again.message + '\n';
        char replay[64];
        std::snprintf(replay, sizeof replay, "CMWQ_MODEL_SEED=%#" PRIx64, schedule);
        report(again, replay);
    }

    // The test framework's own failures cannot be asked about one run and then another.
    void shrink(const outcome& failure, const char* seed) {
        std::vector<thread_switch> switches;
        result_.shrunk = detail::shrink(how_, failure, body_, switches);
        if (!result_.shrunk.failed) return;
        result_.shrunk_replay = std::string(seed) + " CMWQ_MODEL_SWITCHES='" + detail::text_of(switches) + "'";
        result_.shrunk.report += "shrunk from " + std::to_string(failure.switches) + " switches of threads to " +
                                 std::to_string(result_.shrunk.switches) + "; replay: " + result_.shrunk_replay + ' ' +
                                 plan_.replay_command + '\n';
        if (!plan_.quiet) std::fputs(result_.shrunk.report.c_str(), stderr);
    }

    // Depth first: the last choice that has an untried alternative moves on, what followed it is forgotten.
    bool next_choices(const outcome& once) {
        how_.choices = once.choices;
        while (!how_.choices.empty()) {
            if (how_.choices.back() + 1 < once.alternatives[how_.choices.size() - 1]) {
                ++how_.choices.back();
                return true;
            }
            how_.choices.pop_back();
        }
        return false;
    }

    static std::string choices_text(const outcome& once) {
        std::string text;
        const char* separator = "";
        for (const auto choice : once.choices) text += std::exchange(separator, ",") + std::to_string(choice);
        return text;
    }

    void report(const outcome& once, const std::string& replay) {
        result_.failed = true;
        result_.first_failure = once;
        result_.first_failure.report += "after " + std::to_string(result_.schedules) + " schedules; replay: " + replay +
                                        ' ' + plan_.replay_command + '\n';
        if (!plan_.quiet) std::fputs(result_.first_failure.report.c_str(), stderr);
    }

    options how_;
    exploration_plan plan_;
    const std::function<void()>& body_;
    exploration result_;
    std::unordered_set<std::uint64_t> hashes_;
    detail::crash_notice notice_;
};

}  // namespace

exploration explore(const options& how, const exploration_plan& plan, const std::function<void()>& body) {
    return explorer(how, plan, body).by_seeds();
}

exploration explore_all(const options& how, int preemptions, const exploration_plan& plan,
                        const std::function<void()>& body) {
    return explorer(how, plan, body).by_choices(preemptions);
}

}  // namespace model
}  // namespace v1
}  // namespace cmwq
