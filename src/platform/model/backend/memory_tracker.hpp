// SPDX-License-Identifier: Apache-2.0
//
// Model backend: who forgot to give memory back.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cmwq {
inline namespace v1 {
namespace model {
namespace detail {

void* allocate_tracked(std::size_t size, std::size_t align) noexcept;
void deallocate_tracked(void* block, std::size_t size, std::size_t align) noexcept;

/// What is still allocated of the run in progress, with the oldest block.
struct memory_left {
    std::uint64_t blocks = 0;
    std::uint64_t bytes = 0;
    std::uint64_t first_step = 0;
    std::size_t first_size = 0;
    int first_thread = 0;
};
memory_left memory_of_run() noexcept;

void free_memory_of_run() noexcept;

}  // namespace detail
}  // namespace model
}  // namespace v1
}  // namespace cmwq
