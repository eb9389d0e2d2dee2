// SPDX-License-Identifier: Apache-2.0
//
// What the engine runs: a class with a work and a function for it.
//
// The function is found by its declaration alone, so that nothing has to be said twice:
//
//     static void run(cmwq::arc<job> self);                      // the only work, id 0
//     static void run(cmwq::work_id<1>, job& self);              // the work with id 1
//     static void run(cmwq::work_id<2>, std::unique_ptr<job>);   // another id may have another pointer
//
// It must be static (it gets the owner, not the object), return void (a result would be lost), and spell its return
// type (`auto` would need the class to be complete).
#pragma once

#include <cmwq/detail/access.hpp>
#include <cmwq/has_work.hpp>
#include <cmwq/work_pointer.hpp>

#include <type_traits>

namespace cmwq {
inline namespace v1 {
namespace detail {

template <class T, std::uint64_t Id>
using run_of = decltype(access::find_run<T, Id>(priority<3>{}));

// `P const&` and `P&&` count as P; a reference to anything but an owner is an item that its caller keeps alive.
template <class Parameter>
using owner_of = std::conditional_t<std::is_reference_v<Parameter> && !work_pointer<std::remove_cvref_t<Parameter>>,
                                    Parameter, std::remove_cvref_t<Parameter>>;

template <class Run>
struct pointer_of {
    using type = owner_of<typename Run::parameter>;
};
template <>
struct pointer_of<no_run> {
    using type = no_run;
};

}  // namespace detail

/// The pointer that T's function for this work takes, read off its declaration: arc<T>, std::unique_ptr<T>, … for an
/// owner (`P const&` and `P&&` count as P); `T*` or `T&` where the caller keeps the item alive.
template <class T, std::uint64_t Id = 0>
using item_pointer_t = typename detail::pointer_of<detail::run_of<T, Id>>::type;

/// Has T a function for this work: `static void run(P)` (id 0 only) or `static void run(work_id<Id>, P)`? It may be
/// private in a class with CMWQ_HAS_WORK, which makes cmwq a friend; a class with a work as a base has it public.
/// The parameter selects the pointer type, so several ids may have different ones. Where `run` is a template or
/// overloaded beyond that, `using pointer = P` in T decides.
template <class T, std::uint64_t Id = 0>
concept has_run = !std::is_same_v<item_pointer_t<T, Id>, detail::no_run>;

/// Can a T be enqueued by this work? Ask before enqueue in generic code: enqueue itself explains mistakes by
/// assertions. Must not be asked inside T, where the answer would be a lasting "no".
template <class T, std::uint64_t Id = 0>
concept work_item = has_work<T, Id>::value && has_run<T, Id>;

}  // namespace v1
}  // namespace cmwq
