// SPDX-License-Identifier: Apache-2.0
#include "backend/memory.hpp"

#include "backend/memory_tracker.hpp"
#include "backend/scheduler.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

namespace cmwq {
inline namespace v1 {

namespace model {
namespace detail {

namespace {

constexpr std::uint64_t live_mark = 0x6c6976655f626c6bu;
constexpr std::uint64_t dead_mark = 0x646561645f626c6bu;

// Lies just below each block; the blocks of the run in progress form a list.
struct block_header {
    block_header* next;
    block_header* previous;
    std::size_t size;
    std::size_t align;
    std::uint64_t step;
    std::uint32_t run;
    int thread;
    std::uint64_t mark;
};

constinit block_header* first_block = nullptr;

std::size_t header_room(std::size_t align) {
    const std::size_t unit = std::max(align, alignof(std::max_align_t));
    return (sizeof(block_header) + unit - 1) / unit * unit;
}

block_header* header_of(void* block) {
    return reinterpret_cast<block_header*>(static_cast<char*>(block) - sizeof(block_header));
}

void* start_of(const block_header* header) {
    const auto* block = reinterpret_cast<const char*>(header) + sizeof(block_header);
    return const_cast<char*>(block) - header_room(header->align);
}

void link(block_header* header) {
    header->next = first_block;
    header->previous = nullptr;
    if (first_block != nullptr) first_block->previous = header;
    first_block = header;
}

void unlink(block_header* header) {
    (header->previous != nullptr ? header->previous->next : first_block) = header->next;
    if (header->next != nullptr) header->next->previous = header->previous;
}

}  // namespace

void* allocate_tracked(std::size_t size, std::size_t align) noexcept {
    const std::size_t unit = std::max(align, alignof(std::max_align_t));
    const std::size_t total = (header_room(align) + size + unit - 1) / unit * unit;
    auto* start = static_cast<char*>(std::aligned_alloc(unit, total));
    if (start == nullptr) return nullptr;
    void* block = start + header_room(align);
    auto* header = new (header_of(block)) block_header{};
    header->size = size;
    header->align = align;
    header->run = current_run();
    header->mark = live_mark;
    if (header->run != 0) {
        const scheduler* run = scheduler_of_run();
        header->step = run != nullptr ? run->result().steps : 0;
        header->thread = run != nullptr ? run->current_id() : 0;
        link(header);
    }
    return block;
}

void deallocate_tracked(void* block, std::size_t size, std::size_t align) noexcept {
    block_header* header = header_of(block);
    if (header->mark == dead_mark) fail_or_die("a block of memory is deallocated twice");
    if (header->mark != live_mark)
        fail_or_die("deallocate of what allocate did not return, or its header is overwritten");
    if (header->size != size || header->align != align)
        fail_or_die("deallocate with another size or alignment than allocate");
    if (header->run != 0 && header->run == current_run()) unlink(header);
    header->mark = dead_mark;
    std::memset(block, 0xdd, size);  // whoever still reads it is led astray, and the run fails
    std::free(start_of(header));
}

memory_left memory_of_run() noexcept {
    memory_left left;
    for (const auto* header = first_block; header != nullptr; header = header->next) {
        ++left.blocks;
        left.bytes += header->size;
        left.first_step = header->step;  // the list begins with the youngest
        left.first_size = header->size;
        left.first_thread = header->thread;
    }
    return left;
}

void free_memory_of_run() noexcept {
    while (first_block != nullptr) {
        block_header* header = first_block;
        unlink(header);
        header->mark = dead_mark;
        std::free(start_of(header));
    }
}

}  // namespace detail
}  // namespace model

namespace platform {

using model::detail::operation;

void* allocate(std::size_t size, std::size_t align) noexcept {
    if (auto* run = model::detail::active_scheduler()) {
        auto& entry = run->step(operation::allocate, nullptr, std::memory_order_relaxed);
        entry.after = size;
        if (run->allocation_fails()) {
            entry.kind = operation::allocation_refused;
            return nullptr;
        }
    }
    void* block = model::detail::allocate_tracked(size, align);
    model::detail::memory_begins(block, size);
    return block;
}

void deallocate(void* block, std::size_t size, std::size_t align) noexcept {
    if (block == nullptr) return;
    if (auto* run = model::detail::active_scheduler()) {
        run->step(operation::deallocate, nullptr, std::memory_order_relaxed).after = size;
        model::detail::memory_ends(block, size, __builtin_return_address(0));
    }
    model::detail::deallocate_tracked(block, size, align);
}

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
