// SPDX-License-Identifier: Apache-2.0
//
// A hierarchical timing wheel (Varghese and Lauck, 1987): arm and remove in O(1), whatever the number of armed items
// and however far away their time is. Not synchronised: its owner is. Why this shape: docs/adr/0013-timer-wheels.md.
//
// Eight levels of 64 slots: a slot of level n is 2^(15 + 6n) nanoseconds wide, so the levels reach from 33 microseconds
// to the end of the clock, 292 years. An item goes to the level of the highest digit in which its time differs from the
// wheel's; so every item of a level is due before every item of the next one, and the first occupied slot of the lowest
// occupied level holds the earliest. Each slot knows its earliest time, and each item its exact one: nobody wakes to
// move items down, and nothing is rounded.
//
// An armed item is in no list, so the wheel uses its links: next_ is the next item of the slot, and the second word
// holds the address of the pointer that points to the item, and bit 51, "in a wheel".
#pragma once

#include "engine/engine_access.hpp"

#include <bit>
#include <cstdint>

namespace cmwq {
inline namespace v1 {
namespace engine {

/// Nanoseconds on platform::now()'s clock. Zero means never, so that an object without any is all zeros.
using instant = std::uint64_t;
inline constexpr instant never = 0;
inline constexpr instant last_instant = ~std::uint64_t{0} >> 1;

/// `never` comes after everything.
constexpr bool earlier(instant a, instant b) noexcept {
    return a - 1 < b - 1;
}

class timer_wheel {
public:
    constexpr timer_wheel() noexcept = default;
    timer_wheel(const timer_wheel&) = delete;
    timer_wheel& operator=(const timer_wheel&) = delete;

    /// An empty wheel's clock is set; it goes on with collect_due.
    void start_at(instant now) noexcept { current_ = now >> tick_bits; }

    /// A time at or after which something may be due, and before which nothing is. Removing items does not move it.
    instant earliest() const noexcept;

    /// Arms a claimed item that is in no list, for the time in its timer part.
    void insert(work_base& item) noexcept;
    /// Takes an armed item out.
    void remove(work_base& item) noexcept;
    static bool contains(work_base& item) noexcept { return (access::prev_and_home(item) & in_wheel) != 0; }

    /// Sets aside what is due at `now`, in the order of its times; those of one time in the order of arming. To be
    /// called when everything that was set aside before has been popped. The items stay in the wheel until they are
    /// popped.
    void collect_due(instant now) noexcept;
    /// The time of the first item set aside.
    instant first_due() const noexcept;
    /// Null when there is none.
    work_base* pop_due() noexcept { return pop(due_); }

    /// Moves every armed item for which `choose(item)` says so to a list of the caller's, which must stay where it is
    /// until they are popped or removed: they still count as being in the wheel. For rare, slow operations.
    template <class Choose>
    void gather(work_base*& to, Choose choose) noexcept;
    /// Takes the first item out of such a list. Null when there is none.
    static work_base* pop(work_base*& from) noexcept {
        work_base* item = from;
        if (item != nullptr) unlink(*item);
        return item;
    }

private:
    static constexpr int tick_bits = 15, level_bits = 6;
    static constexpr unsigned nr_levels = 8, slots_per_level = 1u << level_bits;
    static constexpr std::uintptr_t in_wheel = std::uintptr_t{1} << 51;
    static constexpr std::uintptr_t address_bits = (std::uintptr_t{1} << 48) - 1;
    using ticks = std::uint64_t;

    struct slot {
        work_base* first;
        instant earliest;  // of those that were inserted since it was empty
    };
    struct place {
        unsigned level, index;
    };

    static void link(work_base*& at, work_base& item) noexcept;
    static void unlink(work_base& item) noexcept;
    slot& slot_at(place where) noexcept { return slots_[where.level][where.index]; }
    bool first_occupied(place& where) const noexcept;
    ticks start_of(place where) const noexcept;
    work_base* take_slot(place where) noexcept;
    void set_aside(work_base* due) noexcept;

    template <class Choose>
    void move_from(work_base* first, work_base*& to, Choose choose) noexcept;

    ticks current_ = 0;                       // everything before it is set aside or gone
    work_base* due_ = nullptr;                // set aside, sorted
    std::uint64_t occupied_[nr_levels] = {};  // a bit per slot
    slot slots_[nr_levels][slots_per_level] = {};
};

inline void timer_wheel::link(work_base*& at, work_base& item) noexcept {
    work_base* next = at;
    access::next(item) = next;
    access::prev_and_home(item) = in_wheel | reinterpret_cast<std::uintptr_t>(&at);
    if (next != nullptr) {
        access::prev_and_home(*next) = in_wheel | reinterpret_cast<std::uintptr_t>(&access::next(item));
    }
    at = &item;
}

inline void timer_wheel::insert(work_base& item) noexcept {
    const instant due = access::timer(item).due;
    // What is due already goes where the wheel looks first.
    const ticks tick = due >> tick_bits > current_ ? due >> tick_bits : current_;
    const auto differing = static_cast<unsigned>(std::bit_width(tick ^ current_));
    const unsigned level = differing == 0 ? 0 : (differing - 1) / level_bits;
    const unsigned index = (tick >> (level * level_bits)) % slots_per_level;
    slot& to = slots_[level][index];
    if (to.first == nullptr) {
        occupied_[level] |= std::uint64_t{1} << index;
        to.earliest = due;
    } else if (due < to.earliest) {
        to.earliest = due;
    }
    link(to.first, item);
}

template <class Choose>
void timer_wheel::move_from(work_base* first, work_base*& to, Choose choose) noexcept {
    while (first != nullptr) {
        work_base* next = access::next(*first);
        if (choose(*first)) {
            remove(*first);
            link(to, *first);
        }
        first = next;
    }
}

template <class Choose>
void timer_wheel::gather(work_base*& to, Choose choose) noexcept {
    move_from(due_, to, choose);
    for (auto& level : slots_) {
        for (slot& one : level) move_from(one.first, to, choose);
    }
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
