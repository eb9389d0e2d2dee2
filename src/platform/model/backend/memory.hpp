// SPDX-License-Identifier: Apache-2.0
//
// Model backend: memory that can be told to run out, and that is counted: what a run leaves behind is a failure.
#pragma once

#include <cstddef>

namespace cmwq {
inline namespace v1 {
namespace platform {

/// Null when there is no memory, or when model::options::failing_allocations says so.
[[nodiscard]] void* allocate(std::size_t size, std::size_t align) noexcept;

/// `size` and `align` as given to allocate; anything else fails the run.
void deallocate(void* block, std::size_t size, std::size_t align) noexcept;

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
