// SPDX-License-Identifier: Apache-2.0
//
// Replays what a kernel was asked to cmwq, and compares the answers: replay DIFFERENCES RECORDED... [--change-answers]
//
// A line on which the two differ must be in DIFFERENCES with what cmwq says; an entry there that no line needs is a
// failure too. With --change-answers each recorded answer is falsified in turn, and the comparison has to find it: the
// status is 0 if it finds them all.
#include "interpreter.hpp"
#include "model.hpp"
#include "support/misuse_recorder.hpp"

#include <cstdio>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace {

struct step {
    std::string operation, answer;
};

struct script {
    std::string name;
    std::vector<step> steps;
};

/// One difference: in which script, at which step (from 1), and what the kernel and cmwq answer there.
struct difference {
    std::string of_kernel, of_cmwq;
    bool used = false;
};
using differences = std::map<std::pair<std::string, std::size_t>, difference>;

std::vector<script> read_recorded(const char* path) {
    std::vector<script> all;
    std::ifstream from{path};
    for (std::string line; std::getline(from, line);) {
        const std::size_t split = line.find(" = ");
        if (line.starts_with("script ")) {
            all.push_back({line.substr(7), {}});
        } else if (split != std::string::npos && !all.empty()) {
            all.back().steps.push_back({line.substr(0, split), line.substr(split + 3)});
        }
    }
    return all;
}

/// Lines "SCRIPT STEP: KERNEL -> CMWQ" and, with '#', the reasons.
differences read_differences(const char* path) {
    differences all;
    std::ifstream from{path};
    for (std::string line; std::getline(from, line);) {
        const std::size_t name_ends = line.find(' '), step_ends = line.find(": "), arrow = line.find(" -> ");
        if (line.empty() || line[0] == '#') continue;
        if (arrow == std::string::npos || step_ends > arrow || name_ends > step_ends) {
            std::printf("not understood: %s\n", line.c_str());
            std::exit(2);
        }
        const std::size_t number = std::stoul(line.substr(name_ends + 1));
        all[{line.substr(0, name_ends), number}] = {line.substr(step_ends + 2, arrow - step_ends - 2),
                                                    line.substr(arrow + 4)};
    }
    return all;
}

using answers = std::vector<std::string>;

/// How often a script is run; CMWQ_MODEL_SCHEDULES overrides it.
constexpr std::uint64_t schedules = 8;

/// What cmwq says to each step, under each schedule. Fewer answers than steps: the run ended in a failure, which
/// `failure` tells.
std::vector<answers> answers_of_cmwq(const script& asked, std::string& failure) {
    cmwq::model::options how;
    how.cpus = {.count = 2};
    how.step_limit = 10'000'000;
    cmwq::model::exploration_plan plan;
    plan.schedules = schedules;
    plan.quiet = true;
    std::vector<answers> runs;
    const auto found = cmwq::model::explore(how, plan, [&] {
        runs.emplace_back();
        oracle::interpreter interpreter;
        for (const step& each : asked.steps) runs.back().push_back(interpreter.operate(each.operation));
    });
    if (found.failed) failure = found.first_failure.message;
    return runs;
}

/// How many steps differ without being a known difference. `tell`: prints them, in the form of the file of differences.
int compare(const script& asked, const answers& given, differences& known, bool tell) {
    int unexplained = 0;
    for (std::size_t i = 0; i < asked.steps.size(); ++i) {
        const std::string answer = i < given.size() ? given[i] : "(no answer)";
        if (answer == asked.steps[i].answer) continue;
        const auto entry = known.find({asked.name, i + 1});
        if (entry != known.end() && entry->second.of_cmwq == answer &&
            entry->second.of_kernel == asked.steps[i].answer) {
            entry->second.used = true;
            continue;
        }
        ++unexplained;
        if (tell) {
            std::printf("# %s\n%s %zu: %s -> %s\n", asked.steps[i].operation.c_str(), asked.name.c_str(), i + 1,
                        asked.steps[i].answer.c_str(), answer.c_str());
        }
    }
    return unexplained;
}

/// The script with a wrong answer at one step.
script falsified(const script& asked, std::size_t at) {
    script changed = asked;
    std::string& answer = changed.steps[at].answer;
    answer = answer.starts_with("true") ? "false" + answer.substr(4) : "true" + answer;
    return changed;
}

struct totals {
    int scripts = 0, steps = 0, unexplained = 0, unnoticed = 0;
};

void replay(const script& asked, differences& known, bool falsify, totals& sum) {
    std::string failure;
    const auto runs = answers_of_cmwq(asked, failure);
    ++sum.scripts;
    sum.steps += static_cast<int>(asked.steps.size());
    int differing = failure.empty() ? 0 : 1;
    if (!failure.empty()) std::printf("%s: %s\n", asked.name.c_str(), failure.c_str());
    for (const answers& given : runs) {
        const int here = compare(asked, given, known, !falsify && differing == 0);
        differing += here;
        for (std::size_t i = 0; falsify && i < asked.steps.size(); ++i) {
            if (compare(falsified(asked, i), given, known, false) <= here) ++sum.unnoticed;
        }
    }
    sum.unexplained += differing;
}

}  // namespace

int main(int count, char** arguments) {
    bool falsify = false;
    totals sum;
    if (count < 3) return 2;
    const support::misuse_recorder no_printing;
    differences known = read_differences(arguments[1]);
    std::map<std::string, bool> names;
    for (int i = 2; i < count; ++i) falsify |= std::string_view{arguments[i]} == "--change-answers";
    for (int i = 2; i < count; ++i) {
        if (arguments[i][0] == '-') continue;
        for (const script& asked : read_recorded(arguments[i])) {
            names[asked.name] = true;
            replay(asked, known, falsify, sum);
        }
    }
    int stale = 0, used = 0;
    for (const auto& [where, entry] : known) {
        used += entry.used;
        if (entry.used || !names.contains(where.first)) continue;
        ++stale;
        std::printf("%s %zu: a difference that is none (any more)\n", where.first.c_str(), where.second);
    }
    std::printf("%d scripts, %d steps: %d intended differences, %d unexplained, %d stale", sum.scripts, sum.steps, used,
                sum.unexplained, stale);
    std::printf(falsify ? ", %d changed answers not noticed\n" : "\n", sum.unnoticed);
    return sum.scripts > 0 && sum.unexplained == 0 && stale == 0 && sum.unnoticed == 0 ? 0 : 1;
}
