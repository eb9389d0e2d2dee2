// SPDX-License-Identifier: Apache-2.0
//
// Where caller-owned items come from: one ring, handed out to threads in blocks. A counter shared by the producers
// costs 16 to 25 ns per item by itself and would hide what is measured. The ring is larger than any workload's number
// of items in flight and is built, hence touched, before the clock starts.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

namespace bench {

template <class Item>
class item_ring {
public:
    /// `slots` is a power of two.
    explicit item_ring(std::size_t slots) : items_{std::make_unique<Item[]>(slots)}, mask_{slots - 1} {}

    /// A slot that nobody else gets until the ring has gone round.
    Item& next() noexcept {
        if ((place_ & (block - 1)) == 0) [[unlikely]] {
            place_ = next_block_.fetch_add(block, std::memory_order_relaxed);
        }
        return items_[place_++ & mask_];
    }

private:
    static constexpr std::size_t block = 256;

    // One ring per kind of item and process, so a static member stands for "per ring and thread".
    static inline constinit thread_local std::size_t place_ = 0;

    std::unique_ptr<Item[]> items_;
    std::size_t mask_;
    alignas(128) std::atomic<std::size_t> next_block_{0};
};

}  // namespace bench
