// SPDX-License-Identifier: Apache-2.0
//
// Which CPUs the process may use at present: those of its affinity mask and CPU set that are online, cut to the quota
// of its control group. Never none. All else keeps its place while they come and go: pools, seats and threads of a CPU
// that is gone stay, and only where new items go, where threads are pinned, and who looks for work follows. Protocol
// page: docs/design/placement.md, "CPUs that come and go".
#pragma once

#include "engine/locking.hpp"

#include <chrono>

namespace cmwq {
inline namespace v1 {
namespace engine {

/// The first ones, as many as the quota allows. 0: no limit.
platform::cpu_indices cut_to_quota(const platform::cpu_indices& allowed, int quota) noexcept;

/// One per process, looked at on slow paths only: platform::current_cpu() has the answer in its own table.
class online_cpus {
public:
    constexpr online_cpus() noexcept = default;
    static online_cpus& instance() noexcept;

    /// Any thread. Out of date when it returns, as any answer about them is.
    bool contains(int cpu) const noexcept {
        return (words_[cpu / 64].load(memory_order_relaxed) >> (cpu % 64) & 1) != 0;
    }
    /// That one, or else the next one online.
    int nearest(int cpu) const noexcept;
    /// One more than the highest index that was ever online: what there is beyond has no work. Never 0 once there are
    /// pools.
    int nr_seen() const noexcept { return nr_seen_.load(memory_order_relaxed); }
    /// The same, for those who may be the first to ask.
    int count() noexcept;
    /// All of them at one moment.
    platform::cpu_indices all() noexcept;

    /// Another number whenever they have changed; never 0. Whoever sees it sees that change, or a later one.
    unsigned generation() const noexcept {
        return generation_.load(memory_order_acquire);  // sync cpus.1: acquire; pairs with cpus.2; sees the CPUs
    }

    /// Forgets what was before and looks. By the first runtime, before it has pools.
    void begin() noexcept;
    /// There are no pools any more: whoever asks next looks anew.
    void end() noexcept;
    /// Looks whether they have changed. True: they have.
    bool refresh() noexcept;
    /// The same, unless somebody did within a second.
    void refresh_if_due(std::chrono::nanoseconds now) noexcept;
    /// In the child of a fork.
    void renew_after_fork() noexcept;

private:
    void begin_locked() noexcept;
    bool look() noexcept;
    void take(const platform::cpu_indices& now) noexcept;

    alignas(cache_line) atomic<std::uint64_t> words_[platform::cpu_indices::nr_words] = {};  // T: written under lock_
    atomic<int> nr_seen_{0};                                                                 // T: written under lock_
    atomic<unsigned> generation_{0};     // A(cpus): written under lock_
    atomic<std::int64_t> next_look_{0};  // T: nanoseconds
    mutex lock_;                         // one look at a time; innermost
};

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
