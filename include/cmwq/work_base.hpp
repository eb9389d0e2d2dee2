// SPDX-License-Identifier: Apache-2.0
//
// The untyped item: what the engine sees of every item, whatever class, owner or function stands behind it.
//
// The life of an item: idle, then pending (accepted by a queue, waiting there), then running, then idle again. A
// running item may be made pending again, so the states are two bits and not three values. Everything else about it is
// in its class, which is one static object for all items of a kind: an item stays at 32 bytes.
#pragma once

#include <cmwq/detail/engine.hpp>
#include <cmwq/fwd.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace cmwq {
inline namespace v1 {

/// The name of an item: a string literal of at most 31 characters (the length is checked by the compiler).
struct name_literal {
    template <std::size_t N>
    consteval name_literal(const char (&literal)[N]) noexcept : text{literal} {
        static_assert(N <= 32, "cmwq: a name has at most 31 characters");
    }

    /// The literal; lives as long as the program.
    const char* text;
};

/// What all items of one kind have in common. There is one object per work<T, Id>, made by the header; users of the raw
/// level define their own, one per kind of item, with static lifetime:
///
///     constinit const cmwq::work_class wakeup_class{&wakeup::run, &wakeup::drop, "wakeup"};
///
/// Its address is the kind's identity (the lock class of lock-order checking).
struct work_class {
    /// Called once for each accepted enqueue, on a worker. It takes the owner back and calls the function. The engine
    /// does not touch the item once this is called, so the item may be freed, moved to another owner or enqueued again.
    /// An exception that leaves it goes to the runtime's exception_handler.
    void (*run)(work_base* item);

    /// Called instead of `run` when an accepted item will not run: takes the owner back and lets it go.
    void (*drop)(work_base* item) noexcept;

    /// The name when nobody gives one. Never null.
    const char* default_name;

    /// The name given by the first item of this kind that was constructed with one; null until then.
    mutable std::atomic<const char*> name{nullptr};

    /// As `drop`, in two steps, for items that keep their owner: it takes the owner back while the item is still
    /// claimed, calls `unclaim(*item)`, from where on others may enqueue it, and then lets the owner go. Null: `drop`
    /// is called after the claim was given up.
    void (*drop_claimed)(work_base* item, void (*unclaim)(work_base&) noexcept) noexcept = nullptr;
};

/// One item as the engine sees it: 32 bytes, embedded in the user's object, neither copied nor moved. Not used
/// directly except at the raw level, where it is the base or a member of an awaiter, an operation state, or whatever
/// finds its way back from the address of the item:
///
///     struct wakeup : cmwq::work_base { wakeup() : work_base{wakeup_class} {} … };
///
/// Lifetime: the item must stay where it is from an accepted enqueue until its function starts, or it is dropped.
class work_base {
public:
    /// An idle item. `kind` must outlive it.
    constexpr explicit work_base(const work_class& kind) noexcept : class_{&kind} {}

    work_base(const work_base&) = delete;
    work_base& operator=(const work_base&) = delete;

    /// Does the item wait in a queue (its function has not started)? A hint: the answer may be old when it arrives.
    bool pending() const noexcept { return detail::item_pending(*this); }

    /// Is the item pending or running? A hint: the answer may be old when it arrives.
    bool busy() const noexcept { return detail::item_busy(*this); }

    /// The name of this kind of item; lives as long as the program.
    const char* name() const noexcept {
        const char* given = class_->name.load(std::memory_order_relaxed);
        return given != nullptr ? given : class_->default_name;
    }

private:
    friend struct detail::engine_access;

    // The engine alone reads and writes these, through the atomic access of its platform: the type here stays plain so
    // that the same engine can be explored on the model platform. The layout is part of the ABI.
    std::uint64_t state_ = 0;           // pending or not, and where it ran last
    work_base* next_ = nullptr;         // link of the list that has the item
    std::uintptr_t prev_and_home_ = 0;  // low 48 bits: the other link; upper 16: which list has the item
    const work_class* class_;
};

static_assert(sizeof(work_base) == 32 && alignof(work_base) == 8, "cmwq: the layout of work_base is part of the ABI");
static_assert(std::is_standard_layout_v<work_base> && std::is_trivially_destructible_v<work_base>);

}  // namespace v1
}  // namespace cmwq
