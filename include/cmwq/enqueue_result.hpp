// SPDX-License-Identifier: Apache-2.0
//
// What enqueue returns. An item with an owner may be refused with the owner in hand, so the owner comes back: nothing
// that was given to a queue is ever lost.
#pragma once

#include <cmwq/fwd.hpp>
#include <cmwq/work_pointer.hpp>

#include <type_traits>
#include <utility>

namespace cmwq {
inline namespace v1 {

/// What enqueue says about an item given with its owner: the queue has it, or why not, and the owner is here.
///
///     (void)q.enqueue(p);                                                       // pending already is as good
///     if (auto r = q.enqueue(std::move(p)); !r) { reuse(r.take_back()); }
///
/// A result that is destroyed with the owner in it lets the owner go: ignoring it is safe, and has to be said, because
/// for an item with one owner it means that a refused item is gone.
template <class P>
class [[nodiscard]] enqueue_result {
public:
    /// True: the queue has the item, and will run it or let it go.
    explicit operator bool() const noexcept { return why_ == refusal::none; }

    /// Why the item was refused; `refusal::none` if it was not.
    refusal why() const noexcept { return why_; }

    /// The owner of a refused item, once: the very pointer that was given. Null when the item was accepted, or the
    /// owner was taken already.
    P take_back() noexcept { return std::exchange(back_, P{}); }

private:
    friend struct detail::access;

    enqueue_result() noexcept = default;
    enqueue_result(refusal why, P&& back) noexcept : back_{std::move(back)}, why_{why} {}

    P back_{};
    refusal why_ = refusal::none;
};

/// What queue::enqueue returns for items that are carried by P. For `T*` and `T&` a plain bool, true: accepted. It may
/// be ignored: false means that the item was pending already, or that the queue refuses, which is reported as misuse.
template <class P>
using enqueue_output = std::conditional_t<owning_pointer<P>, enqueue_result<P>, bool>;

/// What mod_delayed says about an item given with its owner.
///
///     auto [why, was_pending, surplus] = q.mod_delayed(std::move(p), 5s);
template <class P>
struct [[nodiscard]] mod_result {
    /// `refusal::none`: the item has its new time. Else nothing has changed, and the owner is in `surplus`.
    refusal why = refusal::none;
    /// It waited for its time or in a queue already, with an owner that it keeps.
    bool was_pending = false;
    /// The pointer given, if the item did not need it; else null.
    P surplus{};
};

/// What queue::mod_delayed returns for items that are carried by P. For `T*` and `T&` a plain bool as in the kernel,
/// true: it was pending. False also if it was refused.
template <class P>
using mod_output = std::conditional_t<owning_pointer<P>, mod_result<P>, bool>;

}  // namespace v1
}  // namespace cmwq
