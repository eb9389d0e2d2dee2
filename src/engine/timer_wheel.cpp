// SPDX-License-Identifier: Apache-2.0
#include "engine/timer_wheel.hpp"

#include <bit>

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

instant due_time(work_base& item) noexcept {
    return access::timer(item).due;
}

/// A list linked by next_, taken from its front and grown at its end.
struct chain {
    work_base* first = nullptr;
    work_base** end = &first;

    void append(work_base& item) noexcept {
        *end = &item;
        end = &access::next(item);
    }
};

/// Merges two sorted lists; of equal times, those of `a` first.
work_base* merge(work_base* a, work_base* b) noexcept {
    chain merged;
    while (a != nullptr && b != nullptr) {
        work_base*& smaller = due_time(*b) < due_time(*a) ? b : a;
        work_base* item = smaller;
        smaller = access::next(*item);
        merged.append(*item);
    }
    *merged.end = a != nullptr ? a : b;
    return merged.first;
}

/// Sorts by time; items of one time stay in their order. Bottom-up merge sort: no memory, O(n log n), and O(n) pieces
/// are merged with pieces of their own size.
work_base* sort(work_base* items) noexcept {
    work_base* sorted[64] = {};  // sorted[i]: null, or 2^i items that came before those in sorted[i - 1]
    while (items != nullptr) {
        work_base* piece = items;
        items = access::next(*items);
        access::next(*piece) = nullptr;
        int i = 0;
        for (; sorted[i] != nullptr; ++i) {
            piece = merge(sorted[i], piece);
            sorted[i] = nullptr;
        }
        sorted[i] = piece;
    }
    work_base* all = nullptr;
    for (work_base* piece : sorted) {
        if (piece != nullptr) all = merge(piece, all);
    }
    return all;
}

work_base* reversed(work_base* items) noexcept {
    work_base* turned = nullptr;
    while (items != nullptr) {
        work_base* next = access::next(*items);
        access::next(*items) = turned;
        turned = items;
        items = next;
    }
    return turned;
}

}  // namespace

void timer_wheel::unlink(work_base& item) noexcept {
    const std::uintptr_t at = access::prev_and_home(item) & address_bits;
    work_base* next = access::next(item);
    *reinterpret_cast<work_base**>(at) = next;
    if (next != nullptr) access::prev_and_home(*next) = in_wheel | at;
    access::prev_and_home(item) = 0;
}

void timer_wheel::remove(work_base& item) noexcept {
    const std::uintptr_t at = access::prev_and_home(item) & address_bits;
    unlink(item);
    // The first one of a slot: the slot may be empty now. Everything else is pointed to by another item, or is due.
    const std::uintptr_t offset = at - reinterpret_cast<std::uintptr_t>(&slots_);
    if (offset >= sizeof slots_) return;
    const std::size_t number = offset / sizeof(slot);
    const place where{static_cast<unsigned>(number / slots_per_level), static_cast<unsigned>(number % slots_per_level)};
    if (slot_at(where).first == nullptr) occupied_[where.level] &= ~(std::uint64_t{1} << where.index);
}

bool timer_wheel::first_occupied(place& where) const noexcept {
    for (unsigned level = 0; level < nr_levels; ++level) {
        if (occupied_[level] == 0) continue;
        where = {level, static_cast<unsigned>(std::countr_zero(occupied_[level]))};
        return true;
    }
    return false;
}

timer_wheel::ticks timer_wheel::start_of(place where) const noexcept {
    const unsigned shift = where.level * level_bits;
    const ticks above = (current_ >> shift) & ~ticks{slots_per_level - 1};
    return (above | where.index) << shift;
}

instant timer_wheel::earliest() const noexcept {
    if (due_ != nullptr) return first_due();
    place where{};
    return first_occupied(where) ? slots_[where.level][where.index].earliest : never;
}

/// The items of a slot, oldest first, as a plain list.
work_base* timer_wheel::take_slot(place where) noexcept {
    occupied_[where.level] &= ~(std::uint64_t{1} << where.index);
    work_base* items = slot_at(where).first;
    slot_at(where).first = nullptr;
    return reversed(items);
}

void timer_wheel::collect_due(instant now) noexcept {
    const ticks until = now >> tick_bits;
    chain due, later;
    place where{};
    while (first_occupied(where)) {
        const ticks start = start_of(where);
        if (start > until) break;
        current_ = start;
        for (work_base* item = take_slot(where); item != nullptr;) {
            work_base* next = access::next(*item);
            (due_time(*item) <= now ? due : later).append(*item);
            item = next;
        }
    }
    // Nothing is left that starts before: those in the slots keep their level and index in relation to the new time.
    if (until > current_) current_ = until;
    *due.end = nullptr;
    *later.end = nullptr;
    for (work_base* item = later.first; item != nullptr;) {
        work_base* next = access::next(*item);
        insert(*item);
        item = next;
    }
    set_aside(sort(due.first));
}

/// Linked like a slot, so that an item that is due can still be removed.
void timer_wheel::set_aside(work_base* due) noexcept {
    for (work_base** at = &due_; due != nullptr;) {
        work_base* next = access::next(*due);
        link(*at, *due);
        at = &access::next(*due);
        due = next;
    }
}

instant timer_wheel::first_due() const noexcept {
    return due_ != nullptr ? due_time(*due_) : never;
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
