// SPDX-License-Identifier: Apache-2.0
//
// Model backend: the atomic operations on a plain object. atomic and atomic_ref are two ways of holding one.
#pragma once

#include "backend/site.hpp"
#include "backend/step.hpp"

#include <atomic>
#include <cstddef>
#include <type_traits>

namespace cmwq {
inline namespace v1 {
namespace model {
namespace detail {

/// What fetch_add takes: a distance for pointers, else the type itself.
template <class T>
using distance_of = std::conditional_t<std::is_pointer_v<T>, std::ptrdiff_t, T>;

/// `value + by` and `value - by` with the wrap-around of an atomic, also for signed types.
template <class T>
T advance(T value, distance_of<T> by) noexcept {
    if constexpr (std::is_pointer_v<T>) {
        return value + by;
    } else {
        using bits = std::make_unsigned_t<T>;
        return static_cast<T>(static_cast<bits>(static_cast<bits>(value) + static_cast<bits>(by)));
    }
}
template <class T>
T retreat(T value, distance_of<T> by) noexcept {
    if constexpr (std::is_pointer_v<T>) {
        return value - by;
    } else {
        using bits = std::make_unsigned_t<T>;
        return static_cast<T>(static_cast<bits>(static_cast<bits>(value) - static_cast<bits>(by)));
    }
}

/// The orders of a compare-exchange.
struct two_orders {
    std::memory_order success;
    std::memory_order failure;
};

template <class T>
struct atomic_cell {
    using order = std::memory_order;
    using distance = distance_of<T>;

    CMWQ_MODEL_UNREPORTED static T load(const T& object, order own, site at) noexcept {
        const order o = order_here(own, at);
        auto& entry = step(operation::load, &object, o);
        const T newest = object;
        const T value = weak_memory_of_caller() == nullptr ? newest : from_bits(load_weakly(state_of(object), o));
        record_values<T>(entry, value, value);
        if (value != newest) entry.result = verdict::old_value;
        return value;
    }
    static void store(T& object, T desired, order o, site at) noexcept {
        change(object, operation::store, o, at, [desired](T) { return desired; });
    }
    static T exchange(T& object, T desired, order o, site at) noexcept {
        return change(object, operation::exchange, o, at, [desired](T) { return desired; });
    }
    static T fetch_add(T& object, distance by, order o, site at) noexcept {
        return change(object, operation::fetch_add, o, at, [by](T value) { return advance<T>(value, by); });
    }
    static T fetch_sub(T& object, distance by, order o, site at) noexcept {
        return change(object, operation::fetch_sub, o, at, [by](T value) { return retreat<T>(value, by); });
    }
    static T fetch_or(T& object, T bits, order o, site at) noexcept {
        return change(object, operation::fetch_or, o, at, [bits](T value) { return static_cast<T>(value | bits); });
    }
    static T fetch_and(T& object, T bits, order o, site at) noexcept {
        return change(object, operation::fetch_and, o, at, [bits](T value) { return static_cast<T>(value & bits); });
    }
    static T fetch_xor(T& object, T bits, order o, site at) noexcept {
        return change(object, operation::fetch_xor, o, at, [bits](T value) { return static_cast<T>(value ^ bits); });
    }

    CMWQ_MODEL_UNREPORTED static bool compare_exchange(T& object, T& expected, T desired, two_orders own, bool weak,
                                                       site at) noexcept {
        const order o = order_here(own.success, at);
        const order failed = order_here(own.failure, at, role::failure);
        const T wanted = expected;
        auto& entry = step(operation::compare_exchange, &object, o);
        const T before = object;
        const bool equal = before == wanted;
        const bool spurious = equal && weak && weak_exchange_fails();
        const bool success = equal && !spurious;
        T seen = before;
        if (weak_memory_of_caller() != nullptr) {
            const cell_bits state = state_of(object);
            if (!success) seen = from_bits(fail_weakly(state, trace_bits(wanted), failed));
            if (success) modify_weakly(operation::compare_exchange, state, trace_bits(desired), o);
        }
        if (success) object = desired;
        record_values<T>(entry, before, object);
        entry.result = success ? verdict::success : spurious ? verdict::spurious_failure : verdict::failure;
        if (!success) expected = seen;
        return success;
    }

    /// A new object.
    CMWQ_MODEL_UNREPORTED static void constructed(const T& object) noexcept {
        if (weak_memory_of_caller() != nullptr) construct_weakly(state_of(object));
    }

private:
    template <class Change>
    CMWQ_MODEL_UNREPORTED static T change(T& object, operation kind, order own, site at, Change next) noexcept {
        const order o = order_here(own, at);
        auto& entry = step(kind, &object, o);
        const T before = object;
        const T after = next(before);
        if (weak_memory_of_caller() != nullptr) modify_weakly(kind, state_of(object), trace_bits(after), o);
        object = after;
        record_values<T>(entry, before, after);
        return before;
    }

    CMWQ_MODEL_UNREPORTED static cell_bits state_of(const T& object) noexcept {
        return {&object, sizeof(T), trace_bits(object)};
    }
    static T from_bits(std::uint64_t bits) noexcept {
        if constexpr (std::is_pointer_v<T>) {
            return reinterpret_cast<T>(static_cast<std::uintptr_t>(bits));
        } else {
            return static_cast<T>(bits);
        }
    }
};

}  // namespace detail
}  // namespace model
}  // namespace v1
}  // namespace cmwq
