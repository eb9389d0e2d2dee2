// SPDX-License-Identifier: Apache-2.0
//
// What a queue that ends hands to somebody else, instead of running it: see owned_queue::shutdown_leaving.
#pragma once

#include <cmwq/detail/item_class.hpp>
#include <cmwq/fwd.hpp>
#include <cmwq/work_base.hpp>

#include <cstdint>
#include <type_traits>
#include <utility>

namespace cmwq {
inline namespace v1 {

/// An item that was pending and will not run, with its owner. It is idle: after its owner was taken it may be enqueued
/// again, anywhere. It lives for one call of the receiver; if nobody takes the owner there, the owner is let go.
class left_item {
public:
    left_item(const left_item&) = delete;
    left_item& operator=(const left_item&) = delete;
    ~left_item() {
        if (item_ != nullptr) kind_->drop(item_);
    }

    /// The name of the kind of item; lives as long as the program.
    const char* name() const noexcept {
        const char* given = kind_->name.load(std::memory_order_relaxed);
        return given != nullptr ? given : kind_->default_name;
    }

    /// Is it an item of T, by its work with that id?
    template <class T, std::uint64_t Id = 0>
    bool is() const noexcept {
        return item_ != nullptr && kind_ == &detail::class_of<T, Id>;
    }

    /// The owner that was given to enqueue; for an item that its caller keeps alive, its address. Null: it is no item
    /// of T, or its owner was taken already.
    template <class T, std::uint64_t Id = 0>
    auto take() noexcept {
        using pointer = item_pointer_t<T, Id>;
        if constexpr (std::is_reference_v<pointer>) {
            return is<T, Id>() ? has_work<T, Id>::to_item(std::exchange(item_, nullptr)) : nullptr;
        } else {
            return is<T, Id>() ? detail::take_owner<T, Id>(std::exchange(item_, nullptr)) : pointer{};
        }
    }

private:
    friend class owned_queue;

    left_item(work_base& item, const work_class& kind) noexcept : item_{&item}, kind_{&kind} {}

    work_base* item_;
    const work_class* kind_;
};

}  // namespace v1
}  // namespace cmwq
