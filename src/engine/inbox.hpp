// SPDX-License-Identifier: Apache-2.0
//
// The door of a worklist: any thread pushes, without a lock and without waiting for anybody; whoever holds the worklist
// takes everything at once. A Treiber stack (R. K. Treiber, IBM RJ 5118, 1986) that is only ever emptied whole, so the
// ABA problem does not arise; taking turns it round, so items come out in the order they went in.
//
// What was measured against it, and why an exchange-based queue lost:
// docs/adr/0003-the-inbox-is-a-stack-taken-whole.md.
#pragma once

#include "engine/item_list.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

class inbox {
public:
    constexpr inbox() noexcept = default;

    /// Pushes a claimed item. Returns how many items are in the inbox now (saturating at 65,535): how long nobody has
    /// looked. Lifetime: the item may have run and be gone when this returns.
    unsigned push(work_base& item) noexcept {
        std::uint64_t head = head_.load(memory_order_relaxed);
        for (;;) {
            access::next(item) = reinterpret_cast<work_base*>(head & pointer_bits);
            const std::uint64_t count = (head >> count_shift) == max_count ? max_count : (head >> count_shift) + 1;
            const std::uint64_t next = reinterpret_cast<std::uintptr_t>(&item) | (count << count_shift);
            // sync inbox.1: seq_cst read-modify-write; pairs with inbox.2, inbox.3; publishes the item. seq_cst: the
            // pusher's next load asks whether somebody runs or looks, while a worker that stops running looks here
            // (idle.1); if both read the old value the item would wait for ever.
            if (head_.compare_exchange_weak(head, next, memory_order_seq_cst, memory_order_relaxed)) {
                return static_cast<unsigned>(count);
            }
        }
    }

    bool empty() const noexcept {
        // sync inbox.3: seq_cst load; pairs with inbox.1, inbox.2; the other half of that race
        return head_.load(memory_order_seq_cst) == 0;
    }

    /// For whoever holds the worklist: nothing to take at this moment.
    bool looks_empty() const noexcept { return head_.load(memory_order_relaxed) == 0; }

    /// The last one pushed, for those who look on. Null: nothing to take.
    work_base* newest() const noexcept {
        return reinterpret_cast<work_base*>(head_.load(memory_order_relaxed) & pointer_bits);
    }

    /// Appends everything to `to`, oldest first. The caller holds the worklist of this inbox.
    void take_all(item_list& to) noexcept {
        if (head_.load(memory_order_relaxed) == 0) return;
        // sync inbox.2: acquire-release; pairs with inbox.1, inbox.3; sees the items that were pushed; publishes that
        // they were announced as listed
        const std::uint64_t head = head_.exchange(0, memory_order_acq_rel);
        item_list turned;
        for (auto* item = reinterpret_cast<work_base*>(head & pointer_bits); item != nullptr;) {
            work_base* older = access::next(*item);
            if (older != nullptr) __builtin_prefetch(older, 1);
            turned.push_front(*item);
            item = older;
        }
        to.append(turned);
    }

private:
    static constexpr int count_shift = 48;
    static constexpr std::uint64_t pointer_bits = (std::uint64_t{1} << count_shift) - 1;
    static constexpr std::uint64_t max_count = 0xffff;

    atomic<std::uint64_t> head_{0};  // A(inbox): newest item in the low 48 bits, saturating count above
};

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
