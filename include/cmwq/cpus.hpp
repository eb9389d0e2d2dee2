// SPDX-License-Identifier: Apache-2.0
//
// CPUs, as everything here names them: by their index. 0 to nr_cpus() - 1 are the CPUs that the process might use when
// the library first looked, in the order of the kernel's numbers. So a program in a container with CPUs 4 and 7 has the
// CPUs 0 and 1.
//
//     for (int cpu = 0; cpu < cmwq::nr_cpus(); ++cpu) (void)cmwq::system().enqueue_on(cpu, std::make_unique<job>(cpu));
#pragma once

#include <cmwq/fwd.hpp>

namespace cmwq {
inline namespace v1 {

/// How many CPUs there are to name, at least 1: those of the affinity mask, cut to the quota of the control group.
/// Context: any thread; the first call looks at the machine.
CMWQ_EXPORT int nr_cpus() noexcept;

/// The NUMA node of a CPU, numbered from 0; -1: there is no such CPU. Context: any thread.
CMWQ_EXPORT int node_of_cpu(int cpu) noexcept;

}  // namespace v1
}  // namespace cmwq
