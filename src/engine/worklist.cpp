// SPDX-License-Identifier: Apache-2.0
#include "engine/worklist.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

/// A worker that came the slow way this often in a row, with nobody else in between, gets the bias: so a burst of
/// steals or flushes pays one revocation, not one for each.
constexpr unsigned visits_for_bias = 64;

bool bias_usable() noexcept {
    return platform::has_fence_all_threads();
}

}  // namespace

[[gnu::hot]] void worklist::fill_from_inbox() noexcept {
    // Published by inbox.2: who finds the inbox empty because of it finds this.
    listed_.store(items_.size() + 1, memory_order_relaxed);
    inbox_.take_all(items_);
}

void worklist::revoke(const biased_entry* self, bool same_cpu) noexcept {
    biased_entry* former = owner_.load(memory_order_relaxed);
    if (former == nullptr || former == self) return;
    owner_.store(nullptr, memory_order_relaxed);
    // sync bias.7: fence_all_threads; pairs with bias.1; the owner's store of `inside` and its load of the owner, on
    // its behalf
    if (!same_cpu) platform::fence_all_threads();
    // sync bias.4: acquire; pairs with bias.1, bias.3, bias.8; either the owner saw that it no longer is, or
    // we see it inside and wait some ten instructions. Without the fence above both could miss the other and walk the
    // list at once.
    while (former->inside.load(memory_order_acquire)) platform::yield();
}

void worklist::lock(const biased_entry* self) noexcept {
    mutex_.lock();
    revoke(self, false);
    visitor_ = nullptr;
}

void worklist::unlock() noexcept {
    mutex_.unlock();
}

[[gnu::hot]] void worklist::enter_slow(biased_entry& me) noexcept {
    // sync bias.8: release; pairs with bias.4; before the wait: whoever holds the mutex may be waiting for us. Release
    // although nothing was done inside: whoever revokes our bias of another list reads this store instead of bias.3's,
    // and must see what we did to that list.
    me.inside.store(false, memory_order_release);
    mutex_.lock();
    visits_ = visitor_ == &me ? visits_ + 1 : 0;
    visitor_ = &me;
    // A worker that is not the owner still has to keep the owner out.
    revoke(&me, false);
    if (visits_ < visits_for_bias || !bias_usable()) return;
    // We are inside by way of the mutex, which we hold until we leave: the new owner is ourselves.
    owner_.store(&me, memory_order_relaxed);
    left_biased_ = false;
}

[[gnu::hot]] void worklist::leave_slow() noexcept {
    mutex_.unlock();
}

[[gnu::hot]] void worklist::adopt(biased_entry& me, bool same_cpu) noexcept {
    biased_entry* const former = owner_.load(memory_order_relaxed);
    if (former == &me || !bias_usable()) return;
    mutex_.lock();
    revoke(&me, same_cpu);
    // An owner that is still there blocks in its item. Where workers block one after the other, each would pay a fence
    // in all threads for the next one, so none has the bias until one has come often enough.
    left_biased_ = left_biased_ || former != nullptr;
    if (!left_biased_) owner_.store(&me, memory_order_relaxed);
    mutex_.unlock();
}

[[gnu::hot]] void worklist::disown(biased_entry& me) noexcept {
    mutex_.lock();
    if (owner_.load(memory_order_relaxed) == &me) owner_.store(nullptr, memory_order_relaxed);
    if (visitor_ == &me) visitor_ = nullptr;
    mutex_.unlock();
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
