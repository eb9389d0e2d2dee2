// SPDX-License-Identifier: Apache-2.0
//
// What code compiled with -fsanitize=thread calls at each of its memory accesses. Here no ThreadSanitizer is behind it
// but the model backend: threads are its fibers, and what happens before what follows from the memory orders of the
// run, weakened or not. This file itself is compiled without.
#include "backend/atomic.hpp"
#include "backend/site.hpp"
#include "backend/weak_memory.hpp"

#include <cstdint>
#include <cstdlib>
#include <malloc.h>
#include <new>

namespace {

namespace detail = cmwq::model::detail;

constexpr std::memory_order orders[] = {std::memory_order_relaxed, std::memory_order_consume,
                                        std::memory_order_acquire, std::memory_order_release,
                                        std::memory_order_acq_rel, std::memory_order_seq_cst};

/// The one ordered std::atomic of the library: the last reference to go. The instrumentation does not say on which
/// line; weak_memory.py calls it the first.
constexpr detail::site reference_let_go{"include/cmwq/arc.hpp", 1};

template <class T>
cmwq::platform::atomic_ref<T> at(const volatile void* object) {
    return cmwq::platform::atomic_ref<T>{*static_cast<T*>(const_cast<void*>(object))};
}

}  // namespace

#define CALLER __builtin_return_address(0)
#define ACCESSES(size)                                                                                                 \
    void __tsan_read##size(void* object) {                                                                             \
        detail::plain_read(object, size, CALLER);                                                                      \
    }                                                                                                                  \
    void __tsan_write##size(void* object) {                                                                            \
        detail::plain_write(object, size, CALLER);                                                                     \
    }                                                                                                                  \
    void __tsan_unaligned_read##size(void* object) {                                                                   \
        detail::plain_read(object, size, CALLER);                                                                      \
    }                                                                                                                  \
    void __tsan_unaligned_write##size(void* object) {                                                                  \
        detail::plain_write(object, size, CALLER);                                                                     \
    }
// For std::atomic, which only the reference counts of cmwq::arc are made of, and for the guards of static variables.
#define ATOMICS(bits)                                                                                                  \
    std::uint##bits##_t __tsan_atomic##bits##_load(const volatile void* object, int order) {                           \
        return at<std::uint##bits##_t>(object).load(orders[order]);                                                    \
    }                                                                                                                  \
    void __tsan_atomic##bits##_store(volatile void* object, std::uint##bits##_t value, int order) {                    \
        at<std::uint##bits##_t>(object).store(value, orders[order]);                                                   \
    }                                                                                                                  \
    std::uint##bits##_t __tsan_atomic##bits##_fetch_add(volatile void* object, std::uint##bits##_t by, int order) {    \
        return at<std::uint##bits##_t>(object).fetch_add(by, orders[order]);                                           \
    }                                                                                                                  \
    std::uint##bits##_t __tsan_atomic##bits##_fetch_sub(volatile void* object, std::uint##bits##_t by, int order) {    \
        return at<std::uint##bits##_t>(object).fetch_sub(by, orders[order], reference_let_go);                         \
    }

extern "C" {

void __tsan_init() {}
ACCESSES(1)
ACCESSES(2)
ACCESSES(4)
ACCESSES(8)
ACCESSES(16)
void __tsan_read_range(void* object, unsigned long size) {
    detail::plain_read(object, size, CALLER);
}
void __tsan_write_range(void* object, unsigned long size) {
    detail::plain_write(object, size, CALLER);
}
void __tsan_vptr_update(void** object, void*) {
    detail::plain_write(object, sizeof *object, CALLER);
}
void __tsan_vptr_read(void** object) {
    detail::plain_read(object, sizeof *object, CALLER);
}
ATOMICS(8)
ATOMICS(32)
ATOMICS(64)

}  // extern "C"

// The heap: a new object at an old address has no past. Whoever frees one too early is found by what its destructor
// does, and by platform::deallocate.

void* operator new(std::size_t size) {
    void* block = std::malloc(size);
    if (block == nullptr) throw std::bad_alloc{};
    detail::memory_begins(block, malloc_usable_size(block));
    return block;
}

void operator delete(void* block) noexcept {
    std::free(block);
}

void operator delete(void* block, std::size_t) noexcept {
    std::free(block);
}
