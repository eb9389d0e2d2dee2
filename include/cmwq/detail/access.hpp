// SPDX-License-Identifier: Apache-2.0
//
// The one friend of users' classes: every question about their private members is asked here. Written with return-type
// SFINAE and not with requires-expressions, because Clang 14 denies a friend's access inside those. All members are
// public: g++ 12 and Clang 14 cannot use aliases of private helpers.
#pragma once

#include <cmwq/fwd.hpp>

#include <cstdint>
#include <type_traits>
#include <utility>

namespace cmwq {
inline namespace v1 {
namespace detail {

/// What find_work answers.
struct no_work {};
template <auto Member>
struct member_work {};
template <class T, class Work>
struct base_work {};

/// How a class spells its function for one work: with the id's tag or without, and with which parameter.
struct no_run {};
template <class Parameter>
struct plain_run {
    using parameter = Parameter;
};
template <class Parameter>
struct tagged_run {
    using parameter = Parameter;
};

// The function must return void: what it returned otherwise, a task that was never started for one, would be lost.
template <std::uint64_t Id, class P>
tagged_run<P> read_tagged(void (*)(work_id<Id>, P));
template <class P>
plain_run<P> read_plain(void (*)(P));

template <std::uint64_t Id, class T>
base_work<T, work<T, Id>> read_base(work<T, Id>*);
template <std::uint64_t Id, class T, class P>
base_work<T, holding<work<T, Id>, P>> read_base(holding<work<T, Id>, P>*);
template <std::uint64_t Id, class T>
base_work<T, delayed_work<T, Id>> read_base(delayed_work<T, Id>*);
template <std::uint64_t Id, class T, class P>
base_work<T, holding<delayed_work<T, Id>, P>> read_base(holding<delayed_work<T, Id>, P>*);

template <int N>
struct priority : priority<N - 1> {};
template <>
struct priority<0> {};

struct access {
    template <class T, std::uint64_t Id>
    static auto find_work(int) -> decltype(std::declval<T&>().cmwq_work_member(work_id<Id>{}));
    template <class T, std::uint64_t Id>
    static auto find_work(long) -> decltype(read_base<Id>(static_cast<T*>(nullptr)));
    template <class T, std::uint64_t Id>
    static auto find_work(...) -> no_work;

    // In this order: run(work_id<Id>, P), run(P), and, where run is a template, T::pointer.
    template <class T, std::uint64_t Id>
    static auto find_run(priority<3>) -> decltype(read_tagged<Id>(&T::run));
    template <class T, std::uint64_t Id, std::enable_if_t<Id == 0, int> = 0>
    static auto find_run(priority<2>) -> decltype(read_plain(&T::run));
    template <class T, std::uint64_t Id, class P = typename T::pointer>
    static auto find_run(priority<1>)
        -> std::enable_if_t<std::is_void_v<decltype(T::run(work_id<Id>{}, std::declval<P>()))>, tagged_run<P>>;
    template <class T, std::uint64_t Id, class P = typename T::pointer, std::enable_if_t<Id == 0, int> = 0>
    static auto find_run(priority<1>)
        -> std::enable_if_t<std::is_void_v<decltype(T::run(std::declval<P>()))>, plain_run<P>>;
    template <class T, std::uint64_t Id>
    static auto find_run(priority<0>) -> no_run;

    template <class T, std::uint64_t Id, class Parameter>
    static void call_run(tagged_run<Parameter>, std::remove_reference_t<Parameter>& argument) {
        T::run(work_id<Id>{}, static_cast<Parameter&&>(argument));
    }
    template <class T, std::uint64_t Id, class Parameter>
    static void call_run(plain_run<Parameter>, std::remove_reference_t<Parameter>& argument) {
        T::run(static_cast<Parameter&&>(argument));
    }

    template <class Work, class P>
    static void keep(holding<Work, P>& item, P&& owner) noexcept {
        item.held_[item.next_kept_] = std::move(owner);
        item.next_kept_ = !item.next_kept_;
    }
    template <class Work, class P>
    static P take(holding<Work, P>& item) noexcept {
        const bool which = item.next_taken_;
        item.next_taken_ = !which;
        return std::exchange(item.held_[which], P{});
    }

    /// The owner that was kept last, of an item that will not run for it after all.
    template <class Work, class P>
    static P take_last(holding<Work, P>& item) noexcept {
        item.next_kept_ = !item.next_kept_;
        return std::exchange(item.held_[item.next_kept_], P{});
    }

    template <class Result, class... Args>
    static Result make(Args&&... args) noexcept {
        return Result(std::forward<Args>(args)...);
    }
};

}  // namespace detail
}  // namespace v1
}  // namespace cmwq
