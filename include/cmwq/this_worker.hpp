// SPDX-License-Identifier: Apache-2.0
//
// What code may ask and say about the worker that runs it. All functions may be called on any thread; outside a work
// function they say "nothing".
//
//     void import(const file& f) {
//         cmwq::this_worker::describe(f.name());      // seen in thread listings and in reports of stuck workers
//         …
//     }
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

/// Says that the work function is about to block, for as long as this object lives: another item of its pool may start
/// meanwhile. Blocking is found without it as well, in microseconds where the canary works; with it, also where it does
/// not. Costs a plain store. Nests. Outside of a work function it does nothing.
/// Context: a work function, on its own thread; the object is destroyed on the same thread.
class [[nodiscard]] blocking_region {
public:
    CMWQ_EXPORT blocking_region() noexcept;
    CMWQ_EXPORT ~blocking_region();
    blocking_region(const blocking_region&) = delete;
    blocking_region& operator=(const blocking_region&) = delete;
};

}  // namespace this_worker
}  // namespace v1
}  // namespace cmwq
