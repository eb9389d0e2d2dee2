// SPDX-License-Identifier: Apache-2.0
//
// What a typed work gives the engine: its work_class, with the functions that find the way back from the address of the
// item to the owner and the user's function.
#pragma once

#include <cmwq/detail/access.hpp>
#include <cmwq/has_work.hpp>
#include <cmwq/work_base.hpp>
#include <cmwq/work_item.hpp>
#include <cmwq/work_pointer.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace cmwq {
inline namespace v1 {
namespace detail {

// ---- where the owner waits while the item is in a queue ----

template <class Work, class P>
inline constexpr bool keeps_owner = false;
template <class Work, class P>
inline constexpr bool keeps_owner<holding<Work, P>, P> = true;

/// Takes back the owner of an item that is no longer in a queue. For an item that its caller keeps alive: a reference
/// or pointer to it.
template <class T, std::uint64_t Id>
item_pointer_t<T, Id> take_owner(work_base* item) noexcept {
    using pointer = item_pointer_t<T, Id>;
    using conversions = has_work<T, Id>;
    T* object = conversions::to_item(item);
    if constexpr (std::is_reference_v<pointer>) {
        return *object;
    } else if constexpr (keeps_owner<typename conversions::work_type, pointer>) {
        return access::take(*conversions::to_work(object));
    } else {
        return work_pointer_traits<pointer>::from_raw(object);
    }
}

/// The owner of an item that was claimed and will not run.
template <class T, std::uint64_t Id>
item_pointer_t<T, Id> take_back_owner(work_base* item) noexcept {
    using pointer = item_pointer_t<T, Id>;
    using conversions = has_work<T, Id>;
    T* object = conversions::to_item(item);
    if constexpr (keeps_owner<typename conversions::work_type, pointer>) {
        return access::take_last(*conversions::to_work(object));
    } else {
        return work_pointer_traits<pointer>::from_raw(object);
    }
}

// ---- the mistakes that a declaration can contain, one sentence each ----

template <class T, std::uint64_t Id>
consteval bool check_item() {
    static_assert(
        has_work<T, Id>::value,
        "cmwq: T has no work with this id: derive T from cmwq::work<T, Id>, or write CMWQ_HAS_WORK(member) in "
        "T after the member");
    static_assert(has_run<T, Id>,
                  "cmwq: T has no function for this work: add static void run(P), or with several works static void "
                  "run(cmwq::work_id<Id>, P)");
    return work_item<T, Id>;
}

template <class P>
inline constexpr bool is_shared_ptr = false;
template <class T>
inline constexpr bool is_shared_ptr<std::shared_ptr<T>> = true;

template <class T, std::uint64_t Id>
consteval bool check_owner() {
    using pointer = item_pointer_t<T, Id>;
    if constexpr (std::is_reference_v<pointer>) {
        static_assert(std::is_convertible_v<T&, pointer>, "cmwq: T::run takes a reference to something that T is not");
        return std::is_convertible_v<T&, pointer>;
    } else {
        constexpr bool known = work_pointer<pointer>;
        static_assert(known,
                      "cmwq: T::run takes a type that is no pointer to an item: take arc<T>, std::unique_ptr<T>, T& or "
                      "T*, or specialise cmwq::work_pointer_traits");
        if constexpr (known) {
            using element = typename work_pointer_traits<pointer>::element_type;
            constexpr bool kept = keeps_owner<typename has_work<T, Id>::work_type, pointer>;
            constexpr bool carried = kept || raw_work_pointer<pointer>;
            static_assert(std::is_same_v<element, T>, "cmwq: T::run takes a pointer to another class than T");
            static_assert(
                carried || !is_shared_ptr<pointer>,
                "cmwq: a shared_ptr does not fit a 32-byte work: declare the member as cmwq::shared_work<T, Id>");
            static_assert(carried || is_shared_ptr<pointer>,
                          "cmwq: this pointer cannot be made from the address alone (a unique_ptr has a stateful "
                          "deleter): declare the member as cmwq::holding<cmwq::work<T, Id>, P>");
            return carried && std::is_same_v<element, T>;
        } else {
            return false;
        }
    }
}

/// Asserts that T can be enqueued by this work, with one sentence for each way it cannot. False when it asserted, so
/// that what follows can be left out and the sentence stands alone.
template <class T, std::uint64_t Id>
consteval bool check_declaration() {
    if constexpr (constexpr bool item = check_item<T, Id>(); item) {
        return check_owner<T, Id>();
    } else {
        return false;
    }
}

// ---- the engine's ways in ----

template <class T, std::uint64_t Id>
void run_item(work_base* item) {
    if constexpr (check_declaration<T, Id>()) {
        decltype(auto) owner = take_owner<T, Id>(item);
        access::call_run<T, Id>(run_of<T, Id>{}, owner);
    }
}

template <class T, std::uint64_t Id>
void drop_item(work_base* item) noexcept {
    if constexpr (check_declaration<T, Id>()) {
        [[maybe_unused]] decltype(auto) owner = take_owner<T, Id>(item);
    }
}

template <class T, std::uint64_t Id>
void drop_claimed_item(work_base* item, void (*unclaim)(work_base&) noexcept) noexcept {
    if constexpr (check_declaration<T, Id>()) {
        if constexpr (owning_pointer<item_pointer_t<T, Id>>) {
            const item_pointer_t<T, Id> owner = take_back_owner<T, Id>(item);
            unclaim(*item);
        } else {
            unclaim(*item);
        }
    }
}

// ---- the name when none is given ----

struct name_text {
    char text[32];
};

template <auto Member>
constexpr std::string_view spelled_member() {
    std::string_view all = __PRETTY_FUNCTION__;
    const std::size_t begin = all.find("Member = ") + 9;
    all = all.substr(begin, all.find_first_of(";]", begin) - begin);
    return all.front() == '&' ? all.substr(1) : all;
}

template <class Named>
constexpr std::string_view spelled_class() {
    const std::string_view all = __PRETTY_FUNCTION__;
    const std::size_t begin = all.find("Named = ") + 8;
    return all.substr(begin, all.find_first_of(";]", begin) - begin);
}

template <class T, auto Member>
constexpr std::string_view spelled_work(member_work<Member>) {
    return spelled_member<Member>();
}
template <class T>
constexpr std::string_view spelled_work(...) {
    return spelled_class<T>();
}

template <class Found>
inline constexpr bool is_member_work = false;
template <auto Member>
inline constexpr bool is_member_work<member_work<Member>> = true;

// Of a longer name the end says more (the member and its class), cut between two names where possible.
constexpr std::string_view last_31(std::string_view all) {
    if (all.size() <= 31) {
        return all;
    }
    const std::size_t cut = all.find("::", all.size() - 33);
    return all.substr(cut != all.npos ? cut + 2 : all.size() - 31);
}

/// "my_struct::work" for a member, "job" for a base, "job/2" for a base with an id.
template <class T, std::uint64_t Id>
constexpr name_text make_default_name() {
    using found = decltype(access::find_work<T, Id>(0));
    name_text name{};
    const std::string_view spelled = last_31(spelled_work<T>(found{}));
    std::size_t size = spelled.copy(name.text, 31);
    constexpr bool tell_ids_apart = Id != 0 && Id < 10 && !is_member_work<found>;
    if (tell_ids_apart && size + 2 <= 31) {
        name.text[size++] = '/';
        name.text[size] = static_cast<char>('0' + Id % 10);
    }
    return name;
}

// Not constexpr: class_of needs only its address, and so T may still be incomplete where a work is constructed.
template <class T, std::uint64_t Id>
inline constinit const name_text default_name = make_default_name<T, Id>();

/// The class of all items of one work. Inline, so one object per program: its address identifies the kind.
template <class T, std::uint64_t Id>
inline constinit work_class class_of{
    &run_item<T, Id>, &drop_item<T, Id>, default_name<T, Id>.text, {nullptr}, &drop_claimed_item<T, Id>};

/// The first name that is given to a kind of item stays.
inline void set_name(const work_class& kind, name_literal name) noexcept {
    if (kind.name.load(std::memory_order_relaxed) == nullptr) {
        const char* none = nullptr;
        kind.name.compare_exchange_strong(none, name.text, std::memory_order_relaxed);
    }
}

}  // namespace detail
}  // namespace v1
}  // namespace cmwq
