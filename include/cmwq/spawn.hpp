// SPDX-License-Identifier: Apache-2.0
//
// What queue::try_spawn returns.
//
//     if (!q.try_spawn(std::move(f))) {
//         f();  // refused, and therefore untouched
//     }
#pragma once

#include <cmwq/fwd.hpp>

namespace cmwq {
inline namespace v1 {

/// What try_spawn says: the queue has the function, or why not:
/// - `no_memory`: the block for it could not be had. Where the work must be done nevertheless, the caller runs it.
/// - `queue_draining`: the queue is about to go. Also reported as misuse.
/// - `queue_full`: a bounded queue has as many items as it may.
class [[nodiscard]] spawn_result {
public:
    /// True: the queue has the function, and will call it or destroy it.
    explicit operator bool() const noexcept { return why_ == refusal::none; }

    /// Why the function was refused; `refusal::none` if it was not. Refused, it is where it was, and unchanged.
    refusal why() const noexcept { return why_; }

private:
    friend struct detail::access;

    constexpr explicit spawn_result(refusal why) noexcept : why_{why} {}

    refusal why_;
};

}  // namespace v1
}  // namespace cmwq
