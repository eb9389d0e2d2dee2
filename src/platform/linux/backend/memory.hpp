// SPDX-License-Identifier: Apache-2.0
//
// Linux backend: the heap, without exceptions.
#pragma once

#include <cstddef>
#include <new>

namespace cmwq {
inline namespace v1 {
namespace platform {

/// Null when there is no memory.
[[nodiscard]] inline void* allocate(std::size_t size, std::size_t align) noexcept {
    if (align <= __STDCPP_DEFAULT_NEW_ALIGNMENT__) return ::operator new(size, std::nothrow);
    return ::operator new (size, std::align_val_t{align}, std::nothrow);
}

/// `size` and `align` as given to allocate. The heap is not told the size: clang offers the sized forms only on demand.
inline void deallocate(void* block, std::size_t, std::size_t align) noexcept {
    if (align <= __STDCPP_DEFAULT_NEW_ALIGNMENT__) return ::operator delete(block);
    ::operator delete (block, std::align_val_t{align});
}

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
