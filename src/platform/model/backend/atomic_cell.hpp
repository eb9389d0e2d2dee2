// SPDX-License-Identifier: Apache-2.0
//
// Model backend: the atomic operations on a plain object. atomic and atomic_ref are two ways of holding one.
#pragma once

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

template <class T>
struct atomic_cell {
    using order = std::memory_order;
    using distance = distance_of<T>;

    static T load(const T& object, order o) noexcept {
        auto& entry = step(operation::load, &object, o);
        const T value = object;
        record_values<T>(entry, value, value);
        return value;
    }
    static void store(T& object, T desired, order o) noexcept {
        change(object, operation::store, o, [desired](T) { return desired; });
    }
    static T exchange(T& object, T desired, order o) noexcept {
        return change(object, operation::exchange, o, [desired](T) { return desired; });
    }
    static T fetch_add(T& object, distance by, order o) noexcept {
        return change(object, operation::fetch_add, o, [by](T value) { return advance<T>(value, by); });
    }
    static T fetch_sub(T& object, distance by, order o) noexcept {
        return change(object, operation::fetch_sub, o, [by](T value) { return retreat<T>(value, by); });
    }
    static T fetch_or(T& object, T bits, order o) noexcept {
        return change(object, operation::fetch_or, o, [bits](T value) { return static_cast<T>(value | bits); });
    }
    static T fetch_and(T& object, T bits, order o) noexcept {
        return change(object, operation::fetch_and, o, [bits](T value) { return static_cast<T>(value & bits); });
    }
    static T fetch_xor(T& object, T bits, order o) noexcept {
        return change(object, operation::fetch_xor, o, [bits](T value) { return static_cast<T>(value ^ bits); });
    }

    static bool compare_exchange(T& object, T& expected, T desired, order o, bool weak) noexcept {
        auto& entry = step(operation::compare_exchange, &object, o);
        const T before = object;
        const bool equal = before == expected;
        const bool spurious = equal && weak && weak_exchange_fails();
        const bool success = equal && !spurious;
        if (success) object = desired;
        record_values<T>(entry, before, object);
        entry.result = success ? verdict::success : spurious ? verdict::spurious_failure : verdict::failure;
        if (!success) expected = before;
        return success;
    }

private:
    template <class Change>
    static T change(T& object, operation kind, order o, Change next) noexcept {
        auto& entry = step(kind, &object, o);
        const T before = object;
        object = next(before);
        record_values<T>(entry, before, object);
        return before;
    }
};

}  // namespace detail
}  // namespace model
}  // namespace v1
}  // namespace cmwq
