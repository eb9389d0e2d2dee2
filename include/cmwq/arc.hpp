// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmwq/fwd.hpp>
#include <cmwq/work_pointer.hpp>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace cmwq {
inline namespace v1 {
namespace detail {

using reference_count = std::atomic<std::size_t>;

// One allocation: the count stands directly before the object, so that the object's address is all that is needed.
template <class T>
inline constexpr std::size_t arc_align = alignof(T) > alignof(reference_count) ? alignof(T) : alignof(reference_count);
template <class T>
inline constexpr std::size_t arc_distance = arc_align<T> > sizeof(reference_count) ? arc_align<T>
                                                                                   : sizeof(reference_count);

template <class T>
reference_count& count_of(T* object) noexcept {
    using plain = std::remove_const_t<T>;
    return *reinterpret_cast<reference_count*>(reinterpret_cast<char*>(const_cast<plain*>(object)) -
                                               sizeof(reference_count));
}

template <class T>
struct arc_block {
    arc_block() noexcept
        : memory{::operator new (arc_distance<T> + sizeof(T), std::align_val_t{arc_align<T>}, std::nothrow)} {}
    explicit arc_block(T* object) noexcept : memory{reinterpret_cast<char*>(object) - arc_distance<T>} {}
    arc_block(const arc_block&) = delete;
    arc_block& operator=(const arc_block&) = delete;

    // Also the way out when the constructor of T throws: no try block, so the same with and without exceptions.
    ~arc_block() {
        if (memory != nullptr) {
            ::operator delete (memory, std::align_val_t{arc_align<T>});
        }
    }

    void* object_place() const noexcept { return static_cast<char*>(memory) + arc_distance<T>; }

    void* memory;
};

// An aggregate is braced, so that an item needs no constructor; the members left out have their initialisers, the work
// among them, which the warning does not see.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
template <class T, class... Args>
T* construct(void* place, Args&&... args) {
    if constexpr (std::is_aggregate_v<T>) {
        return ::new (place) T{std::forward<Args>(args)...};
    } else {
        return ::new (place) T(std::forward<Args>(args)...);
    }
}
#pragma GCC diagnostic pop

}  // namespace detail

/// A shared owner of a T, one pointer wide: the object and its reference count are one allocation, made by make_arc.
/// T needs no base class and may be over-aligned. There is no aliasing, no conversion to a base and no weak reference.
/// Copies may be made and let go on any thread; whoever lets the last one go destroys the object.
template <class T>
class arc {
public:
    /// What it owns.
    using element_type = T;

    /// Null.
    constexpr arc(std::nullptr_t = nullptr) noexcept {}

    arc(const arc& other) noexcept : object_{other.object_} {
        if (object_ != nullptr) {
            detail::count_of(object_).fetch_add(1, std::memory_order_relaxed);
        }
    }
    arc(arc&& other) noexcept : object_{std::exchange(other.object_, nullptr)} {}
    arc& operator=(arc other) noexcept {
        std::swap(object_, other.object_);
        return *this;
    }
    ~arc() {
        // sync arc.1: acq_rel exchange-sub; pairs with itself; what every owner did to the object happens before its
        // destruction by the last one.
        if (object_ != nullptr && detail::count_of(object_).fetch_sub(1, std::memory_order_acq_rel) == 1) {
            const detail::arc_block<std::remove_const_t<T>> block{const_cast<std::remove_const_t<T>*>(object_)};
            object_->~T();
        }
    }

    /// The object. The arc must not be null for `*` and `->`.
    T& operator*() const noexcept { return *object_; }
    T* operator->() const noexcept { return object_; }
    T* get() const noexcept { return object_; }
    explicit operator bool() const noexcept { return object_ != nullptr; }

    /// Gives the reference up without letting it go; it must come back by from_raw, once. Null for null.
    T* into_raw() && noexcept { return std::exchange(object_, nullptr); }

    /// The inverse of into_raw: takes the reference over.
    static arc from_raw(T* object) noexcept {
        arc taken;
        taken.object_ = object;
        return taken;
    }

    /// One more reference to an object that make_arc made and that an arc holds at present: how an item finds an owner
    /// of itself.
    static arc share(T& object) noexcept {
        detail::count_of(std::addressof(object)).fetch_add(1, std::memory_order_relaxed);
        return from_raw(std::addressof(object));
    }

    bool operator==(const arc&) const noexcept = default;

private:
    T* object_ = nullptr;
};

/// Makes an object and its first owner: T(args...), or T{args...} for an aggregate (where a work is a base class, it is
/// the first element: give such a class a constructor). No memory: null. Throws what the constructor throws.
template <class T, class... Args>
[[nodiscard]] arc<T> try_make_arc(Args&&... args) {
    detail::arc_block<T> block;
    if (block.memory == nullptr) {
        return nullptr;
    }
    T* object = detail::construct<T>(block.object_place(), std::forward<Args>(args)...);
    ::new (static_cast<void*>(&detail::count_of(object))) detail::reference_count{1};
    block.memory = nullptr;
    return arc<T>::from_raw(object);
}

/// As try_make_arc, and never null. No memory: std::bad_alloc, or std::terminate where exceptions are switched off.
template <class T, class... Args>
[[nodiscard]] arc<T> make_arc(Args&&... args) {
    arc<T> made = try_make_arc<T>(std::forward<Args>(args)...);
    if (!made) {
#if defined(__cpp_exceptions)
        throw std::bad_alloc{};
#else
        std::terminate();
#endif
    }
    return made;
}

/// arc<T> carries items by their bare address.
template <class T>
struct work_pointer_traits<arc<T>> {
    using element_type = T;
    static T* into_raw(arc<T>&& p) noexcept { return std::move(p).into_raw(); }
    static arc<T> from_raw(T* p) noexcept { return arc<T>::from_raw(p); }
};

}  // namespace v1
}  // namespace cmwq
