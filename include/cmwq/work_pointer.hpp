// SPDX-License-Identifier: Apache-2.0
//
// Which pointers carry items to a queue, and how.
//
//     run takes               the item is declared as            who keeps it alive     enqueue returns
//     arc<T>                  work<T>                            its owners, counted    enqueue_result
//     std::unique_ptr<T, D>   work<T>; with a stateful deleter   the queue              enqueue_result
//                             holding<work<T>, P>
//     std::shared_ptr<T>      shared_work<T>                     its owners, counted    enqueue_result
//     T&, T*                  work<T>                            the caller             bool
//     a pointer of yours      work<T>, or holding<work<T>, P>    as it does             enqueue_result
//
// Whatever carries it, a pointer that was given is never lost: it reaches run, comes back in the result, or is let go
// once when the item is dropped.
#pragma once

#include <cmwq/fwd.hpp>

#include <memory>
#include <type_traits>
#include <utility>

namespace cmwq {
inline namespace v1 {

namespace detail {

template <class T>
concept single_object = !std::is_array_v<T>;

// A deleter with state cannot be recovered from the bare address.
template <class T, class D>
concept recoverable_deleter = std::is_empty_v<D> && std::is_default_constructible_v<D> &&
    std::is_same_v<typename std::unique_ptr<T, D>::pointer, T*>;

}  // namespace detail

/// How the pointer type P carries an item through a queue. Specialise it to enqueue a pointer of your own:
///
///     template <class T> struct cmwq::work_pointer_traits<boost::intrusive_ptr<T>> {
///         using element_type = T;
///         static T* into_raw(boost::intrusive_ptr<T>&& p) noexcept { return p.detach(); }
///         static boost::intrusive_ptr<T> from_raw(T* p) noexcept { return {p, false}; }
///     };
///
/// - `element_type`: the class of the item.
/// - `into_raw(P&&)`: gives up the pointer without letting the item go; null for null. Called on the enqueuing thread.
/// - `from_raw(element_type*)`: the inverse. Called on the worker when the item runs, on any thread when it is dropped,
///   and on the enqueuing thread when it was refused.
///
/// Both must not throw. A pointer that cannot be made from the bare address alone (it carries a control block or a
/// deleter) gives `element_type` only; its items are declared as holding<work<T, Id>, P> and keep it themselves.
template <class P>
struct work_pointer_traits;

/// Can P carry an item? True for everything that work_pointer_traits is specialised for.
template <class P>
concept work_pointer = requires {
    typename work_pointer_traits<P>::element_type;
};

/// Does P own the item? Then enqueue returns an enqueue_result<P>, which hands a refused pointer back.
template <class P>
concept owning_pointer = work_pointer<P> && !std::is_pointer_v<P>;

/// `T*`: the caller keeps the item alive until its run is over, or it is never freed. `T&` means the same. Items with
/// static lifetime, or members of an object that flushes before it goes.
template <class T>
struct work_pointer_traits<T*> {
    using element_type = T;
    static T* into_raw(T* p) noexcept { return p; }
    static T* from_raw(T* p) noexcept { return p; }
};

/// `std::shared_ptr<T>`: two words that cannot be recovered from one, so the item is a shared_work<T, Id>.
template <class T>
    requires detail::single_object<T>
struct work_pointer_traits<std::shared_ptr<T>> {
    using element_type = T;
};

namespace detail {

template <class P>
concept raw_work_pointer = requires(P p, typename work_pointer_traits<P>::element_type* raw) {
    work_pointer_traits<P>::into_raw(std::move(p));
    work_pointer_traits<P>::from_raw(raw);
};

}  // namespace detail

/// `std::unique_ptr<T, D>` with a deleter that has state: the item is a holding<work<T, Id>, std::unique_ptr<T, D>>.
template <class T, class D>
    requires detail::single_object<T>
struct work_pointer_traits<std::unique_ptr<T, D>> {
    using element_type = T;
};

/// `std::unique_ptr<T>`, also with a deleter that has no state.
template <class T, class D>
    requires detail::single_object<T> && detail::recoverable_deleter<T, D>
struct work_pointer_traits<std::unique_ptr<T, D>> {
    using element_type = T;
    static T* into_raw(std::unique_ptr<T, D>&& p) noexcept { return p.release(); }
    static std::unique_ptr<T, D> from_raw(T* p) noexcept { return std::unique_ptr<T, D>{p}; }
};

}  // namespace v1
}  // namespace cmwq
