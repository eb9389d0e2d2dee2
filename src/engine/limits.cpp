// SPDX-License-Identifier: Apache-2.0
#include "engine/limits.hpp"

#include "engine/attributes.hpp"
#include "engine/collision.hpp"
#include "engine/held_lists.hpp"
#include "engine/misuse.hpp"
#include "engine/nesting.hpp"
#include "engine/note.hpp"
#include "engine/runtime_state.hpp"
#include "engine/seats.hpp"
#include "engine/stand_in.hpp"

#include <cmwq/freeze.hpp>

#include <algorithm>
#include <utility>

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

pool_workqueue& seat_of(cmwq_queue& wq, const worker_pool* pool) noexcept {
    pool_workqueue* first = wq.first_seat();
    return pool == nullptr ? *first : wq.seat_on(first, pool->cpu);
}

template <class Visit>
void for_each_seat(cmwq_queue& wq, Visit visit) noexcept {
    pool_workqueue* first = wq.first_seat();
    for (int seat = 0; first != nullptr && seat < wq.nr_seats; ++seat) visit(first[seat]);
}

/// Under setup_lock; filling the places follows without it.
bool apply_limit(cmwq_queue& wq) noexcept {
    bool all = true;
    int index = 0;
    for_each_seat(wq, [&](pool_workqueue& seat) { all = change_limit(seat, places_of(wq, index++)) && all; });
    return all;
}

/// The same for the queues that are nested in it, too.
bool apply_limit_to_family(cmwq_queue& wq) noexcept {
    bool all = apply_limit(wq);
    for_each_nested(wq, [&](cmwq_queue& nested) {
        all = apply_limit(nested) && all;
        nested.to_be_filled = true;
    });
    return all;
}

// ---- a queue's first limit: its items are in the pools, and some of them run ----

/// The queue's items, out of one pool's list. Held.
item_list take_items_of(item_list& items, queue_id id) noexcept {
    item_list taken;
    for (work_base* item = items.front(); item != nullptr;) {
        work_base* next = item_list::next(*item);
        if (!is_token(*item) && queue_of_word(word_of(*item)) == id) {
            items.unlink(*item);
            taken.push_back(*item);
        }
        item = next;
    }
    return taken;
}

/// From the pools to the seats, in front of what came to the seats meanwhile. All held.
void move_waiting_items(cmwq_queue& wq) noexcept CMWQ_NO_THREAD_SAFETY_ANALYSIS {
    for (int cpu = wq.scope->nr_pools; cpu-- > 0;) {
        worklist& from = wq.scope->pools[cpu].list;
        worklist& to = seat_of(wq, &wq.scope->pools[cpu]).items;
        item_list moved = take_items_of(from.take_inbox(), wq.id);
        from.publish_size();
        moved.append(to.take_inbox());
        to.held_items() = std::exchange(moved, {});
        to.publish_size();
    }
}

/// The items that run already count against the limit until they end. Held, so none of them can be handed on.
void count_running_items(cmwq_queue& wq) noexcept {
    registry& all = registry::instance();
    all.for_each_worker([&](worker& other) {
        const std::uint64_t number = other.item_number.load(memory_order_relaxed);
        other.noted_number = 0;
        // sync limit.3: acquire; pairs with collision.2; the queue below is that of this item or of a later one
        if (other.current.load(memory_order_acquire) == nullptr) return;
        if (other.current_queue.load(memory_order_relaxed) != wq.id || number == 0) return;
        other.noted_seat = &seat_of(wq, other.counted_pool.load(memory_order_relaxed));
        take_place(*other.noted_seat);
        leave_note(other, number, limit_mark);
        other.noted_number = number;
    });
    platform::fence_all_threads();  // sync note.9: fence_all_threads; pairs with note.2; as note.7
    all.for_each_worker([&](worker& other) {
        const std::uint64_t number = other.noted_number;
        if (number == 0 || note_arrived(other, number) || !withdraw_note(other, number, limit_mark)) return;
        give_back_place(*other.noted_seat);  // sends nobody: the limit is still none
    });
}

/// Under setup_lock. The seats are opened without a place, so that nothing starts while the old items are counted.
bool limit_for_the_first_time(cmwq_queue& wq) noexcept {
    if (!open_seats(wq, seats_start::without_places)) return false;
    held_lists held{wq, this_worker_slot()};
    held.for_each([](item_list&) {});
    move_waiting_items(wq);
    count_running_items(wq);
    return true;
}

