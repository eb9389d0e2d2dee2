// SPDX-License-Identifier: Apache-2.0
//
// From an object to the work inside it and back: the engine sees works, users see their own classes.
//
// Three ways to say where a work is:
//
//     struct a : cmwq::work<a> {};                                             // it is a base
//     struct b { cmwq::work<b> w; CMWQ_HAS_WORK(w); };                         // it is a member, of any access
//     template <> struct cmwq::has_work<c> : cmwq::from_member<&c::w> {};      // it is a member of a class left alone
#pragma once

#include <cmwq/detail/access.hpp>
#include <cmwq/fwd.hpp>

#include <cstddef>
#include <cstring>
#include <type_traits>

/// Says that `member` is a work of the class it stands in. Write it inside the class, after the member; the access does
/// not matter, and the id is the member's own:
///
///     class job {
///         cmwq::work<job> work_;
///         CMWQ_HAS_WORK(work_);
///     };
///
/// It lets cmwq reach a private `run` too. It only declares (a function that is never defined, and a friend), because a
/// definition would make Clang look into the class before it is complete; so it adds nothing to the object.
#define CMWQ_HAS_WORK(member)                                                                                          \
    [[maybe_unused]] auto cmwq_work_member(::cmwq::work_id<decltype(member)::id>)                                      \
        ->::cmwq::detail::member_work<&std::remove_reference_t<decltype(*this)>::member>;                              \
    friend struct ::cmwq::detail::access

namespace cmwq {
inline namespace v1 {

/// The two conversions for a work that is the member `Member` (`&T::w`). Instead of CMWQ_HAS_WORK, for a public member
/// of a class that should not, or cannot, contain the macro:
///
///     template <> struct cmwq::has_work<job> : cmwq::from_member<&job::w> {};
template <auto Member>
struct from_member;

template <class T, class Work, Work T::*Member>
struct from_member<Member> {
    static_assert(std::is_same_v<T, typename Work::item_type>,
                  "cmwq: the member of CMWQ_HAS_WORK is the work of another class");

    static constexpr bool value = true;
    using item_type = T;
    using work_type = Work;

    /// The work in an object.
    static Work* to_work(T* item) noexcept { return std::addressof(item->*Member); }

    /// The object around a work: the inverse of to_work. `item` must be such a work.
    static T* to_item(work_base* item) noexcept {
        return reinterpret_cast<T*>(reinterpret_cast<char*>(static_cast<Work*>(item)) -
                                    offset(static_cast<T*>(nullptr)));
    }

private:
    // In the Itanium C++ ABI (2.3) a pointer to a data member is its offset. offsetof would refuse classes that are not
    // of standard layout.
    // The parameter is for GCC 12: a function that knows of a class in an anonymous namespace by `Member` alone is one
    // and the same in all sources that have a class and a member of these names.
    static std::ptrdiff_t offset(const T*) noexcept {
        constexpr Work T::*member = Member;
        std::ptrdiff_t distance;
        static_assert(sizeof distance == sizeof member);
        std::memcpy(&distance, &member, sizeof distance);
        return distance;
    }
};

namespace detail {

template <class T, class Work>
struct from_base {
    static constexpr bool value = true;
    using item_type = T;
    using work_type = Work;

    static Work* to_work(T* item) noexcept { return item; }
    static T* to_item(work_base* item) noexcept { return static_cast<T*>(static_cast<Work*>(item)); }
};

template <class T, class Found>
struct conversions {
    static constexpr bool value = false;
};

template <class T, auto Member>
struct conversions<T, member_work<Member>> : from_member<Member> {};

template <class T, class U, class Work>
struct conversions<T, base_work<U, Work>> : from_base<U, Work> {};

}  // namespace detail

/// Does T contain the work with this id, as a member announced by CMWQ_HAS_WORK or as a base class?
///
/// The answer for a class that inherits its work is the base's: the item is then the base part of the object.
///
/// `value` says so. If true, `to_work(T*)` gives the work in an object and `to_item(work_base*)` the object around a
/// work, each the inverse of the other; `item_type` is the class that declares the work (T or a base of it), and
/// `work_type` what it is declared as. Must not be asked inside T, where the answer would be a lasting "no".
template <class T, std::uint64_t Id>
struct has_work : detail::conversions<T, decltype(detail::access::find_work<T, Id>(0))> {};

/// The work with this id in `item`, whatever its form: a base, or a member of any access. The way to one of several
/// works whose members are ambiguous as bases, or private.
///
///     cmwq::work_of<1>(job).flush();
template <std::uint64_t Id = 0, class T>
auto& work_of(T& item) noexcept {
    static_assert(
        has_work<T, Id>::value,
        "cmwq: T has no work with this id: derive T from cmwq::work<T, Id>, or write CMWQ_HAS_WORK(member) in "
        "T after the member");
    return *has_work<T, Id>::to_work(std::addressof(item));
}

}  // namespace v1
}  // namespace cmwq
