// SPDX-License-Identifier: Apache-2.0
//
// A doubly linked list of items, and the marks that a listed item carries. Not synchronised: its owner is.
//
// The upper 16 bits of an item's second word say where it is and who waits for it:
//   bit 48   linked      the item is in an item_list
//   bit 49   queue mark  a flush of its queue waits for this instance
//   bit 50   item mark   a flush of this very item waits for this instance
//   bits 52..63  place   the CPU that it was enqueued to, if it is bound to it or to CPUs around it: index plus one;
//                        0: none. (Bit 51 is the timer wheels'.)
#pragma once

#include "engine/engine_access.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

using marks = unsigned;
inline constexpr marks queue_mark = 1, item_mark = 2;
inline constexpr marks limit_mark = 4;  // in notes only: the running item counts against its queue's new limit

/// The CPU that an item is for: its index plus one. Travels with the marks, so that an item that is handed from one
/// list to the next keeps it.
using place = unsigned;
inline constexpr place no_place = 0;
constexpr place place_on(int cpu) noexcept {
    return static_cast<place>(cpu + 1);
}
constexpr int cpu_of(place where) noexcept {
    return static_cast<int>(where) - 1;
}

namespace home {

inline constexpr int shift = 48;
inline constexpr std::uintptr_t prev_bits = (std::uintptr_t{1} << shift) - 1;
inline constexpr std::uintptr_t linked = std::uintptr_t{1} << shift;
inline constexpr int mark_shift = shift + 1;
inline constexpr int place_shift = 52;
inline constexpr std::uintptr_t place_bits = std::uintptr_t{0xfff} << place_shift;
static_assert(platform::topology::max_cpus < 0xfff);
inline constexpr std::uintptr_t mark_bits = std::uintptr_t{3} << mark_shift | place_bits;

inline work_base* prev(work_base& item) noexcept {
    return reinterpret_cast<work_base*>(access::prev_and_home(item) & prev_bits);
}
inline void set_prev(work_base& item, work_base* prev) noexcept {
    std::uintptr_t& both = access::prev_and_home(item);
    both = (both & ~prev_bits) | reinterpret_cast<std::uintptr_t>(prev);
}
inline marks marks_of(work_base& item) noexcept {
    return static_cast<marks>((access::prev_and_home(item) & mark_bits) >> mark_shift);
}
inline place place_of(work_base& item) noexcept {
    return static_cast<place>(access::prev_and_home(item) >> place_shift);
}
/// Of an item that is claimed and in no list. Atomic, because a thread that holds all lists may ask whether it is
/// linked yet.
inline void set_place(work_base& item, place where) noexcept {
    atomic_ref<std::uintptr_t>{access::prev_and_home(item)}.store(std::uintptr_t{where} << place_shift,
                                                                  memory_order_relaxed);
}
/// Is it in a list? For a thread that holds all lists which it may be in.
inline bool is_linked(work_base& item) noexcept {
    return (atomic_ref<std::uintptr_t>{access::prev_and_home(item)}.load(memory_order_relaxed) & linked) != 0;
}
inline void add_marks(work_base& item, marks added) noexcept {
    access::prev_and_home(item) |= std::uintptr_t{added} << mark_shift;
}

}  // namespace home

class item_list {
public:
    bool empty() const noexcept { return head_ == nullptr; }
    /// At least as many as there are; exact when it is empty, and as long as unlink_inside took none away.
    std::size_t size() const noexcept { return size_; }
    work_base* front() const noexcept { return head_; }
    static work_base* next(work_base& item) noexcept { return access::next(item); }

    /// Keeps the item's marks.
    void push_back(work_base& item) noexcept {
        link(item, tail_, nullptr);
        ++size_;
    }
    void push_front(work_base& item) noexcept {
        link(item, nullptr, head_);
        ++size_;
    }

    /// Null when empty. Keeps the item's marks.
    work_base* pop_front() noexcept {
        work_base* item = head_;
        if (item == nullptr) return nullptr;
        head_ = access::next(*item);
        if (head_ != nullptr) {
            home::set_prev(*head_, nullptr);
            --size_;
        } else {
            tail_ = nullptr;
            size_ = 0;
        }
        access::prev_and_home(*item) &= home::mark_bits;
        return item;
    }

    void unlink(work_base& item) noexcept {
        work_base* before = home::prev(item);
        work_base* after = access::next(item);
        (before != nullptr ? access::next(*before) : head_) = after;
        if (after != nullptr) {
            home::set_prev(*after, before);
        } else {
            tail_ = before;
        }
        access::prev_and_home(item) &= home::mark_bits;
        size_ = head_ != nullptr ? size_ - 1 : 0;
    }

    /// Unlinks an item with neighbours on both sides, from whatever list it is in: the caller holds all that it can be
    /// in. False: it is the first or the last one. The list's size stays too high by one until the list is empty,
    /// because which list it is would take a walk to its end to find out.
    static bool unlink_inside(work_base& item) noexcept {
        work_base* before = home::prev(item);
        work_base* after = access::next(item);
        if (before == nullptr || after == nullptr) return false;
        access::next(*before) = after;
        home::set_prev(*after, before);
        access::prev_and_home(item) &= home::mark_bits;
        return true;
    }
    bool ends_with(const work_base& item) const noexcept { return head_ == &item || tail_ == &item; }

    /// Moves all of `other` behind our own. O(1).
    void append(item_list& other) noexcept {
        if (other.empty()) return;
        if (empty()) {
            head_ = other.head_;
        } else {
            access::next(*tail_) = other.head_;
            home::set_prev(*other.head_, tail_);
        }
        tail_ = other.tail_;
        size_ += other.size_;
        other = item_list{};
    }

    /// Cuts out at most `count` of the first `reach` items, those for which `may(item)` says so, oldest first.
    /// O(reach).
    template <class May>
    item_list split_if(std::size_t count, std::size_t reach, May may) noexcept {
        item_list cut;
        for (work_base* item = head_; item != nullptr && cut.size_ < count && reach != 0; --reach) {
            work_base* following = access::next(*item);
            if (may(*item)) {
                unlink(*item);
                cut.push_back(*item);
            }
            item = following;
        }
        return cut;
    }

    /// Cuts off the first `count` items, oldest first. O(count).
    item_list split_front(std::size_t count) noexcept {
        if (count >= size_) {
            item_list all = *this;
            *this = item_list{};
            return all;
        }
        item_list cut;
        if (count == 0) return cut;
        work_base* last = head_;
        for (std::size_t step = 1; step < count && last != tail_; ++step) last = access::next(*last);
        if (last == tail_) {  // fewer than the size says
            cut = *this;
            *this = item_list{};
            return cut;
        }
        cut.head_ = head_;
        cut.tail_ = last;
        cut.size_ = count;
        head_ = access::next(*last);
        size_ -= count;
        home::set_prev(*head_, nullptr);
        access::next(*last) = nullptr;
        return cut;
    }

private:
    void link(work_base& item, work_base* before, work_base* after) noexcept {
        access::next(item) = after;
        access::prev_and_home(item) =
            (access::prev_and_home(item) & home::mark_bits) | home::linked | reinterpret_cast<std::uintptr_t>(before);
        (before != nullptr ? access::next(*before) : head_) = &item;
        if (after != nullptr) {
            home::set_prev(*after, &item);
        } else {
            tail_ = &item;
        }
    }

    work_base* head_ = nullptr;
    work_base* tail_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