/// Under setup_lock. False: it needs some, and there is no memory.
bool has_seats_by_now(cmwq_queue& wq) noexcept {
    return wq.first_seat() != nullptr || !needs_seats(wq) || limit_for_the_first_time(wq);
}

/// Under setup_lock.
void set_range(cmwq_queue& wq, active_range range) noexcept {
    wq.max_active = *range.most;
    wq.min_active = std::min(*range.least, *range.most);
}

/// Under setup_lock: the rule of `wq` holds for what is nested in it too.
void place_family(cmwq_queue& wq) noexcept {
    for_each_seat(wq, [&](pool_workqueue& seat) { place_seat(seat, placement_of(wq)); });
    for_each_nested(wq, [&](cmwq_queue& nested) {
        nested.where = wq.where;
        for_each_seat(nested, [&](pool_workqueue& seat) { place_seat(seat, placement_of(wq)); });
    });
}

template <class Visit>
void for_each_freezable_queue(runtime_state& runtime, Visit visit) noexcept {
    const auto visit_if = [&](cmwq_queue& wq) {
        if (wq.freezable) visit(wq);
    };
    for_each_queue(runtime, visit_if);
}

/// A queue whose places are to be filled, pinned; or null.
cmwq_queue* next_to_fill(runtime_state& runtime) noexcept {
    locked hold{runtime.setup_lock};
    cmwq_queue* found = nullptr;
    for_each_queue(runtime, [&](cmwq_queue& wq) {
        if (found == nullptr && std::exchange(wq.to_be_filled, false)) found = registry::instance().pin_queue(wq.id);
    });
    return found;
}

/// Not under setup_lock: who is woken for an item may have to be made first, or the watchdog to be started.
void fill(cmwq_queue& wq) noexcept {
    for_each_seat(wq, [](pool_workqueue& seat) { fill_places(seat); });
}

void fill_all(runtime_state& runtime) noexcept {
    while (cmwq_queue* wq = next_to_fill(runtime)) {
        fill(*wq);
        registry::instance().unpin_queue(*wq);
    }
}

void fill_family(cmwq_queue& wq) noexcept {
    fill(wq);
    if (has_children(wq)) fill_all(*wq.runtime);
}

/// Under setup_lock; fill_family follows without it. False: no memory, and the rule stays.
bool place_queue(cmwq_queue& wq) noexcept {
    const placement* const former = wq.where;
    const bool done = find_placement(wq) && has_seats_by_now(wq) && apply_limit_to_family(wq);
    if (!done) {
        wq.where = former;
        (void)apply_limit_to_family(wq);  // for this one the tokens are there
    }
    place_family(wq);
    return done;
}

/// Each limit needs no token that was not there before.
void set_frozen(runtime_state& runtime, bool frozen) noexcept {
    locked hold{runtime.setup_lock};
    runtime.frozen = frozen;
    for_each_freezable_queue(runtime, [&](cmwq_queue& wq) {
        (void)apply_limit(wq);
        wq.to_be_filled = !frozen;
    });
    if (!frozen) return;
    // Of all queues: one that does not freeze may be nested in one that does.
    for_each_queue(runtime, [](cmwq_queue& wq) { for_each_seat(wq, pass_through_list); });
}

/// Of a frozen queue in order: its first item still runs, on another queue perhaps, and the token waits for that. It
/// will wait for the thaw anyhow, and nothing of this queue runs.
void call_back_left_token(pool_workqueue& seat) noexcept {
    if (!seat.in_order || is_quiet(seat)) return;
    token* carrier = nullptr;
    {
        locked hold{registry::instance().collide_lock};
        carrier = take_left_token(seat, nullptr);
    }
    if (carrier != nullptr) send_on_token(*carrier);
}

}  // namespace

unsigned checked_max_active(int asked) noexcept {
    if (asked == 0) return default_max_active;
    return static_cast<unsigned>(std::clamp(asked, 1, static_cast<int>(most_max_active)));
}

