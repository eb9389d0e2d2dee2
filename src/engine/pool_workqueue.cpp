// SPDX-License-Identifier: Apache-2.0
#include "engine/pool_workqueue.hpp"

#include "engine/concurrency.hpp"
#include "engine/execute.hpp"
#include "engine/memory.hpp"
#include "engine/wait.hpp"

#include <utility>

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

/// Items that a token runs before it goes to the end of its pool's list, so that other queues have their turn.
constexpr unsigned items_per_turn = 256;

[[noreturn]] void token_is_no_item(work_base*) {
    __builtin_trap();  // tokens go to run_token, never through their class
}
void token_is_never_dropped(work_base*) noexcept {
    __builtin_trap();
}

/// Under tokens_lock: a place is free.
void one_in(pool_workqueue& seat) noexcept {
    --seat.nr_out;
    // sync tokens.1: seq_cst read-modify-write; pairs with tokens.2; after it the seat is looked at once more: an
    // enqueuer either saw the free place and sends a token, or pushed before this and is seen by that look
    seat.nr_free.fetch_add(1, memory_order_seq_cst);
    platform::fence_after_rmw();
}

/// Under tokens_lock.
void one_out(pool_workqueue& seat) noexcept {
    ++seat.nr_out;
    seat.nr_free.fetch_sub(1, memory_order_relaxed);
}

/// Under tokens_lock.
void push_idle_token(pool_workqueue& seat, token& carrier) noexcept {
    carrier.next_idle = seat.idle_tokens;
    seat.idle_tokens = &carrier;
}

/// Under tokens_lock. Null: as many are out as may be.
token* pop_idle_token(pool_workqueue& seat) noexcept {
    if (seat.nr_free.load(memory_order_relaxed) <= 0) return nullptr;
    token* taken = seat.idle_tokens;
    if (taken == nullptr) return nullptr;
    seat.idle_tokens = taken->next_idle;
    one_out(seat);
    return taken;
}

/// Under tokens_lock.
void tell_closer(pool_workqueue& seat) noexcept {
    if (seat.nr_out == 0 && seat.closing != nullptr) seat.closing->unpark();
}

/// False: an item came in meanwhile and there is a place for it, the token goes on. All of it under the lock: whoever
/// closes the seat takes the lock after the last token is idle, and only then frees what this touches.
bool retire_token(pool_workqueue& seat, token& carrier) noexcept {
    locked hold{seat.tokens_lock};
    push_idle_token(seat, carrier);
    one_in(seat);
    if (seat.items.has_work() && pop_idle_token(seat) != nullptr) return false;  // the stack's top: the same one
    tell_closer(seat);
    return true;
}

token* take_idle_token(pool_workqueue& seat) noexcept {
    locked hold{seat.tokens_lock};
    return pop_idle_token(seat);
}

/// Under tokens_lock: enough tokens for the limit.
bool make_tokens(pool_workqueue& seat, unsigned wanted) noexcept {
    if (seat.nr_tokens >= wanted) return true;
    auto* block = create<token_block>();
    if (block == nullptr) return false;
    block->count = wanted - seat.nr_tokens;
    block->tokens = create_array<token>(block->count);
    if (block->tokens == nullptr) {
        destroy(block);
        return false;
    }
    for (unsigned i = 0; i < block->count; ++i) {
        block->tokens[i].seat = &seat;
        push_idle_token(seat, block->tokens[i]);
    }
    block->next = seat.blocks;
    seat.blocks = block;
    seat.nr_tokens = wanted;
    return true;
}

/// Under tokens_lock.
void free_tokens(pool_workqueue& seat) noexcept {
    while (token_block* block = seat.blocks) {
        seat.blocks = block->next;
        destroy_array(block->tokens, block->count);
        destroy(block);
    }
    seat.idle_tokens = nullptr;
    seat.nr_tokens = 0;
}

