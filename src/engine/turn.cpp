// SPDX-License-Identifier: Apache-2.0
#include "engine/turn.hpp"

#include "engine/concurrency.hpp"
#include "engine/execute.hpp"

#include <utility>

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

/// Items that a token runs before it goes to the end of its pool's list, so that other queues have their turn.
constexpr int items_per_turn = 256;
/// Items that a nested seat's token runs while others wait in a seat that it is nested in.
constexpr int items_per_shared_turn = 16;

/// Items that a token passes over, because they may not run where it is, for one behind them that may.
constexpr std::size_t most_passed_over = 64;

enum class turn { done, empty, elsewhere, no_place_left, token_left };

void run_nested_token(worker& me, token& carrier, int& left) noexcept;

/// Under the list's lock: who lowers a limit passes through the lists after that, so that what was enqueued later is
/// popped by nobody who has not seen it.
bool has_lost_its_place(const pool_workqueue& seat) noexcept {
    for (const pool_workqueue* each = &seat; each != nullptr; each = each->parent) {
        if (is_over_its_limit(*each)) return true;
    }
    return false;
}

/// `left`: of the worker's turn; a nested token does not count, what it does counts. `elsewhere`: the seat's items have
/// to run on other CPUs, the first of them on that of `wanted`.
turn run_next(worker& me, token& carrier, place& wanted, int& left) noexcept {
    pool_workqueue& seat = *carrier.seat;
    picked_item picked;
    bool first = true, lost = false;
    // The rule is read while the list is held: see place_seat.
    const auto may = [&](work_base& item) {
        if (first && has_lost_its_place(seat)) [[unlikely]]
            lost = true;
        if (lost) return false;
        const placement* rule = rule_of(seat);
        if (rule == nullptr || rule->allows(home::place_of(item), me.pool->cpu)) [[likely]]
            return true;
        if (std::exchange(first, false)) wanted = home::place_of(item);
        return false;
    };
    const auto pick = [&](work_base& item) { pick_any(me, picked, item); };
    const auto popped = seat.items.pop_if(me.entry, seat.in_order ? 1 : most_passed_over, may, pick);
    if (popped == worklist::found::taken && is_token(*picked.item)) {
        run_nested_token(me, static_cast<token&>(*picked.item), left);
        return turn::done;
    }
    if (lost) return turn::no_place_left;
    --left;
    if (popped == worklist::found::nothing) return turn::empty;
    if (popped == worklist::found::elsewhere) return turn::elsewhere;
    return execute_item(me, picked, &carrier) == executed::token_left ? turn::token_left : turn::done;
}

/// Has a nested seat's token to leave its place to others? One of the seats that it is nested in has lost places, or
/// has other items waiting.
bool has_to_give_way(const pool_workqueue& seat, int done) noexcept {
    for (const pool_workqueue* outer = seat.parent; outer != nullptr; outer = outer->parent) {
        if (is_over_its_limit(*outer)) return true;
        if (done >= items_per_shared_turn && outer->items.has_work()) return true;
    }
    return false;
}

/// `left`: how many items the worker's turn may still have, nested ones included. False: the token has gone. True: the
/// turn is over, and the token has to be sent where the items can run, on the CPU of `wanted` for one.
bool run_turn(worker& me, token& carrier, int& left, place& wanted) noexcept {
    pool_workqueue& seat = *carrier.seat;
    // Several tokens share the list by its mutex: the bias would go back and forth, a fence each time.
    if (seat.limit.load(memory_order_relaxed) == 1) seat.items.adopt(me.entry, false);
    for (int done = 0; left > 0 && !has_to_give_way(seat, done); ++done) {
        if (is_over_its_limit(seat) && retire_token(seat, carrier)) return false;
        const turn what = run_next(me, carrier, wanted, left);
        if (what == turn::no_place_left) continue;
        if (what == turn::elsewhere) break;
        if (what == turn::token_left) return false;  // the worker that it waits for sends it on
        if (what == turn::empty) {
            seat.items.disown(me.entry);
            if (retire_token(seat, carrier)) return false;
        }
        if (is_surplus(me)) {
            me.resumed = true;  // the question is answered once; the worker's loop asks it again
            break;
        }
    }
    return true;
}

/// A token of a nested seat, found in the seat that it is nested in: its items run under the outer token's place.
void run_nested_token(worker& me, token& carrier, int& left) noexcept {
    place wanted = no_place;
    if (!run_turn(me, carrier, left, wanted)) return;
    carrier.seat->items.disown(me.entry);                  // another worker may be the next
    (void)wait_in_parent(*carrier.seat, carrier, wanted);  // our outer token comes by, or is sent to
}

}  // namespace

void run_token(worker& me, token& carrier) noexcept {
    int left = items_per_turn;
    place wanted = no_place;
    if (run_turn(me, carrier, left, wanted)) send_to_pools(*carrier.seat, carrier, wanted);
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
