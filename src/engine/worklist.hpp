// SPDX-License-Identifier: Apache-2.0
//
// A worklist: the inbox that anybody pushes to, and behind it the list that workers pop from. Pools have one, and so
// have the seats of limited queues.
//
// The list's lock is biased towards one worker, its owner: the owner enters and leaves with two plain stores and a
// load. Everybody else takes the mutex and revokes the bias first (a store, a process-wide fence, a short wait for the
// owner to leave). Protocol page: docs/design/worklist.md. Measured: with a plain lock an item that enqueues itself
// costs 40 ns a hop instead of 21 (docs/adr/0002-the-worklist-belongs-to-the-pool.md).
#pragma once

#include "engine/inbox.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

struct worker;

/// The owner's side of every biased lock it owns: it is in at most one at a time.
struct biased_entry {
    atomic<bool> inside{false};  // A(bias)
};

class CMWQ_CAPABILITY("worklist") worklist {
public:
    constexpr worklist() noexcept = default;
    worklist(const worklist&) = delete;
    worklist& operator=(const worklist&) = delete;

    /// Any thread, no lock. As inbox::push.
    unsigned push(work_base& item) noexcept { return inbox_.push(item); }

    /// Might there be an item? Exact for the inbox; the list's part may be a moment old. The inbox is asked first:
    /// items go from there to the list, and are announced before they go.
    bool has_work() const noexcept { return !inbox_.empty() || listed_.load(memory_order_relaxed) != 0; }

    /// Items in the list (not in the inbox), as last published.
    std::size_t listed() const noexcept { return listed_.load(memory_order_relaxed); }

    /// As inbox::newest.
    work_base* newest() const noexcept { return inbox_.newest(); }

    /// Somebody will pop soon: what that needs beside the inbox is fetched.
    void expect_visit() const noexcept {
        __builtin_prefetch(&items_, 1);
        __builtin_prefetch(&mutex_, 1);
    }

    /// For the worker that calls: pops the oldest item and lets `pick(item)` take note of it before anybody else can
    /// look. False when there is none.
    template <class Pick>
    [[gnu::always_inline]] bool pop(biased_entry& me, Pick pick) noexcept {
        const bool fast = enter(me);
        // An item pushed from outside must not be overtaken for ever, and one look per empty list costs nothing.
        if (items_.empty()) fill();
        work_base* item = items_.pop_front();
        if (item != nullptr) {
            pick(*item);
            publish_size();
        }
        if (work_base* following = items_.front()) __builtin_prefetch(following, 1);
        leave(me, fast);
        return item != nullptr;
    }

    enum class found { nothing, taken, elsewhere };

    /// As pop, of the oldest item for which `may(item)` says so, among the first `reach` at least one. `elsewhere`:
    /// there are items, and none of these.
    template <class May, class Pick>
    found pop_if(biased_entry& me, std::size_t reach, May may, Pick pick) noexcept {
        const bool fast = enter(me);
        if (items_.empty()) fill();
        const bool some = !items_.empty();
        work_base* item = items_.front();
        while (item != nullptr && !may(*item)) item = --reach != 0 ? item_list::next(*item) : nullptr;
        if (item != nullptr) {
            items_.unlink(*item);
            pick(*item);
            publish_size();
        }
        if (work_base* following = items_.front()) __builtin_prefetch(following, 1);
        leave(me, fast);
        return item != nullptr ? found::taken : some ? found::elsewhere : found::nothing;
    }

    /// For the worker that calls: appends `item`, behind everything that was pushed before. Returns the items listed
    /// now.
    [[gnu::always_inline]] std::size_t push_local(biased_entry& me, work_base& item) noexcept {
        const bool fast = enter(me);
        fill();
        items_.push_back(item);
        publish_size();
        const std::size_t size = items_.size();
        leave(me, fast);
        return size;
    }

    /// Everybody else: holds the list against its owner and all others. `self`: the caller's entry if it is a worker;
    /// it then need not be kept out of its own list, and keeps the bias.
    void lock(const biased_entry* self = nullptr) noexcept CMWQ_ACQUIRE();
    void unlock() noexcept CMWQ_RELEASE();

    /// Makes the caller the owner that is preferred from now on, unless owners of this list block in their items.
    /// `same_cpu`: the former owner is pinned to the CPU that the caller is pinned to, so the context switch between
    /// them was the fence.
    void adopt(biased_entry& me, bool same_cpu) noexcept;
    /// The owner is gone for good (its thread ends) or moves on to another list.
    void disown(biased_entry& me) noexcept;

    /// The items, inbox included, for whoever locked.
    item_list& take_inbox() noexcept CMWQ_REQUIRES(this) {
        fill();
        publish_size();
        return items_;
    }
    /// The items without the inbox, for whoever locked.
    item_list& held_items() noexcept CMWQ_REQUIRES(this) { return items_; }
    /// To be called after either list was changed.
    void publish_size() noexcept { listed_.store(items_.size(), memory_order_relaxed); }

private:
    /// From the inbox to the list. Announced first: has_work must never say no while items are between the two, or
    /// whoever asks (an enqueuer, a worker or a token that is about to rest) leaves them behind. The size is published
    /// afterwards.
    [[gnu::always_inline]] void fill() noexcept {
        if (!inbox_.looks_empty()) [[unlikely]]
            fill_from_inbox();
    }
    void fill_from_inbox() noexcept;

    bool enter(biased_entry& me) noexcept {
        // sync bias.1: relaxed store; pairs with bias.4, bias.7; the fence between this store and the next load is
        // executed by the revoker, on our behalf (fence_all_threads)
        me.inside.store(true, memory_order_relaxed);
        platform::fence_compiler();
        // Relaxed: the caller stored its own address itself, with the mutex held, which it got from whoever had the
        // list before.
        if (owner_.load(memory_order_relaxed) == &me) [[likely]]
            return true;
        enter_slow(me);
        return false;
    }

    void leave(biased_entry& me, bool fast) noexcept {
        if (!fast) return leave_slow();
        // sync bias.3: release; pairs with bias.4; publishes what the owner did to the list
        me.inside.store(false, memory_order_release);
    }

    void enter_slow(biased_entry& me) noexcept CMWQ_NO_THREAD_SAFETY_ANALYSIS;  // leaves with the mutex held
    void leave_slow() noexcept CMWQ_NO_THREAD_SAFETY_ANALYSIS;
    void revoke(const biased_entry* self, bool same_cpu) noexcept;

    inbox inbox_;                           // on a line of its own: producers write it
    alignas(cache_line) item_list items_;   // L
    atomic<std::size_t> listed_{0};         // written under L, read as a hint
    atomic<biased_entry*> owner_{nullptr};  // A(bias): written under mutex_
    unsigned visits_ = 0;                   // under mutex_: slow entries of one worker in a row
    biased_entry* visitor_ = nullptr;       // under mutex_: that worker
    bool left_biased_ = false;              // under mutex_: owners blocked in items: the bias comes by visits only
    mutex mutex_;
};

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
