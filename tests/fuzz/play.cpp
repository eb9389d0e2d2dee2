// SPDX-License-Identifier: Apache-2.0
#include "fuzz/play.hpp"

#include "model/forget_run.hpp"

namespace fuzz {

namespace model = cmwq::model;

namespace {

model::options schedule_from(bytes& input, bool at_once) {
    model::options how;
    constexpr int counts[] = {1, 2, 2, 4};
    how.cpus.count = counts[input.below(4)];
    if (how.cpus.count == 4) how.cpus.nodes = how.cpus.caches = 2;
    how.schedule = input.flip() ? model::strategy::pct : model::strategy::random_walk;
    how.pct_depth = 1 + input.below(3);
    how.seed = input.take() << 8 | input.take();
    const unsigned flags = input.take();
    how.has_fence_all_threads = (flags & 1) == 0;
    how.migrate = at_once && (flags & 2) != 0;
    how.time_leaps = at_once && (flags & 4) != 0 ? 0.02 : 0.0;
    how.step_limit = 20'000'000;
    how.after_run = cmwq_test::forget_run;
    return how;
}

}  // namespace

played play(bytes input, const rules& told) {
    played all;
    const bool at_once = input.below(4) == 3;
    const model::options how = schedule_from(input, at_once);
    all.outcome = model::run(how, [&] {
        if (at_once) return play_at_once(input);
        play_step_by_step(input, told, how.cpus.count, all.story);
    });
    return all;
}

}  // namespace fuzz
