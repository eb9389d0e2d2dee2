// SPDX-License-Identifier: Apache-2.0
//
// Engine objects on the platform's heap: null instead of an exception.
#pragma once

#include "engine/locking.hpp"

#include <new>
#include <utility>

namespace cmwq {
inline namespace v1 {
namespace engine {

/// Null when there is no memory.
template <class T, class... Args>
[[nodiscard]] T* create(Args&&... args) noexcept {
    void* block = platform::allocate(sizeof(T), alignof(T));
    return block != nullptr ? new (block) T(std::forward<Args>(args)...) : nullptr;
}

template <class T>
void destroy(T* object) noexcept {
    object->~T();
    platform::deallocate(object, sizeof(T), alignof(T));
}

/// `count` default-made objects, or null.
template <class T>
[[nodiscard]] T* create_array(std::size_t count) noexcept {
    auto* block = static_cast<T*>(platform::allocate(sizeof(T) * count, alignof(T)));
    for (std::size_t i = 0; block != nullptr && i < count; ++i) new (block + i) T();
    return block;
}

template <class T>
void destroy_array(T* block, std::size_t count) noexcept {
    for (std::size_t i = 0; block != nullptr && i < count; ++i) block[i].~T();
    platform::deallocate(block, sizeof(T) * count, alignof(T));
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
