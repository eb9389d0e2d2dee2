// SPDX-License-Identifier: Apache-2.0
#include "backend/virtual_cpus.hpp"

#include <algorithm>

namespace cmwq {
inline namespace v1 {
namespace model {
namespace detail {

virtual_cpus::virtual_cpus(int count, std::int64_t slice) : lines_(static_cast<std::size_t>(count)), slice_(slice) {}

virtual_cpus::line& virtual_cpus::line_for(fiber& f) {
    line& own = lines_[static_cast<std::size_t>(f.cpu)];
    if (f.pinned || own.burning.empty()) return own;
    const auto shortest = std::min_element(lines_.begin(), lines_.end(), [](const line& a, const line& b) {
        return a.burning.size() < b.burning.size();
    });
    f.cpu = static_cast<int>(shortest - lines_.begin());
    return *shortest;
}

void virtual_cpus::add(fiber& f) {
    line& at = line_for(f);
    at.burning.push_back(&f);
    if (at.burning.size() == 1) at.slice_left = slice_;
    let_go_on(at);
}

/// Whoever has the idle policy lets all others go first.
void virtual_cpus::let_go_on(line& at) {
    if (at.burning.empty() || !at.burning.front()->idle_policy) return;
    const auto normal = std::find_if(at.burning.begin(), at.burning.end(), [](auto* f) { return !f->idle_policy; });
    if (normal == at.burning.end()) return;
    std::rotate(at.burning.begin(), normal, normal + 1);
    at.slice_left = slice_;
}

void virtual_cpus::place_again(fiber& f) {
    for (line& at : lines_) {
        if (std::erase(at.burning, &f) == 0) continue;
        at.slice_left = slice_;
        add(f);
        break;
    }
    fill_free_cpus();
}

std::int64_t virtual_cpus::next_change() const {
    std::int64_t soonest = no_deadline;
    for (const line& at : lines_) {
        if (at.burning.empty()) continue;
        soonest = std::min(soonest, at.burning.front()->burn_left);
        if (slice_ > 0 && at.burning.size() > 1) soonest = std::min(soonest, at.slice_left);
    }
    return soonest;
}

void virtual_cpus::pass(std::int64_t time, std::vector<fiber*>& ended) {
    for (line& at : lines_) {
        if (!at.burning.empty()) pass_on(at, time, ended);
    }
    fill_free_cpus();
}

void virtual_cpus::pass_on(line& at, std::int64_t time, std::vector<fiber*>& ended) {
    fiber& first = *at.burning.front();
    first.burn_left -= time;
    first.cpu_time += time;
    at.slice_left -= time;
    const bool over = first.burn_left <= 0;
    if (!over && (slice_ == 0 || at.slice_left > 0)) return;
    at.burning.erase(at.burning.begin());
    (over ? ended : at.burning).push_back(&first);
    at.slice_left = slice_;
    let_go_on(at);
}

void virtual_cpus::fill_free_cpus() {
    for (std::size_t cpu = 0; cpu < lines_.size(); ++cpu) {
        if (lines_[cpu].burning.empty()) move_waiting_burn_to(static_cast<int>(cpu));
    }
}

void virtual_cpus::move_waiting_burn_to(int cpu) {
    for (line& at : lines_) {
        if (at.burning.size() < 2) continue;
        const auto movable = std::find_if(at.burning.begin() + 1, at.burning.end(), [](auto* f) { return !f->pinned; });
        if (movable == at.burning.end()) continue;
        fiber& moved = **movable;
        at.burning.erase(movable);
        moved.cpu = cpu;
        return add(moved);
    }
}

bool virtual_cpus::keeps_idle_policy_waiting(int cpu) const {
    const auto& burning = lines_[static_cast<std::size_t>(cpu)].burning;
    return !burning.empty() && !burning.front()->idle_policy;
}

}  // namespace detail
}  // namespace model
}  // namespace v1
}  // namespace cmwq