bool set_active(cmwq_queue& wq, active_range wanted) noexcept {
    if (!make_ready(wq)) return false;
    bool done = false;
    {
        locked hold{wq.runtime->setup_lock};
        const active_range former{wq.max_active, wq.min_active};
        set_range(wq, {wanted.most.value_or(wq.max_active), wanted.least.value_or(wq.min_active)});
        done = has_seats_by_now(wq) && apply_limit_to_family(wq);
        if (!done) {
            set_range(wq, former);
            (void)apply_limit_to_family(wq);  // for this one the tokens are there
        }
    }
    fill_family(wq);
    return done;
}

bool set_attributes(cmwq_queue& wq, const attributes& wanted) noexcept {
    bool done = false;
    {
        locked hold{wq.runtime->setup_lock};
        const attributes former = std::exchange(wq.asked, wanted);
        done = place_queue(wq);
        if (!done) wq.asked = former;
    }
    fill_family(wq);
    return done;
}

bool make_parent(cmwq_queue& wq) noexcept {
    if (!make_ready(wq)) return false;
    {
        locked hold{wq.runtime->setup_lock};
        if (wq.first_seat() != nullptr) return true;
        if (!limit_for_the_first_time(wq)) return false;
        (void)apply_limit(wq);  // the tokens are there
    }
    fill(wq);
    return true;
}

bool place_queues(runtime_state& runtime) noexcept {
    bool all = true;
    {
        locked hold{runtime.setup_lock};
        for_each_queue(runtime, [&](cmwq_queue& wq) {
            if ((wq.state.load(memory_order_relaxed) & cmwq_queue::ready) == 0) return;
            if (wq.parent != nullptr) return;  // follows its parent
            const placement* const former = wq.where;
            all = place_queue(wq) && all;
            wq.to_be_filled = wq.to_be_filled || wq.where != former || wq.per_node;
        });
    }
    fill_all(runtime);
    return all;
}

void refresh_queue(cmwq_queue& wq) noexcept {
    // The tokens are there; but if its parent has got more places meanwhile it may have to do with what it has. Should
    // a rule need memory that is not there, it stays as it was.
    (void)place_queue(wq);
}

void freeze(runtime_state& runtime) noexcept {
    set_frozen(runtime, true);
}

void thaw(runtime_state& runtime) noexcept {
    set_frozen(runtime, false);
    fill_all(runtime);
}

bool frozen(runtime_state& runtime) noexcept {
    look_for_watchdogs_if_needed();
    locked hold{runtime.setup_lock};
    bool quiet = runtime.frozen;
    if (!quiet) return false;
    for_each_freezable_queue(runtime, [&](cmwq_queue& wq) {
        // Its tokens may be out and wait for the parent's thaw; what they run is out at the parent's seat.
        if (is_nested_in_freezable(wq)) return;
        for_each_seat(wq, [&](pool_workqueue& seat) {
            call_back_left_token(seat);
            quiet = quiet && is_quiet(seat);
        });
    });
    return quiet;
}

}  // namespace engine

bool queue::set_max_active(int max_active, call_site where) noexcept {
    cmwq_queue& wq = engine::as_engine(*this);
    if (wq.one_at_a_time) {
        engine::report({misuse_code::max_active_of_ordered_queue, nullptr, &wq, where});
        return false;
    }
    if (max_active < 0 || max_active > static_cast<int>(engine::most_max_active)) {
        engine::report({misuse_code::max_active_out_of_range, nullptr, &wq, where});
    }
    return engine::set_active(wq, {.most = engine::checked_max_active(max_active)});
}

bool queue::set_min_active(int min_active, call_site where) noexcept {
    cmwq_queue& wq = engine::as_engine(*this);
    if (!engine::make_ready(wq)) return false;
    if (wq.one_at_a_time || wq.binds_to_cpu()) {
        engine::report({misuse_code::queue_without_min_active, nullptr, &wq, where});
        return false;
    }
    return engine::set_active(wq, {.least = static_cast<unsigned>(std::max(min_active, 0))});
}

void runtime::freeze() noexcept {
    engine::freeze(*impl_);
}

bool runtime::frozen() noexcept {
    return engine::frozen(*impl_);
}

void runtime::thaw() noexcept {
    engine::thaw(*impl_);
}

void freeze() noexcept {
    runtime::standard().freeze();
}

bool frozen() noexcept {
    return runtime::standard().frozen();
}

void thaw() noexcept {
    runtime::standard().thaw();
}

}  // namespace v1
}  // namespace cmwq