std::size_t nr_waiting(pool_workqueue& seat) noexcept CMWQ_NO_THREAD_SAFETY_ANALYSIS {
    const worker* self = this_worker_slot();
    seat.items.lock(self != nullptr ? &self->entry : nullptr);
    const std::size_t count = seat.items.take_inbox().size();
    seat.items.unlock();
    return count;
}

const placement* rule_of(const pool_workqueue& seat) noexcept {
    // sync placement.1: acquire; pairs with placement.2; sees the placement as it was made
    return seat.where.load(memory_order_acquire);
}

/// Items that a token passes over, because they may not run where it is, for one behind them that may.
constexpr std::size_t most_passed_over = 64;

enum class turn { done, empty, elsewhere, token_left };

/// `elsewhere`: its items have to run on other CPUs, the first of them on that of `wanted`.
turn run_next(worker& me, token& carrier, place& wanted) noexcept {
    pool_workqueue& seat = *carrier.seat;
    picked_item picked;
    bool first = true;
    // The rule is read while the list is held: see place_seat.
    const auto may = [&](work_base& item) {
        const placement* rule = rule_of(seat);
        if (rule == nullptr || rule->allows(home::place_of(item), me.pool->cpu)) [[likely]]
            return true;
        if (std::exchange(first, false)) wanted = home::place_of(item);
        return false;
    };
    const auto pick = [&](work_base& item) { pick_item(me, picked, item); };
    const auto popped = seat.items.pop_if(me.entry, seat.in_order ? 1 : most_passed_over, may, pick);
    if (popped == worklist::found::nothing) return turn::empty;
    if (popped == worklist::found::elsewhere) return turn::elsewhere;
    return execute_item(me, picked, &carrier) == executed::token_left ? turn::token_left : turn::done;
}

/// The token may be back, and the seat closed, when this returns.
void send(pool_workqueue& seat, token& carrier, place wanted) noexcept {
    pool_scope& scope = *seat.scope;
    const place start = start_of_token(seat, wanted);
    if (start == no_place) return enqueue_to_scope(scope, carrier);
    home::set_place(carrier, start);
    enqueue_to_place(scope.pools[cpu_of(start)], carrier);
}

}  // namespace

constinit const work_class token_class{token_is_no_item, token_is_never_dropped, "cmwq::token"};

constinit const placement exact_placement{};

place start_of_token(const pool_workqueue& seat, place wanted) noexcept {
    const placement* rule = rule_of(seat);
    return rule != nullptr ? rule->start_for(wanted, platform::current_cpu()) : no_place;
}

bool has_rule(const pool_workqueue& seat) noexcept {
    return rule_of(seat) != nullptr;
}

bool may_run_on(work_base& item, int cpu) noexcept {
    const place wanted = home::place_of(item);
    if (wanted == no_place) return true;
    if (!is_token(item)) return wanted == place_on(cpu);
    const placement* rule = rule_of(*static_cast<token&>(item).seat);
    return rule == nullptr || rule->allows(wanted, cpu);
}

void place_seat(pool_workqueue& seat, const placement* where) noexcept CMWQ_NO_THREAD_SAFETY_ANALYSIS {
    // sync placement.2: release; pairs with placement.1; publishes the placement
    seat.where.store(where, memory_order_release);
    // Whoever read the former one under the list's lock has popped its item when this has the lock.
    const worker* self = this_worker_slot();
    seat.items.lock(self != nullptr ? &self->entry : nullptr);
    seat.items.unlock();
}

bool open_seat(pool_workqueue& seat, pool_scope& scope, seat_places places, bool in_order,
               const placement* where) noexcept {
    seat.scope = &scope;
    seat.where.store(where, memory_order_relaxed);
    seat.in_order = in_order;
    if (change_limit(seat, places)) return true;
    seat.scope = nullptr;
    return false;
}

void renew_seat(pool_workqueue& seat) noexcept {
    free_tokens(seat);
    new (&seat) pool_workqueue;
}

