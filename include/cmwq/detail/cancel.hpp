// SPDX-License-Identifier: Apache-2.0
//
// work::cancel and its kin, behind their signatures: the way of the owner back to the caller.
#pragma once

#include <cmwq/cancel_output.hpp>
#include <cmwq/detail/access.hpp>
#include <cmwq/detail/engine.hpp>
#include <cmwq/detail/item_class.hpp>

#include <utility>

namespace cmwq {
inline namespace v1 {
namespace detail {

/// Where the owner lands: on the cancelling thread's stack.
template <class T, std::uint64_t Id>
struct taken_back {
    static void step(void* context) noexcept {
        auto* self = static_cast<taken_back*>(context);
        self->owner = take_back_owner<T, Id>(self->item);
    }

    work_base* item;
    item_pointer_t<T, Id> owner{};
};

template <class T, std::uint64_t Id, class Cancel>
cancel_output<item_pointer_t<T, Id>> cancel_with(work_base& item, Cancel cancel) noexcept {
    using pointer = item_pointer_t<T, Id>;
    if constexpr (!check_declaration<T, Id>()) {
        return {};
    } else if constexpr (owning_pointer<pointer>) {
        taken_back<T, Id> back{&item};
        (void)cancel(prepare_step{&back.step, &back});
        return std::move(back.owner);
    } else {
        return cancel(prepare_step{});
    }
}

}  // namespace detail
}  // namespace v1
}  // namespace cmwq
