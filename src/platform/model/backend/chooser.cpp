// SPDX-License-Identifier: Apache-2.0
#include "backend/chooser.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace cmwq {
inline namespace v1 {
namespace model {
namespace detail {

namespace {

class random_walk final : public chooser {
public:
    random_walk(std::uint64_t seed, double stay) : random_(seed), stay_(stay) {}

    void fiber_yields(fiber&) override { yielded_ = true; }

    fiber* choose(const std::vector<fiber*>& runnable, fiber* current) override {
        if (current != nullptr && !yielded_ && random_.happens(stay_)) return current;
        fiber* chosen = runnable[random_.below(runnable.size())];
        // A yield that goes on at once is no yield: draw once more.
        if (yielded_ && chosen == current) chosen = runnable[random_.below(runnable.size())];
        yielded_ = false;
        return chosen;
    }

private:
    random_source random_;
    double stay_;
    bool yielded_ = false;
};

// Burckhardt, Kothari, Musuvathi, Nagarakatti, "A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs",
// 2010. Additions for real code: who yields falls below everybody until it next waits, and so does who runs for very
// long without a switch, since no system is as unfair as strict priorities.
class priorities final : public chooser {
public:
    priorities(std::uint64_t seed, int depth, std::uint64_t steps) : random_(seed) {
        for (int i = 1; i < depth; ++i) change_points_.push_back(1 + random_.below(std::max<std::uint64_t>(steps, 1)));
        std::sort(change_points_.begin(), change_points_.end());
    }

    void fiber_ready(fiber& f, bool again) override {
        if (again && !f.demoted) return;
        f.priority = first_priority + (random_.next() >> 2);
        f.demoted = false;
    }

    void fiber_yields(fiber& f) override {
        f.priority = --lowest_;
        f.demoted = true;
    }

    fiber* choose(const std::vector<fiber*>& runnable, fiber* current) override {
        if (current != nullptr) {
            pass_change_points(*current);
            if (++stretch_ > longest_stretch) fiber_yields(*current);
        }
        fiber* chosen = *std::max_element(runnable.begin(), runnable.end(),
                                          [](const fiber* a, const fiber* b) { return a->priority < b->priority; });
        if (chosen != current) stretch_ = 0;
        return chosen;
    }

private:
    // Three bands: fibers that yielded count down from the middle of the lowest, change points fall above them, the
    // rest is drawn above both.
    static constexpr std::uint64_t change_priority = std::uint64_t{1} << 40;
    static constexpr std::uint64_t first_priority = std::uint64_t{1} << 41;
    static constexpr int longest_stretch = 2'000;

    void pass_change_points(fiber& current) {
        ++steps_;
        while (next_change_ < change_points_.size() && change_points_[next_change_] <= steps_) {
            current.priority = change_priority - next_change_;
            ++next_change_;
        }
    }

    random_source random_;
    std::vector<std::uint64_t> change_points_;
    std::size_t next_change_ = 0;
    std::uint64_t steps_ = 0;
    std::uint64_t lowest_ = change_priority / 2;
    int stretch_ = 0;
};

// Follows a list of choices, and says how many there were at each: the exhaustive search makes the next list of that.
class fixed_choices final : public chooser {
public:
    explicit fixed_choices(const options& how) : planned_(how.choices), preemptions_left_(how.max_preemptions) {}

    void fiber_yields(fiber&) override { yielded_ = true; }

    fiber* choose(const std::vector<fiber*>& runnable, fiber* current) override {
        candidates_ = runnable;
        std::sort(candidates_.begin(), candidates_.end(), [](auto* a, auto* b) { return a->id < b->id; });
        const bool yields = yielded_;
        yielded_ = false;
        if (current != nullptr) prefer(current, yields);
        if (candidates_.size() == 1) return candidates_.front();
        fiber* chosen = candidates_[next_choice()];
        if (current != nullptr && !yields && chosen != current && preemptions_left_ > 0) --preemptions_left_;
        return chosen;
    }

    void describe(outcome& result) const override {
        result.choices = made_;
        result.alternatives = alternatives_;
    }

private:
    // Choice 0 is the cheapest continuation: the same fiber, or after a yield another one.
    void prefer(fiber* current, bool yields) {
        const auto position = std::find(candidates_.begin(), candidates_.end(), current);
        if (yields) {
            if (candidates_.size() > 1) candidates_.erase(position);
        } else if (preemptions_left_ == 0) {
            candidates_.assign(1, current);
        } else {
            std::rotate(candidates_.begin(), position, position + 1);
        }
    }

    std::uint32_t next_choice() {
        const auto count = static_cast<std::uint32_t>(candidates_.size());
        const std::uint32_t wanted = made_.size() < planned_.size() ? planned_[made_.size()] : 0;
        made_.push_back(std::min(wanted, count - 1));
        alternatives_.push_back(count);
        return made_.back();
    }

    std::vector<std::uint32_t> planned_, made_, alternatives_;
    std::vector<fiber*> candidates_;
    int preemptions_left_;
    bool yielded_ = false;
};

/// Who goes on if nobody says otherwise, and how often each thread was asked.
class usual_course {
public:
    void yields() { yielded_ = true; }

    /// The same one; after a yield, or as it waits, the next one by id. Also says which decision this is.
    fiber* next(const std::vector<fiber*>& runnable, fiber* current, thread_switch& decision) {
        const bool stays = current != nullptr && !std::exchange(yielded_, false);
        const int last = current != nullptr ? current->id : last_;
        if (asked_.size() <= static_cast<std::size_t>(last)) asked_.resize(static_cast<std::size_t>(last) + 1);
        decision.from = last;
        decision.decision = asked_[static_cast<std::size_t>(last)]++;
        return stays ? current : after(runnable, last);
    }
    void goes_on(const fiber& f) { last_ = f.id; }

private:
    static fiber* after(const std::vector<fiber*>& runnable, int id) {
        const auto rank = [id](const fiber* f) { return std::pair{f->id <= id, f->id}; };
        return *std::min_element(runnable.begin(), runnable.end(),
                                 [&](const fiber* a, const fiber* b) { return rank(a) < rank(b); });
    }

    std::vector<std::uint32_t> asked_;  // by id
    int last_ = 0;
    bool yielded_ = false;
};

// Writes down what another chooser does, as switches from the usual course.
class recorder final : public chooser {
public:
    explicit recorder(std::unique_ptr<chooser> inner) : inner_(std::move(inner)) {}

    void fiber_ready(fiber& f, bool again) override { inner_->fiber_ready(f, again); }
    void fiber_yields(fiber& f) override {
        usual_.yields();
        inner_->fiber_yields(f);
    }
    fiber* choose(const std::vector<fiber*>& runnable, fiber* current) override {
        thread_switch decision;
        const fiber* expected = usual_.next(runnable, current, decision);
        fiber* chosen = inner_->choose(runnable, current);
        decision.to = chosen->id;
        if (chosen != expected) made_.push_back(decision);
        usual_.goes_on(*chosen);
        return chosen;
    }
    void describe(outcome& result) const override {
        inner_->describe(result);
        result.switches_made = made_;
    }

private:
    std::unique_ptr<chooser> inner_;
    usual_course usual_;
    std::vector<thread_switch> made_;
};

// The usual course but for the switches that are given. One that cannot be made is passed over.
class guided final : public chooser {
public:
    explicit guided(const options& how) {
        for (const thread_switch& one : how.switches) switches_[{one.from, one.decision}] = one.to;
    }

    void fiber_yields(fiber&) override { usual_.yields(); }
    fiber* choose(const std::vector<fiber*>& runnable, fiber* current) override {
        thread_switch decision;
        fiber* chosen = usual_.next(runnable, current, decision);
        if (const auto given = switches_.find({decision.from, decision.decision}); given != switches_.end()) {
            for (fiber* f : runnable) {
                if (f->id == given->second) chosen = f;
            }
        }
        usual_.goes_on(*chosen);
        return chosen;
    }

private:
    std::map<std::pair<int, std::uint32_t>, int> switches_;
    usual_course usual_;
};

std::unique_ptr<chooser> make_plain_chooser(const options& how) {
    const std::uint64_t seed = scramble(how.seed);
    switch (how.schedule) {
    case strategy::guided: return std::make_unique<guided>(how);
    case strategy::pct: return std::make_unique<priorities>(seed, how.pct_depth, how.pct_steps);
    case strategy::fixed: return std::make_unique<fixed_choices>(how);
    case strategy::random_walk: break;
    }
    return std::make_unique<random_walk>(seed, how.stay);
}

}  // namespace

std::unique_ptr<chooser> make_chooser(const options& how) {
    auto plain = make_plain_chooser(how);
    if (!how.record_switches) return plain;
    return std::make_unique<recorder>(std::move(plain));
}

}  // namespace detail
}  // namespace model
}  // namespace v1
}  // namespace cmwq