void close_seat(pool_workqueue& seat) noexcept {
    if (seat.scope == nullptr) return;
    platform::parker nothing_out;
    seat.tokens_lock.lock();
    const bool wait = seat.nr_out != 0;
    if (wait) seat.closing = &nothing_out;
    seat.tokens_lock.unlock();
    if (wait) wait_for(nothing_out, seat.scope->runtime);
    // The last token's worker has left retire_token. Late enqueuers, whose item has run already, find no place from
    // here on.
    locked hold{seat.tokens_lock};
    free_tokens(seat);
    seat.nr_free.store(0, memory_order_relaxed);
    seat.limit.store(0, memory_order_relaxed);
    seat.closing = nullptr;
    seat.scope = nullptr;
}

bool change_limit(pool_workqueue& seat, seat_places places) noexcept {
    locked hold{seat.tokens_lock};
    if (!make_tokens(seat, places.tokens)) return false;
    const int more = static_cast<int>(places.limit) - static_cast<int>(seat.limit.load(memory_order_relaxed));
    seat.limit.store(places.limit, memory_order_relaxed);
    // sync tokens.3: seq_cst read-modify-write; pairs with tokens.2; as tokens.1: either the enqueuer sees
    // the new place, or the look at the seat that follows sees the item
    seat.nr_free.fetch_add(more, memory_order_seq_cst);
    platform::fence_after_rmw();
    return true;
}

void fill_places(pool_workqueue& seat) noexcept {
    for (std::size_t waiting = nr_waiting(seat); waiting != 0; --waiting) {
        token* carrier = take_idle_token(seat);
        if (carrier == nullptr) return;
        send(seat, *carrier, no_place);
    }
}

bool is_quiet(pool_workqueue& seat) noexcept {
    locked hold{seat.tokens_lock};
    return seat.nr_out == 0;
}

void take_place(pool_workqueue& seat) noexcept {
    locked hold{seat.tokens_lock};
    one_out(seat);
}

void give_back_place(pool_workqueue& seat) noexcept {
    token* carrier = nullptr;
    {
        locked hold{seat.tokens_lock};
        one_in(seat);
        if (seat.items.has_work()) carrier = pop_idle_token(seat);
        if (carrier == nullptr) tell_closer(seat);  // the seat may be closed once the lock is free
    }
    if (carrier != nullptr) send(seat, *carrier, no_place);
}

void send_token(pool_workqueue& seat, place wanted) noexcept {
    // sync tokens.2: seq_cst load; pairs with tokens.1, tokens.3; the push before it was a seq_cst read-modify-write
    // (inbox.1)
    if (seat.nr_free.load(memory_order_seq_cst) <= 0) return;
    if (token* carrier = take_idle_token(seat)) send(seat, *carrier, wanted);
}

void enqueue_to_seat(pool_workqueue& seat, work_base& item) noexcept {
    const placement* rule = rule_of(seat);
    if (rule != nullptr && rule->kind == placement::rule::pod && home::place_of(item) == no_place) {
        home::set_place(item, place_on(platform::current_cpu()));
    }
    const place wanted = home::place_of(item);
    seat.items.push(item);
    send_token(seat, wanted);
}

void run_token(worker& me, token& carrier) noexcept {
    pool_workqueue& seat = *carrier.seat;
    place wanted = no_place;
    // Several tokens share the list by its mutex: the bias would go back and forth, a fence each time.
    if (seat.limit.load(memory_order_relaxed) == 1) seat.items.adopt(me.entry, false);
    for (unsigned done = 0; done < items_per_turn; ++done) {
        const bool surplus = seat.nr_free.load(memory_order_relaxed) < 0;  // the limit was lowered
        if (surplus && retire_token(seat, carrier)) return;
        const turn what = run_next(me, carrier, wanted);
        if (what == turn::elsewhere) break;
        if (what == turn::token_left) return;  // the worker that it waits for sends it on
        if (what == turn::empty) {
            seat.items.disown(me.entry);
            if (retire_token(seat, carrier)) return;
        }
        if (is_surplus(me)) {
            me.resumed = true;  // the question is answered once; the worker's loop asks it again
            break;
        }
    }
    send(seat, carrier, wanted);
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
