// SPDX-License-Identifier: Apache-2.0
//
// A shared owner for items that needs nothing from their class.
//
//     auto item = cmwq::make_arc<job>(42);       // one allocation: count and object
//     (void)q.enqueue(item);                     // the queue has a reference of its own until run returns
//     auto again = cmwq::arc<job>::share(*item); // inside the item's own functions: one more owner of itself
//
// Why not std::shared_ptr: that one is two words wide, and a queue that has only the address of an item cannot find the
// second again, so its items are larger (shared_work). An arc is the address of the object and nothing else; the count
// stands before the object, in the same allocation.
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
///
/// Thread safety: as std::shared_ptr. Different arcs of one object may be copied and let go on different threads;
/// whoever lets the last one go destroys the object, after everything that the other owners did with it. One arc
/// object that several threads use needs a lock, unless all of them only read it. The object itself is not protected.
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
    // Not by value: clang 14 forgets to end the argument of `owner = {}` in a template.
    arc& operator=(const arc& other) noexcept { return *this = arc{other}; }
    arc& operator=(arc&& other) noexcept {
        arc taken{std::move(other)};
        std::swap(object_, taken.object_);
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

    /// The object, without a reference of its own. The arc must not be null for `*` and `->`.
    T& operator*() const noexcept { return *object_; }
    T* operator->() const noexcept { return object_; }
    T* get() const noexcept { return object_; }
    explicit operator bool() const noexcept { return object_ != nullptr; }

    /// Gives the reference up without letting it go; it must come back by from_raw, once. Null for null.
    T* into_raw() && noexcept { return std::exchange(object_, nullptr); }

    /// The inverse of into_raw: takes the reference over. `object` must come from into_raw of the same T; null gives
    /// null.
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

/// Makes an object and its first owner: T(args...), or T{args...} for an aggregate, whose remaining members keep their
/// initialisers, a work among them. (Where a work is a base class it is the aggregate's first element: give such a
/// class a constructor.) One allocation. No memory: null. Throws what the constructor throws, and then leaves nothing
/// behind.
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

/// arc<T> carries items by their bare address: enqueue neither counts nor allocates, the reference itself travels.
template <class T>
struct work_pointer_traits<arc<T>> {
    using element_type = T;
    static T* into_raw(arc<T>&& p) noexcept { return std::move(p).into_raw(); }
    static arc<T> from_raw(T* p) noexcept { return arc<T>::from_raw(p); }
};

}  // namespace v1
}  // namespace cmwq
