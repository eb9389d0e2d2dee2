// SPDX-License-Identifier: Apache-2.0
#include "backend/shrink.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace cmwq {
inline namespace v1 {
namespace model {
namespace detail {

namespace {

using switch_list = std::vector<thread_switch>;

switch_list without(const switch_list& all, std::size_t first, std::size_t count) {
    switch_list rest;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (i < first || i >= first + count) rest.push_back(all[i]);
    }
    return rest;
}

/// Delta debugging (Zeller, Hildebrandt, 2002), the half of it that takes away: ever smaller parts of the list, for as
/// long as the failure stays.
class shrinker {
public:
    shrinker(options& how, const std::string& message, const std::function<void()>& body)
        : how_(how), message_(message), body_(body) {}

    bool fails_with(const switch_list& switches) {
        ++trials_;
        how_.switches = switches;
        outcome once = run(how_, body_);
        if (!once.failed || once.message != message_) return false;
        best_ = std::move(once);
        return true;
    }

    void take_away(switch_list& switches) {
        for (std::size_t part = std::max<std::size_t>(switches.size() / 2, 1); !switches.empty(); part /= 2) {
            while (take_away_parts(switches, part) && part == 1) {}
            if (part <= 1 || trials_ >= most_trials) break;
        }
    }

    outcome& best() { return best_; }

private:
    /// True: something could be taken away.
    bool take_away_parts(switch_list& switches, std::size_t part) {
        const std::size_t before = switches.size();
        std::size_t first = 0;
        while (first < switches.size() && trials_ < most_trials) {
            switch_list rest = without(switches, first, part);
            if (fails_with(rest)) {
                switches = std::move(rest);
            } else {
                first += part;
            }
        }
        return switches.size() < before && trials_ < most_trials;
    }

    options& how_;
    const std::string& message_;
    const std::function<void()>& body_;
    outcome best_;
    int trials_ = 0;
};

}  // namespace

outcome shrink(options how, const outcome& failure, const std::function<void()>& body, switch_list& switches) {
    how.print_trace = false;
    how.record_switches = true;
    const outcome recorded = run(how, body);
    if (!recorded.failed || recorded.message != failure.message) return {};
    how.record_switches = false;
    how.schedule = strategy::guided;
    how.report_steps = 400;
    switches = recorded.switches_made;
    shrinker by{how, failure.message, body};
    if (!by.fails_with(switches)) return {};
    by.take_away(switches);
    return std::move(by.best());
}

std::string text_of(const switch_list& switches) {
    std::string text;
    for (const thread_switch& one : switches) {
        if (!text.empty()) text += ',';
        text += std::to_string(one.from) + '.' + std::to_string(one.decision) + '>' + std::to_string(one.to);
    }
    return text.empty() ? "none" : text;
}

bool read_switches(const char* text, switch_list& switches) {
    if (std::string(text) == "none") return true;
    for (char* end = nullptr; *text != '\0'; text = *end == ',' ? end + 1 : end) {
        thread_switch one;
        one.from = static_cast<int>(std::strtol(text, &end, 10));
        if (*end != '.') return false;
        one.decision = static_cast<std::uint32_t>(std::strtoul(end + 1, &end, 10));
        if (*end != '>') return false;
        one.to = static_cast<int>(std::strtol(end + 1, &end, 10));
        if (*end != ',' && *end != '\0') return false;
        switches.push_back(one);
    }
    return true;
}

}  // namespace detail
}  // namespace model
}  // namespace v1
}  // namespace cmwq
