// SPDX-License-Identifier: Apache-2.0
//
// The seven queues that are always there, of the standard runtime. They are constant-initialised and never destroyed:
// static constructors and destructors may use them. Nothing starts before the first item is enqueued.
//
// They are shared by everything in the process. flush() on one of them waits for everybody's items, so code that has
// to wait for its own makes a queue of its own.
#pragma once

#include <cmwq/fwd.hpp>

namespace cmwq {
inline namespace v1 {

/// For short items, which run near the CPU that enqueued them. If in doubt, this one.
CMWQ_EXPORT queue& system() noexcept;

/// As system(), on the high-priority workers.
CMWQ_EXPORT queue& system_highpri() noexcept;

/// As system(), for items that may take long: waiting for it may take long too.
CMWQ_EXPORT queue& system_long() noexcept;

/// For items that are not tied to a CPU: started as soon as there is a CPU for them.
CMWQ_EXPORT queue& system_unbound() noexcept;

/// As system(), and takes part in freezing the process.
CMWQ_EXPORT queue& system_freezable() noexcept;

/// As system(), or unbound where the runtime was told to save power.
CMWQ_EXPORT queue& system_power_efficient() noexcept;

/// As system_power_efficient(), and takes part in freezing the process.
CMWQ_EXPORT queue& system_freezable_power_efficient() noexcept;

}  // namespace v1
}  // namespace cmwq
