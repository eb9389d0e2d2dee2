// SPDX-License-Identifier: Apache-2.0
//
// Shows that the comparison can fail: the reference is told one wrong rule after the other, and each must be found out
// by some input of the corpus. (Told the right ones it agrees with the engine on all of them: operations_replay.)
//     PROGRAM FILE|FOLDER...
#include "fuzz/play.hpp"
#include "fuzz/replay.hpp"

#include <algorithm>
#include <cstdio>
#include <vector>

namespace {

struct wrong_rule {
    const char* name;
    bool fuzz::rules::*rule;
};

constexpr wrong_rule wrong_rules[] = {
    {"a pending item is accepted", &fuzz::rules::pending_once},
    {"an item runs beside itself", &fuzz::rules::not_beside_itself},
    {"there are no limits", &fuzz::rules::limits_hold},
    {"what came last starts first", &fuzz::rules::in_order},
    {"one enable takes all disables back", &fuzz::rules::disables_add_up},
    {"delays are not waited for", &fuzz::rules::delays_hold},
    {"frozen queues go on", &fuzz::rules::freezing_holds},
    {"queues that drain accept", &fuzz::rules::draining_refuses},
    {"full queues accept", &fuzz::rules::bounds_hold},
    {"flushes return at once", &fuzz::rules::flush_waits},
    {"cancelled items run", &fuzz::rules::cancel_takes_back},
};

using inputs = std::vector<fuzz::input>;

const fuzz::input* first_disagreement(const inputs& all, const fuzz::rules& told) {
    const auto disagrees = [&](const fuzz::input& one) {
        return fuzz::play({one.bytes.data(), one.bytes.size()}, told).outcome.failed;
    };
    const auto found = std::find_if(all.begin(), all.end(), disagrees);
    return found != all.end() ? &*found : nullptr;
}

bool is_found_out(const inputs& all, const wrong_rule& wrong) {
    fuzz::rules told;
    told.*wrong.rule = false;
    const fuzz::input* by = first_disagreement(all, told);
    std::printf("%s: %s\n", wrong.name, by != nullptr ? by->name.c_str() : "NOT FOUND OUT");
    return by != nullptr;
}

}  // namespace

int main(int count, char** arguments) {
    const inputs all = fuzz::read_inputs(count - 1, arguments + 1);
    bool each = true;
    for (const wrong_rule& wrong : wrong_rules) each = is_found_out(all, wrong) && each;
    return each ? 0 : 1;
}
