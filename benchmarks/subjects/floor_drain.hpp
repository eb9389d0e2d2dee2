// SPDX-License-Identifier: Apache-2.0
//
// The floor of P1, P2 and P8: what it costs to hand caller-owned items from one thread to one other and to call them,
// with nothing else promised. A linked list; each item, or each `Chunk` items, become visible by one release store;
// both threads have a CPU of their own and the consumer spins.
#pragma once

#include "../harness/affinity.hpp"
#include "../harness/item_ring.hpp"
#include "../harness/main.hpp"

#include <thread>

namespace bench {

template <class Work, unsigned Chunk>
class hand_over {
public:
    struct alignas(64) task {
        std::atomic<task*> next{nullptr};
        void (*function)(hand_over&, task&) = &Work::template run<hand_over>;
        std::uintptr_t payload = 0;
    };

    explicit hand_over(const settings& sizes) : ring_{sizes.ring_slots}, tail_{&ring_.next()} {
        std::thread{[this, first = tail_] { consume(first); }}.detach();
        pin_to_allowed_cpu(0);
    }

    void submit(std::uintptr_t payload) noexcept {
        task& item = ring_.next();
        item.payload = payload;
        if (held_ == 0) {
            chunk_head_ = &item;
        } else {
            chunk_tail_->next.store(&item, std::memory_order_relaxed);
        }
        chunk_tail_ = &item;
        if (++held_ == Chunk) {
            help();
        }
    }

    /// Makes the last, incomplete chunk visible.
    void help() noexcept {
        if (held_ > 0) {
            tail_->next.store(chunk_head_, std::memory_order_release);
            tail_ = chunk_tail_;
            held_ = 0;
        }
    }

private:
    void consume(task* done) {
        pin_to_allowed_cpu(1);
        for (;;) {
            task* const next = done->next.load(std::memory_order_acquire);
            if (next == nullptr) {
                relax();
                continue;
            }
            next->function(*this, *next);
            done = next;
        }
    }

    item_ring<task> ring_;
    task* tail_;
    task* chunk_head_ = nullptr;
    task* chunk_tail_ = nullptr;
    unsigned held_ = 0;
};

}  // namespace bench
