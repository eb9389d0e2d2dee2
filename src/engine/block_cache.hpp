// SPDX-License-Identifier: Apache-2.0
//
// Blocks for the functions of try_spawn. The thread that spawns is seldom the one that runs, and a general heap takes
// some 100 ns for memory that changes threads each time (docs/adr/0022-blocks-of-spawned-functions.md). Here a block
// that ran waits on its CPU's shelf for the next spawn; what one CPU has too much of goes to a store for all, a
// magazine of 64 at a time, and from there to whoever has none. After J. Bonwick and J. Adams, "Magazines and Vmem",
// USENIX 2001.
#pragma once

#include "engine/locking.hpp"

#include <cstddef>

namespace cmwq {
inline namespace v1 {
namespace engine {

/// Belongs to the process. All of it may be called from any thread.
class block_cache {
public:
    static block_cache& instance() noexcept;

    /// Null when there is no memory.
    [[nodiscard]] void* allocate(std::size_t size, std::size_t align) noexcept;
    /// `size` and `align` as they were asked for.
    void release(void* block, std::size_t size, std::size_t align) noexcept;

    /// Gives what waits back to the heap, but for a shelf that somebody is at.
    void clear() noexcept;
    /// In the child of a fork: what somebody was at in the parent is given up.
    void renew_after_fork() noexcept;

private:
    static constexpr int nr_sizes = 3;
    static constexpr std::size_t alignment = alignof(std::max_align_t);
    static constexpr std::size_t smallest = 64, largest = smallest << (nr_sizes - 1);
    static constexpr unsigned blocks_per_magazine = 64;
    static constexpr unsigned most_stored = 256;  // magazines of a size: 1 MiB of the smallest blocks

    struct free_block {
        free_block* next;
        free_block* next_magazine;
    };
    /// A chain of blocks.
    struct magazine {
        free_block* top = nullptr;
        unsigned count = 0;

        void push(free_block& block) noexcept;
        free_block* pop() noexcept;
    };
    /// Two, so that a CPU that allocates and releases by turns does not go to the store each time.
    struct pair {
        magazine now, other;
    };
    struct alignas(cache_line) shelf {
        atomic<bool> in_use{false};  // A(shelf): somebody is at it
        pair of_size[nr_sizes];      // under in_use
    };
    struct alignas(cache_line) store {
        mutex lock;
        free_block* full = nullptr;  // under lock: magazines, linked by next_magazine
        unsigned count = 0;          // under lock
    };
    class visit;

    static int size_index(std::size_t size, std::size_t align) noexcept;
    static std::size_t bytes_of(int index) noexcept { return smallest << index; }
    free_block* take(pair& from, int index) noexcept;
    bool put(pair& to, free_block& block, int index) noexcept;
    free_block* take_full(int index) noexcept;
    void clear(shelf& each) noexcept;
    static void empty(magazine& from, int index) noexcept;
    bool store_full(free_block* full, int index) noexcept;

    atomic<bool> filled_{false};  // something was released: there may be something to clear
    shelf shelves_[platform::topology::max_cpus];
    store stores_[nr_sizes];
};

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
