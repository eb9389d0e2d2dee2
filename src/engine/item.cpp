// SPDX-License-Identifier: Apache-2.0
//
// What one may ask about an item, and the memory of closures: the rest of the boundary to the headers.
#include "engine/block_cache.hpp"
#include "engine/flush.hpp"
#include "engine/invoke.hpp"
#include "engine/misuse.hpp"
#include "engine/registry.hpp"
#include "engine/report_names.hpp"
#include "engine/runtime_state.hpp"
#include "engine/stand_in.hpp"

#include <cstdio>
#include <exception>

namespace cmwq {
inline namespace v1 {

namespace detail {

using namespace engine;

bool item_pending(const work_base& item) noexcept {
    const bool pending = (as_seen_here(word_of(const_cast<work_base&>(item))) & work_word::pending) != 0;
    if (pending) look_for_watchdogs_if_needed();
    return pending;
}

bool item_busy(const work_base& item) noexcept {
    const std::uint64_t word = as_seen_here(word_of(const_cast<work_base&>(item)));
    if ((word & work_word::pending) != 0) {
        look_for_watchdogs_if_needed();
        return true;
    }
    const worker* last = registry::instance().worker_of(last_worker_of_word(word));
    return last != nullptr && last->current.load(memory_order_relaxed) == &item;
}

namespace {

/// Of the queue that has the item, or had it last.
void report_wait_of_a_reclaimer(work_base& item, const call_site& where) noexcept {
    cmwq_queue* wq = registry::instance().pin_queue(queue_of_word(as_seen_here(word_of(item))));
    if (wq == nullptr) return;
    if (item_busy(item) && is_wait_of_a_reclaimer(*wq))
        report({misuse_code::reclaim_waits_for_ordinary_queue, &item, wq, where});
    registry::instance().unpin_queue(*wq);
}

}  // namespace

bool flush_item(work_base& item, call_site where) noexcept {
    if (is_inside(item)) {
        report({misuse_code::flush_from_own_item, &item, this_worker_slot()->queue, where});
        return false;
    }
    if (this_worker_slot() != nullptr) report_wait_of_a_reclaimer(item, where);
    return flush_one(item);
}

void* allocate_block(std::size_t size, std::size_t align) noexcept {
    return block_cache::instance().allocate(size, align);
}

void release_block(void* block, std::size_t size, std::size_t align) noexcept {
    block_cache::instance().release(block, size, align);
}

}  // namespace detail

namespace engine {

namespace {

void default_policy(const escaped_exception& escaped) noexcept {
    std::fprintf(stderr, "cmwq: an exception left the function of item \"%s\" on queue \"%s\"\n", escaped.item,
                 escaped.queue);
    std::terminate();
}

}  // namespace

void exception_left_item(const work_class& kind, cmwq_queue& queue) noexcept {
    const exception_handler chosen = queue.runtime->options.on_exception;
    (chosen != nullptr ? chosen : default_policy)({name_of(kind), queue.name, std::current_exception()});
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
