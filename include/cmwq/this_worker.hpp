// SPDX-License-Identifier: Apache-2.0
//
// What code may ask and say about the worker that runs it. All functions may be called on any thread; outside a work
// function they say "nothing".
#pragma once

#include <cmwq/fwd.hpp>

#include <string_view>

namespace cmwq {
inline namespace v1 {
namespace this_worker {

/// The item whose function runs on this thread; null outside a work function.
/// Lifetime: only the address is meant. The function may have freed its item already.
CMWQ_EXPORT work_base* current() noexcept;

/// The queue that the running item was enqueued to; null outside a work function. Valid until the function returns.
CMWQ_EXPORT queue* current_queue() noexcept;

/// Says what this worker is doing, for thread listings and reports, until the function returns. At most 31 characters
/// are kept (more is reported as misuse_code::name_too_long). No effect outside a work function.
CMWQ_EXPORT void describe(std::string_view text) noexcept;

/// Does a rescuer run this item: is the queue short of threads or memory at this moment?
CMWQ_EXPORT bool is_rescuer() noexcept;

}  // namespace this_worker
}  // namespace v1
}  // namespace cmwq
