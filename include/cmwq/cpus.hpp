// SPDX-License-Identifier: Apache-2.0
//
// CPUs, as everything here names them: by their index. The first ones are the CPUs that the process might use when the
// library first looked, in the order of the kernel's numbers. So a program in a container with CPUs 4 and 7 has the
// CPUs 0 and 1. Behind them come the other CPUs of the machine, for which there is no use until the process may use
// them; and a CPU that it may not use any more keeps its index for when it comes back, and is offline meanwhile. Under
// a quota that is smaller than the mask the numbers begin with the CPU that the program was on, and the first ones are
// used, as many as the quota amounts to.
//
//     for (int cpu = 0; cpu < cmwq::nr_cpus(); ++cpu) (void)cmwq::system().enqueue_on(cpu, std::make_unique<job>(cpu));
#pragma once

#include <cmwq/fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace cmwq {
inline namespace v1 {

/// How many CPUs there are to name, at least 1: those of the affinity mask, cut to the quota of the control group, and
/// those that were among them before. Does not fall while there are queues. Context: any thread; the first call looks
/// at the machine.
CMWQ_EXPORT int nr_cpus() noexcept;

/// The NUMA node of a CPU, numbered from 0; -1: there is no such CPU. Context: any thread.
CMWQ_EXPORT int node_of_cpu(int cpu) noexcept;

/// May the process use the CPU now? Items that are enqueued to one that is offline run on others (queue::enqueue_on).
/// The answer is that of the last look, see refresh_cpus. Context: any thread.
CMWQ_EXPORT bool cpu_online(int cpu) noexcept;

/// Looks which CPUs the process may use by now, and has all runtimes follow before it returns: new items, workers and
/// the masks of queues. To be called by programs that know of a change. Without it the library looks by itself, about
/// once a second, while items are pending.
///
/// What counts: the CPU set and the quota of the control group (the tightest around the process), CPUs that go offline,
/// and the affinity mask of the whole process, as `taskset -a` changes it. A program that pins its main thread alone
/// does not restrict the library: the mask of a thread of the library's, which exists once some item had to wait for
/// another one, counts as well (until then that of the calling thread). If nothing would be left, the CPUs stay as they
/// were.
///
/// Returns whether they have changed. Context: any thread, not inside of a lock that an item's function may wait for;
/// some 100 us.
CMWQ_EXPORT bool refresh_cpus() noexcept;

/// A set of CPUs. Empty means: no restriction. CPUs that do not exist are kept and never used.
class cpu_mask {
public:
    /// The highest index is one less. A CPU beyond is left out.
    static constexpr int max_cpus = 1024;

    /// No restriction.
    constexpr cpu_mask() noexcept = default;

    /// These CPUs.
    static constexpr cpu_mask of(std::initializer_list<int> cpus) noexcept {
        cpu_mask made;
        for (const int cpu : cpus) made.add(cpu);
        return made;
    }

    /// Adds a CPU. Returns the mask, to add another one.
    constexpr cpu_mask& add(int cpu) noexcept {
        if (cpu >= 0 && cpu < max_cpus) words_[word_of(cpu)] |= bit_of(cpu);
        return *this;
    }

    /// Is the CPU named?
    constexpr bool contains(int cpu) const noexcept {
        return cpu >= 0 && cpu < max_cpus && (words_[word_of(cpu)] & bit_of(cpu)) != 0;
    }

    /// Is no CPU named?
    constexpr bool empty() const noexcept { return *this == cpu_mask{}; }

    /// The same CPUs.
    friend constexpr bool operator==(const cpu_mask&, const cpu_mask&) noexcept = default;

private:
    static constexpr std::size_t word_of(int cpu) noexcept { return static_cast<std::size_t>(cpu) / 64; }
    static constexpr std::uint64_t bit_of(int cpu) noexcept { return std::uint64_t{1} << (cpu % 64); }

    std::uint64_t words_[max_cpus / 64] = {};
};

}  // namespace v1
}  // namespace cmwq
