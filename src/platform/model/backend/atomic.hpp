// SPDX-License-Identifier: Apache-2.0
//
// Model backend: atomics and fences. Plain objects, because all threads of a run share one OS thread and change places
// only at scheduling points. The interface is std::atomic's; every memory order is spelled out.
#pragma once

#include "backend/atomic_cell.hpp"

#include <atomic>

namespace cmwq {
inline namespace v1 {
namespace platform {

namespace detail {

/// The members of atomic and atomic_ref, over Holder's `object()`. Const like atomic_ref's: the object is elsewhere, or
/// mutable.
template <class T, class Holder>
class atomic_members {
    using cell = model::detail::atomic_cell<T>;
    using order = std::memory_order;
    using site = model::detail::site;

public:
    using value_type = T;
    using difference_type = model::detail::distance_of<T>;
    static constexpr bool is_always_lock_free = true;

    constexpr bool is_lock_free() const noexcept { return true; }

    T load(order o, site at = site::current()) const noexcept { return cell::load(object(), o, at); }
    void store(T desired, order o, site at = site::current()) const noexcept { cell::store(object(), desired, o, at); }
    T exchange(T desired, order o, site at = site::current()) const noexcept {
        return cell::exchange(object(), desired, o, at);
    }
    T fetch_add(difference_type by, order o, site at = site::current()) const noexcept {
        return cell::fetch_add(object(), by, o, at);
    }
    T fetch_sub(difference_type by, order o, site at = site::current()) const noexcept {
        return cell::fetch_sub(object(), by, o, at);
    }
    T fetch_or(T bits, order o, site at = site::current()) const noexcept {
        return cell::fetch_or(object(), bits, o, at);
    }
    T fetch_and(T bits, order o, site at = site::current()) const noexcept {
        return cell::fetch_and(object(), bits, o, at);
    }
    T fetch_xor(T bits, order o, site at = site::current()) const noexcept {
        return cell::fetch_xor(object(), bits, o, at);
    }

    bool compare_exchange_strong(T& expected, T desired, order o, site at = site::current()) const noexcept {
        return cell::compare_exchange(object(), expected, desired, {o, order_of_failure(o)}, false, at);
    }
    bool compare_exchange_strong(T& expected, T desired, order o, order failed,
                                 site at = site::current()) const noexcept {
        return cell::compare_exchange(object(), expected, desired, {o, failed}, false, at);
    }
    bool compare_exchange_weak(T& expected, T desired, order o, site at = site::current()) const noexcept {
        return cell::compare_exchange(object(), expected, desired, {o, order_of_failure(o)}, true, at);
    }
    bool compare_exchange_weak(T& expected, T desired, order o, order failed,
                               site at = site::current()) const noexcept {
        return cell::compare_exchange(object(), expected, desired, {o, failed}, true, at);
    }

private:
    static constexpr order order_of_failure(order o) noexcept {
        return o == order::acq_rel ? order::acquire : o == order::release ? order::relaxed : o;
    }

    T& object() const noexcept { return static_cast<const Holder*>(this)->object_reference(); }
};

}  // namespace detail

template <class T>
class atomic : public detail::atomic_members<T, atomic<T>> {
public:
    constexpr atomic() noexcept : atomic(T{}) {}
    CMWQ_MODEL_UNREPORTED constexpr atomic(T value) noexcept : value_(value) {
        if (!std::is_constant_evaluated()) model::detail::atomic_cell<T>::constructed(value_);
    }
    atomic(const atomic&) = delete;
    atomic& operator=(const atomic&) = delete;

private:
    friend class detail::atomic_members<T, atomic<T>>;
    T& object_reference() const noexcept { return value_; }

    mutable T value_;
};

template <class T>
class atomic_ref : public detail::atomic_members<T, atomic_ref<T>> {
public:
    static constexpr std::size_t required_alignment = alignof(T);

    explicit atomic_ref(T& object) noexcept : object_(&object) {}
    atomic_ref(const atomic_ref&) noexcept = default;
    atomic_ref& operator=(const atomic_ref&) = delete;

private:
    friend class detail::atomic_members<T, atomic_ref<T>>;
    T& object_reference() const noexcept { return *object_; }

    T* object_;
};

/// Full fence of the calling thread.
void fence_seq_cst(model::detail::site at = model::detail::site::current()) noexcept;

/// Full fence, given that the last memory access of this thread was a seq_cst read-modify-write: with
/// model::options::weak_memory anything else fails the run.
void fence_after_rmw() noexcept;

/// The fast half of an asymmetric pair: the other side calls fence_all_threads().
void fence_compiler() noexcept;

/// As model::options::has_fence_all_threads says.
bool has_fence_all_threads() noexcept;

/// The fast half of the pair where there is a slow one, else a full fence.
inline void fence_light(model::detail::site at = model::detail::site::current()) noexcept {
    has_fence_all_threads() ? fence_compiler() : fence_seq_cst(at);
}

/// After this returns, every other thread has executed a full fence.
void fence_all_threads(model::detail::site at = model::detail::site::current()) noexcept;

/// One step of a bounded spin: others go first.
void pause() noexcept;

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
