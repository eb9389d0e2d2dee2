// SPDX-License-Identifier: Apache-2.0
//
// An item with an owner that keeps the books of its kind: run, or destroyed without having run, which is "dropped".
#pragma once

#include "soak/books.hpp"

#include <cmwq/cmwq.hpp>

#include <memory>
#include <utility>

namespace soak {

/// Made and destroyed are counted.
struct counted {
    counted() { ++counts.made; }
    ~counted() { ++counts.destroyed; }
    counted(const counted&) = delete;
    counted& operator=(const counted&) = delete;
};

/// `Act` is called with the item's number.
template <kind Kind, void (*Act)(unsigned)>
struct owned_item : counted {
    explicit owned_item(unsigned n) : number{n} {}
    ~owned_item() {
        if (is_waiting) ++counts.of(Kind).dropped;
    }
    cmwq::work<owned_item> work;
    CMWQ_HAS_WORK(work);
    static void run(std::unique_ptr<owned_item> self) {
        self->is_waiting = false;
        ++counts.of(Kind).ran;
        Act(self->number);
    }
    unsigned number;
    bool is_waiting = true;
};

template <class Item, kind Kind>
void enqueue_new(cmwq::queue& wq, unsigned number) {
    auto result = wq.enqueue(std::make_unique<Item>(number));
    counts.of(Kind).note(static_cast<bool>(result));
    if (auto back = result.take_back()) back->is_waiting = false;
}

}  // namespace soak
