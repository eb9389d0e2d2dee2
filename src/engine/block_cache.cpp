// SPDX-License-Identifier: Apache-2.0
#include "engine/block_cache.hpp"

#include <new>
#include <utility>

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

constinit block_cache the_blocks;

}  // namespace

block_cache& block_cache::instance() noexcept {
    return the_blocks;
}

void block_cache::magazine::push(free_block& block) noexcept {
    block.next = std::exchange(top, &block);
    ++count;
}

block_cache::free_block* block_cache::magazine::pop() noexcept {
    if (top == nullptr) return nullptr;
    --count;
    return std::exchange(top, top->next);
}

/// The shelf of the CPU that the caller runs on, unless somebody was preempted there: who finds it in use goes to the
/// heap instead of waiting.
class block_cache::visit {
public:
    explicit visit(shelf& here) noexcept : here_{here} {
        // sync shelf.1: acquire read-modify-write; pairs with shelf.2; sees the magazines as the one before left them
        admitted_ = !here.in_use.exchange(true, memory_order_acquire);
    }
    ~visit() {
        // sync shelf.2: release; pairs with shelf.1; publishes the magazines
        if (admitted_) here_.in_use.store(false, memory_order_release);
    }
    visit(const visit&) = delete;
    visit& operator=(const visit&) = delete;

    pair* magazines_of(int index) noexcept { return admitted_ ? &here_.of_size[index] : nullptr; }

private:
    shelf& here_;
    bool admitted_;
};

/// -1: too large, or aligned too strictly.
int block_cache::size_index(std::size_t size, std::size_t align) noexcept {
    if (size > largest || align > alignment) return -1;
    return size <= smallest ? 0 : size <= 2 * smallest ? 1 : 2;
}

void* block_cache::allocate(std::size_t size, std::size_t align) noexcept {
    const int index = size_index(size, align);
    if (index < 0) return platform::allocate(size, align);
    {
        visit here{shelves_[platform::current_cpu()]};
        if (pair* magazines = here.magazines_of(index)) {
            if (free_block* block = take(*magazines, index)) return block;
        }
    }
    return platform::allocate(bytes_of(index), alignment);
}

void block_cache::release(void* block, std::size_t size, std::size_t align) noexcept {
    const int index = size_index(size, align);
    if (index < 0) return platform::deallocate(block, size, align);
    if (!filled_.load(memory_order_relaxed)) filled_.store(true, memory_order_relaxed);
    {
        visit here{shelves_[platform::current_cpu()]};
        pair* magazines = here.magazines_of(index);
        if (magazines != nullptr && put(*magazines, *new (block) free_block, index)) return;
    }
    platform::deallocate(block, bytes_of(index), alignment);
}

block_cache::free_block* block_cache::take(pair& from, int index) noexcept {
    if (from.now.count == 0) std::swap(from.now, from.other);
    if (from.now.count == 0) from.now = {take_full(index), blocks_per_magazine};
    if (from.now.top == nullptr) from.now.count = 0;
    return from.now.pop();
}

bool block_cache::put(pair& to, free_block& block, int index) noexcept {
    if (to.now.count == blocks_per_magazine) std::swap(to.now, to.other);
    if (to.now.count == blocks_per_magazine) {
        if (!store_full(to.now.top, index)) return false;
        to.now = {};
    }
    to.now.push(block);
    return true;
}

block_cache::free_block* block_cache::take_full(int index) noexcept {
    store& from = stores_[index];
    locked hold{from.lock};
    free_block* full = from.full;
    if (full == nullptr) return nullptr;
    from.full = full->next_magazine;
    --from.count;
    return full;
}

bool block_cache::store_full(free_block* full, int index) noexcept {
    store& to = stores_[index];
    locked hold{to.lock};
    if (to.count == most_stored) return false;
    full->next_magazine = std::exchange(to.full, full);
    ++to.count;
    return true;
}

void block_cache::clear() noexcept {
    if (!filled_.load(memory_order_relaxed)) return;
    filled_.store(false, memory_order_relaxed);
    const int nr_cpus = platform::discover_topology().nr_cpus;
    for (int cpu = 0; cpu < nr_cpus; ++cpu) clear(shelves_[cpu]);
    for (int index = 0; index < nr_sizes; ++index) {
        while (free_block* full = take_full(index)) {
            magazine whole{full, blocks_per_magazine};
            empty(whole, index);
        }
    }
}

void block_cache::clear(shelf& each) noexcept {
    visit here{each};
    for (int index = 0; index < nr_sizes; ++index) {
        pair* magazines = here.magazines_of(index);
        if (magazines == nullptr) return;
        empty(magazines->now, index);
        empty(magazines->other, index);
    }
}

void block_cache::empty(magazine& from, int index) noexcept {
    while (free_block* block = from.pop()) platform::deallocate(block, bytes_of(index), alignment);
}

void block_cache::renew_after_fork() noexcept {
    for (shelf& each : shelves_) {
        if (each.in_use.load(memory_order_relaxed)) new (&each) shelf;
    }
    for (store& each : stores_) {
        if (each.lock.try_lock()) {
            each.lock.unlock();
        } else {
            new (&each) store;
        }
    }
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
