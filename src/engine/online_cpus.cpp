// SPDX-License-Identifier: Apache-2.0
#include "engine/online_cpus.hpp"

#include <algorithm>
#include <new>

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

using platform::cpu_indices;

constinit online_cpus the_cpus;

constexpr std::chrono::nanoseconds time_between_looks = std::chrono::seconds{1};

int highest_of(const cpu_indices& cpus) noexcept {
    int cpu = platform::topology::max_cpus - 1;
    while (cpu > 0 && !cpus.contains(cpu)) --cpu;
    return cpu;
}

}  // namespace

cpu_indices cut_to_quota(const cpu_indices& allowed, int quota) noexcept {
    if (quota <= 0) return allowed;
    cpu_indices first;
    for (int cpu = 0; cpu < platform::topology::max_cpus && quota > 0; ++cpu) {
        if (!allowed.contains(cpu)) continue;
        first.add(cpu);
        --quota;
    }
    return first;
}

online_cpus& online_cpus::instance() noexcept {
    return the_cpus;
}

int online_cpus::nearest(int cpu) const noexcept {
    const int count = nr_seen();
    for (int step = 0; step < count; ++step) {
        const int other = (cpu + step) % count;
        if (contains(other)) return other;
    }
    return cpu;
}

cpu_indices online_cpus::all() noexcept {
    locked hold{lock_};
    cpu_indices now;
    for (int i = 0; i < cpu_indices::nr_words; ++i) now.words[i] = words_[i].load(memory_order_relaxed);
    return now;
}

int online_cpus::count() noexcept {
    if (const int seen = nr_seen()) return seen;
    locked hold{lock_};
    if (nr_seen() == 0) begin_locked();
    return nr_seen();
}

void online_cpus::begin() noexcept {
    locked hold{lock_};
    nr_seen_.store(0, memory_order_relaxed);
    begin_locked();
}

void online_cpus::end() noexcept {
    locked hold{lock_};
    nr_seen_.store(0, memory_order_relaxed);
}

/// Under lock_. Some CPU is online, whatever the look says.
void online_cpus::begin_locked() noexcept {
    cpu_indices at_least;
    at_least.add(0);
    take(at_least);
    (void)look();
}

bool online_cpus::refresh() noexcept {
    locked hold{lock_};
    return look();
}

void online_cpus::refresh_if_due(std::chrono::nanoseconds now) noexcept {
    if (now.count() >= next_look_.load(memory_order_relaxed)) (void)refresh();
}

void online_cpus::renew_after_fork() noexcept {
    new (&lock_) mutex;
    next_look_.store(0, memory_order_relaxed);
}

/// Under lock_.
bool online_cpus::look() noexcept {
    next_look_.store((platform::now() + time_between_looks).count(), memory_order_relaxed);
    const platform::usable_cpus usable = platform::read_usable_cpus();
    const cpu_indices now = cut_to_quota(usable.allowed, usable.quota);
    bool same = true;
    for (int i = 0; i < cpu_indices::nr_words; ++i) same &= now.words[i] == words_[i].load(memory_order_relaxed);
    if (same || now.empty()) return false;
    take(now);
    return true;
}

/// Under lock_.
void online_cpus::take(const cpu_indices& now) noexcept {
    nr_seen_.store(std::max(nr_seen(), highest_of(now) + 1), memory_order_relaxed);
    for (int i = 0; i < cpu_indices::nr_words; ++i) words_[i].store(now.words[i], memory_order_relaxed);
    platform::use_cpus(now);
    const unsigned next = generation_.load(memory_order_relaxed) + 1;
    // sync cpus.2: release; pairs with cpus.1; publishes the CPUs
    generation_.store(next != 0 ? next : 1, memory_order_release);
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
