// SPDX-License-Identifier: Apache-2.0
//
// CPUs, as everything here names them: by their index. 0 to nr_cpus() - 1 are the CPUs that the process might use when
// the library first looked, in the order of the kernel's numbers. So a program in a container with CPUs 4 and 7 has the
// CPUs 0 and 1.
//
//     for (int cpu = 0; cpu < cmwq::nr_cpus(); ++cpu) (void)cmwq::system().enqueue_on(cpu, std::make_unique<job>(cpu));
#pragma once

#include <cmwq/fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace cmwq {
inline namespace v1 {

/// How many CPUs there are to name, at least 1: those of the affinity mask, cut to the quota of the control group.
/// Context: any thread; the first call looks at the machine.
CMWQ_EXPORT int nr_cpus() noexcept;

/// The NUMA node of a CPU, numbered from 0; -1: there is no such CPU. Context: any thread.
CMWQ_EXPORT int node_of_cpu(int cpu) noexcept;

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
