// SPDX-License-Identifier: Apache-2.0
//
// queue::enqueue, behind its signature: which kind of argument it is, whether it fits, and the way into the engine.
// Mistakes are found by chains of static assertions and not by constraints, because a failed constraint is reported as
// "no matching function", and its reason lines below.
#pragma once

#include <cmwq/detail/engine.hpp>
#include <cmwq/detail/item_class.hpp>
#include <cmwq/enqueue_result.hpp>
#include <cmwq/has_work.hpp>
#include <cmwq/raw_work.hpp>
#include <cmwq/work_item.hpp>
#include <cmwq/work_pointer.hpp>

#include <memory>
#include <type_traits>
#include <utility>

namespace cmwq {
inline namespace v1 {
namespace detail {

/// Stands in compiler messages for the two types: g++ does not print the values in a failed assertion.
template <class Given, class Expected, bool Fits>
struct given_and_expected {
    static_assert(Fits, "cmwq: enqueue was given another pointer type than T::run takes for this work");
    static constexpr bool value = Fits;
};

/// The way in of queue::enqueue. Others have their own: in what they ask of the item, and of the engine.
struct at_once {
    static constexpr bool modifies = false;
    template <class T, std::uint64_t Id>
    static consteval bool check() {
        return true;
    }
    static refusal submit(queue& wq, work_base& work, call_site where) noexcept {
        return detail::submit(wq, work, where.file, where.function, where.line);
    }
    static refusal submit(queue& wq, work_base& work, prepare_step prepare, call_site where) noexcept {
        return submit_prepared(wq, work, prepare, where.file, where.function, where.line);
    }
};

/// The way in of queue::enqueue_on and queue::enqueue_node.
struct at_place {
    static constexpr bool modifies = false;
    template <class T, std::uint64_t Id>
    static consteval bool check() {
        return true;
    }
    refusal submit(queue& wq, work_base& work, call_site where) const noexcept {
        return submit(wq, work, prepare_step{}, where);
    }
    refusal submit(queue& wq, work_base& work, prepare_step prepare, call_site where) const noexcept {
        return submit_to(wq, work, wished, prepare, where.file, where.function, where.line);
    }

    wished_place wished;
};

// ---- owners ----

template <class Given, class Expected>
inline constexpr bool is_upcast = false;
template <class D, class B>
inline constexpr bool is_upcast<std::unique_ptr<D>, std::unique_ptr<B>> =
    !std::is_same_v<D, B> && std::is_base_of_v<B, D>;

template <class Given, class Expected>
consteval bool check_pointer() {
    if constexpr (is_upcast<Given, Expected>) {
        constexpr bool deletable = std::has_virtual_destructor_v<typename Expected::element_type>;
        static_assert(deletable, "cmwq: the item would be deleted as its base class, which has no virtual destructor");
        return deletable;
    } else {
        constexpr bool fits = std::is_same_v<Given, Expected>;
        return given_and_expected<Given, Expected, fits>::value;
    }
}

template <class P>
enqueue_result<P> refuse_null(queue& wq, call_site where) noexcept {
    report_misuse(misuse_code::null_item, nullptr, &wq, where);
    return access::make<enqueue_result<P>>(refusal::no_item, P{});
}

/// Moves an owner into the place that its item has for it.
template <class Work, class P>
struct keeping {
    static void step(void* context) noexcept {
        auto* self = static_cast<keeping*>(context);
        access::keep(self->work, std::move(self->owner));
    }

    Work& work;
    P& owner;
};

template <class T, std::uint64_t Id, class P, class Way>
enqueue_result<P> enqueue_kept(queue& wq, P owner, Way way, call_site where) noexcept {
    if (std::to_address(owner) == nullptr) [[unlikely]] {
        return refuse_null<P>(wq, where);
    }
    auto& work = *has_work<T, Id>::to_work(std::to_address(owner));
    // Two enqueuers of one item must not both write the slot: only the one that claimed the item does.
    keeping<std::remove_reference_t<decltype(work)>, P> keep{work, owner};
    const refusal why = way.submit(wq, work, prepare_step{&keep.step, &keep}, where);
    return access::make<enqueue_result<P>>(why, std::move(owner));
}

template <class T, std::uint64_t Id, class P, class Way>
enqueue_result<P> enqueue_carried(queue& wq, P owner, Way way, call_site where) noexcept {
    T* item = work_pointer_traits<P>::into_raw(std::move(owner));
    if (item == nullptr) [[unlikely]] {
        return refuse_null<P>(wq, where);
    }
    const refusal why = way.submit(wq, *has_work<T, Id>::to_work(item), where);
    return access::make<enqueue_result<P>>(why, why == refusal::none ? P{} : work_pointer_traits<P>::from_raw(item));
}

template <class T, std::uint64_t Id, class P, class Way>
auto enqueue_owner(queue& wq, P owner, Way way, call_site where) noexcept {
    if constexpr (Way::modifies) {
        return way.template modify_owner<T, Id>(wq, std::move(owner), where);
    } else if constexpr (keeps_owner<typename has_work<T, Id>::work_type, P>) {
        return enqueue_kept<T, Id>(wq, std::move(owner), way, where);
    } else {
        return enqueue_carried<T, Id>(wq, std::move(owner), way, where);
    }
}

// ---- items that their caller keeps alive ----

template <class T, std::uint64_t Id, class Way>
bool enqueue_item(queue& wq, T* item, Way way, call_site where) noexcept {
    if (item == nullptr) [[unlikely]] {
        report_misuse(misuse_code::null_item, nullptr, &wq, where);
        return false;
    }
    if constexpr (Way::modifies) {
        return way.modify(wq, *has_work<T, Id>::to_work(item), prepare_step{}, where).was_pending;
    } else {
        return way.submit(wq, *has_work<T, Id>::to_work(item), where) == refusal::none;
    }
}

// ---- from the argument to the case ----

// The class that declares the work: E itself or a base of it.
template <class E, std::uint64_t Id>
consteval auto declaring_class() {
    if constexpr (has_work<E, Id>::value) {
        return std::type_identity<typename has_work<E, Id>::item_type>{};
    } else {
        return std::type_identity<E>{};
    }
}
template <class E, std::uint64_t Id>
using declaring_class_t = typename decltype(declaring_class<E, Id>())::type;

// Can the item be declared so, and enqueued this way?
template <class T, std::uint64_t Id, class Way>
consteval bool check_way() {
    if constexpr (check_declaration<T, Id>()) {
        return Way::template check<T, Id>();
    } else {
        return false;
    }
}

/// True, or one sentence. `Given` is what was passed (an owner, or E* for an lvalue item and for a raw pointer).
template <class E, std::uint64_t Id, class Given, class Way>
consteval bool check_enqueue() {
    if constexpr (std::is_const_v<E>) {
        static_assert(!std::is_const_v<E>, "cmwq: a pointer to const cannot be enqueued: the run may change the item");
        return false;
    } else if constexpr (check_way<declaring_class_t<E, Id>, Id, Way>()) {
        using expected = item_pointer_t<declaring_class_t<E, Id>, Id>;
        if constexpr (std::is_pointer_v<Given> && (std::is_reference_v<expected> || std::is_pointer_v<expected>)) {
            return true;
        } else {
            return check_pointer<Given, expected>();
        }
    } else {
        return false;
    }
}

template <std::uint64_t Id, class X, class Way>
auto enqueue_pointer(queue& wq, X&& x, Way way, call_site where) noexcept {
    using given = std::remove_cvref_t<X>;
    using element = typename work_pointer_traits<given>::element_type;
    constexpr bool obtainable = std::is_constructible_v<given, X>;
    static_assert(obtainable, "cmwq: this owner can only be moved: write q.enqueue(std::move(p))");
    if constexpr (obtainable && check_enqueue<element, Id, given, Way>()) {
        using item = declaring_class_t<element, Id>;
        using expected = item_pointer_t<item, Id>;
        if constexpr (std::is_pointer_v<given>) {
            return enqueue_item<item, Id>(wq, x, way, where);
        } else {
            return enqueue_owner<item, Id, expected>(wq, std::forward<X>(x), way, where);
        }
    } else {
        return false;
    }
}

template <class Way>
wished_place wish_of(const Way& way) noexcept {
    if constexpr (std::is_same_v<Way, at_place>) {
        return way.wished;
    } else {
        return {};
    }
}

template <std::uint64_t Id, class Way, class X>
auto enqueue_raw(queue& wq, X&& x, const Way& way, call_site where) noexcept {
    using given = std::remove_cvref_t<X>;
    static_assert(std::is_same_v<Way, at_once> || std::is_same_v<Way, at_place>,
                  "cmwq: a raw item is enqueued with a delay by cmwq::raw_enqueue_delayed");
    return given(std::forward<X>(x)).raw_enqueue(work_id<Id>{}, access::make<queue_work_on>(wq, wish_of(way), where));
}

template <std::uint64_t Id, class E, class Way>
bool enqueue_lvalue(queue& wq, E& x, Way way, call_site where) noexcept {
    static_assert(!std::is_const_v<E>, "cmwq: a const item cannot be enqueued: the run may change it");
    if constexpr (!std::is_const_v<E>) {
        if constexpr (check_enqueue<E, Id, E*, Way>()) {
            return enqueue_item<declaring_class_t<E, Id>, Id>(wq, std::addressof(x), way, where);
        }
    }
    return false;
}

/// The work of what enqueue would take, an owner or an item by reference; null for a null owner.
template <std::uint64_t Id, class X>
work_base* work_in(X& x) noexcept {
    using given = std::remove_cvref_t<X>;
    if constexpr (work_pointer<given>) {
        using item = declaring_class_t<typename work_pointer_traits<given>::element_type, Id>;
        return std::to_address(x) != nullptr ? has_work<item, Id>::to_work(std::to_address(x)) : nullptr;
    } else {
        return has_work<declaring_class_t<given, Id>, Id>::to_work(std::addressof(x));
    }
}

template <std::uint64_t Id, class X, class Way>
auto enqueue(queue& wq, X&& x, Way way, call_site where) noexcept {
    using given = std::remove_cvref_t<X>;
    if constexpr (work_pointer<given>) {
        return enqueue_pointer<Id>(wq, std::forward<X>(x), way, where);
    } else if constexpr (raw_work_item<given, Id>) {
        return enqueue_raw<Id>(wq, std::forward<X>(x), way, where);
    } else {
        constexpr bool lvalue_of_class = std::is_lvalue_reference_v<X> && std::is_class_v<given>;
        static_assert(lvalue_of_class,
                      "cmwq: enqueue takes an owner (arc<T>, std::unique_ptr<T>, ...) or an item by reference, which "
                      "outlives its run; this is a temporary or no item at all");
        if constexpr (lvalue_of_class) {
            return enqueue_lvalue<Id>(wq, x, way, where);
        } else {
            return false;
        }
    }
}

}  // namespace detail
}  // namespace v1
}  // namespace cmwq
