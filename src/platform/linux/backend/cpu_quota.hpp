// SPDX-License-Identifier: Apache-2.0
//
// Linux backend: how much CPU time the control groups give the process.
#pragma once

namespace cmwq {
inline namespace v1 {
namespace platform {

/// The bandwidth limit in CPUs, rounded up: the tightest one of the process's control group and of those around it, of
/// version 2 and version 1. 0: there is none, or it cannot be read. `groups`: where they are mounted; `membership`: in
/// which ones the process is, as /proc/self/cgroup says it.
int cpu_quota(const char* groups = "/sys/fs/cgroup", const char* membership = "/proc/self/cgroup") noexcept;

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
