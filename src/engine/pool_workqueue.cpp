// SPDX-License-Identifier: Apache-2.0
#include "engine/pool_workqueue.hpp"

#include "engine/concurrency.hpp"
#include "engine/execute.hpp"
#include "engine/memory.hpp"
#include "engine/wait.hpp"

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

/// Under tokens_lock.
void push_idle_token(pool_workqueue& seat, token& carrier) noexcept {
    carrier.next_idle = seat.idle_tokens;
    seat.idle_tokens = &carrier;
    // sync tokens.1: seq_cst read-modify-write; pairs with tokens.2; after it the token's worker looks at the seat once
    // more: an enqueuer either saw the idle token and sends it, or pushed before this and is seen by that look
    seat.nr_idle_tokens.fetch_add(1, memory_order_seq_cst);
    platform::fence_after_rmw();
}

/// Under tokens_lock.
token* pop_idle_token(pool_workqueue& seat) noexcept {
    token* taken = seat.idle_tokens;
    if (taken == nullptr) return nullptr;
    seat.idle_tokens = taken->next_idle;
    seat.nr_idle_tokens.fetch_sub(1, memory_order_relaxed);
    return taken;
}

/// False: an item came in meanwhile, the token goes on. All of it under the lock: whoever closes the seat takes the lock
/// after the last token is idle, and only then frees what this touches.
bool retire_token(pool_workqueue& seat, token& carrier) noexcept {
    locked hold{seat.tokens_lock};
    push_idle_token(seat, carrier);
    if (seat.items.has_work()) {
        pop_idle_token(seat);
        return false;
    }
    const bool all_idle = seat.nr_idle_tokens.load(memory_order_relaxed) == seat.nr_tokens;
    if (all_idle && seat.closing != nullptr) seat.closing->unpark();
    return true;
}

token* take_idle_token(pool_workqueue& seat) noexcept {
    locked hold{seat.tokens_lock};
    return pop_idle_token(seat);
}

enum class turn { done, empty, token_left };

turn run_next(worker& me, token& carrier) noexcept {
    picked_item picked;
    const auto pick = [&](work_base& item) { pick_item(me, picked, item); };
    if (!carrier.seat->items.pop(me.entry, pick)) return turn::empty;
    return execute_item(me, picked, &carrier) == executed::token_left ? turn::token_left : turn::done;
}

}  // namespace

constinit const work_class token_class{token_is_no_item, token_is_never_dropped, "cmwq::token"};

bool open_seat(pool_workqueue& seat, pool_scope& scope, unsigned max_active) noexcept {
    seat.tokens = create_array<token>(max_active);
    if (seat.tokens == nullptr) return false;
    seat.nr_tokens = max_active;
    seat.scope = &scope;
    for (unsigned i = 0; i < max_active; ++i) {
        seat.tokens[i].seat = &seat;
        locked hold{seat.tokens_lock};
        push_idle_token(seat, seat.tokens[i]);
    }
    return true;
}

void close_seat(pool_workqueue& seat) noexcept {
    if (seat.tokens == nullptr) return;
    platform::parker all_idle;
    seat.tokens_lock.lock();
    const bool wait = seat.nr_idle_tokens.load(memory_order_relaxed) != seat.nr_tokens;
    if (wait) seat.closing = &all_idle;
    seat.tokens_lock.unlock();
    if (wait) wait_for(all_idle, seat.scope->runtime);
    // The last token's worker has left retire_token. Late enqueuers, whose item has run already, find no token from here on.
    locked hold{seat.tokens_lock};
    seat.idle_tokens = nullptr;
    seat.nr_idle_tokens.store(0, memory_order_relaxed);
    destroy_array(seat.tokens, seat.nr_tokens);
    seat.tokens = nullptr;
    seat.nr_tokens = 0;
    seat.closing = nullptr;
}

void send_token(pool_workqueue& seat) noexcept {
    // sync tokens.2: seq_cst load; pairs with tokens.1; the push before it was a seq_cst read-modify-write (inbox.1)
    if (seat.nr_idle_tokens.load(memory_order_seq_cst) == 0) return;
    if (token* carrier = take_idle_token(seat)) enqueue_to_scope(*seat.scope, *carrier);
}

void enqueue_to_seat(pool_workqueue& seat, work_base& item) noexcept {
    seat.items.push(item);
    send_token(seat);
}

void run_token(worker& me, token& carrier) noexcept {
    pool_workqueue& seat = *carrier.seat;
    pool_scope& scope = *seat.scope;
    // Several tokens share the list by its mutex: the bias would go back and forth, a fence each time.
    if (seat.nr_tokens == 1) seat.items.adopt(me.entry, false);
    for (unsigned done = 0; done < items_per_turn; ++done) {
        const turn what = run_next(me, carrier);
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
    enqueue_to_scope(scope, carrier);
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
