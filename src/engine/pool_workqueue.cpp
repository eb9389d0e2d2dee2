// SPDX-License-Identifier: Apache-2.0
#include "engine/pool_workqueue.hpp"

#include "engine/enqueue.hpp"
#include "engine/memory.hpp"
#include "engine/wait.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

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

/// Under tokens_lock. False: an item came in meanwhile and there is a place for it, the token goes on. All of it under
/// the lock: whoever closes the seat takes the lock after the last token is idle, and only then frees what this
/// touches.
bool retire(pool_workqueue& seat, token& carrier) noexcept {
    push_idle_token(seat, carrier);
    one_in(seat);
    if (seat.items.has_work() && pop_idle_token(seat) != nullptr) return false;  // the stack's top: the same one
    tell_closer(seat);
    return true;
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

/// Under tokens_lock: whoever closes the nested seat, with that lock, finds the token idle or in the parent's seat.
/// Where it wants to go.
place push_to_parent(pool_workqueue& seat, token& carrier, place wanted) noexcept {
    const place start = start_of_token(seat, wanted);
    if (start != no_place) home::set_place(carrier, start);
    seat.parent->items.push(carrier);
    return start;
}

/// False: none is idle, or as many are out as may be. The seat may be closed by now, and when this returns.
bool send_idle_token(pool_workqueue& seat, place wanted) noexcept {
    token* carrier = nullptr;
    pool_workqueue* parent = nullptr;
    {
        locked hold{seat.tokens_lock};
        carrier = pop_idle_token(seat);
        if (carrier == nullptr) return false;
        parent = seat.parent;
        if (parent != nullptr) wanted = push_to_parent(seat, *carrier, wanted);
    }
    if (parent != nullptr) {
        send_token(*parent, wanted);
    } else {
        send_to_pools(seat, *carrier, wanted);
    }
    return true;
}

}  // namespace

constinit const work_class token_class{token_is_no_item, token_is_never_dropped, "cmwq::token"};

constinit const placement exact_placement{};

bool retire_token(pool_workqueue& seat, token& carrier) noexcept {
    locked hold{seat.tokens_lock};
    return retire(seat, carrier);
}

void send_to_pools(pool_workqueue& seat, token& carrier, place wanted) noexcept {
    pool_scope& scope = *seat.scope;
    const place start = start_of_token(seat, wanted);
    if (start == no_place) return enqueue_to_scope(scope, carrier, local_worker(scope));
    home::set_place(carrier, start);
    enqueue_to_place(scope.pools[cpu_of(start)], carrier);
}

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

void pass_through_list(pool_workqueue& seat) noexcept CMWQ_NO_THREAD_SAFETY_ANALYSIS {
    const worker* self = this_worker_slot();
    seat.items.lock(self != nullptr ? &self->entry : nullptr);
    seat.items.unlock();
}

void place_seat(pool_workqueue& seat, const placement* where) noexcept {
    // sync placement.2: release; pairs with placement.1; publishes the placement
    seat.where.store(where, memory_order_release);
    pass_through_list(seat);
}

bool open_seat(pool_workqueue& seat, const seat_nature& nature, seat_places places) noexcept {
    seat.scope = &nature.scope;
    seat.parent = nature.parent;
    seat.where.store(nature.where, memory_order_relaxed);
    seat.in_order = nature.in_order;
    if (change_limit(seat, places)) return true;
    seat.scope = nullptr;
    return false;
}

void renew_seat(pool_workqueue& seat) noexcept {
    free_tokens(seat);
    new (&seat) pool_workqueue;
}

namespace {

/// Under tokens_lock.
void set_limit(pool_workqueue& seat, unsigned limit) noexcept {
    const int more = static_cast<int>(limit) - static_cast<int>(seat.limit.load(memory_order_relaxed));
    seat.limit.store(limit, memory_order_relaxed);
    // sync tokens.3: seq_cst read-modify-write; pairs with tokens.2; as tokens.1: either the enqueuer sees
    // the new place, or the look at the seat that follows sees the item
    seat.nr_free.fetch_add(more, memory_order_seq_cst);
    platform::fence_after_rmw();
}

/// The limit is none. The tokens of a nested seat that wait in the parent's for a place retire, and none comes there
/// after them: they are all too many.
void take_back_tokens(pool_workqueue& seat) noexcept CMWQ_NO_THREAD_SAFETY_ANALYSIS {
    worklist& above = seat.parent->items;
    const worker* self = this_worker_slot();
    above.lock(self != nullptr ? &self->entry : nullptr);
    item_list& items = above.take_inbox();
    for (work_base* item = items.front(); item != nullptr;) {
        work_base* next = item_list::next(*item);
        if (is_token(*item) && static_cast<token*>(item)->seat == &seat) {
            items.unlink(*item);
            access::prev_and_home(*item) = 0;
            (void)retire_token(seat, static_cast<token&>(*item));
        }
        item = next;
    }
    above.publish_size();
    above.unlock();
}

}  // namespace

void empty_seat(pool_workqueue& seat) noexcept {
    if (seat.scope == nullptr) return;
    {
        locked hold{seat.tokens_lock};
        set_limit(seat, 0);  // late enqueuers, whose item has run already, find no place from here on
    }
    if (seat.parent != nullptr) take_back_tokens(seat);
    platform::parker nothing_out;
    seat.tokens_lock.lock();
    const bool wait = seat.nr_out != 0;
    if (wait) seat.closing = &nothing_out;
    seat.tokens_lock.unlock();
    if (wait) wait_for(nothing_out, seat.scope->runtime);
    // The last token's worker has left retire_token once the lock is free.
    locked hold{seat.tokens_lock};
    seat.closing = nullptr;
}

void close_seat(pool_workqueue& seat) noexcept {
    empty_seat(seat);
    locked hold{seat.tokens_lock};
    free_tokens(seat);
    seat.scope = nullptr;
    seat.parent = nullptr;
}

bool change_limit(pool_workqueue& seat, seat_places places) noexcept {
    locked hold{seat.tokens_lock};
    if (!make_tokens(seat, places.tokens)) return false;
    set_limit(seat, places.limit);
    return true;
}

void fill_places(pool_workqueue& seat) noexcept {
    std::size_t waiting = nr_waiting(seat);
    while (waiting != 0 && send_idle_token(seat, no_place)) --waiting;
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
    if (carrier != nullptr) send_to_pools(seat, *carrier, no_place);
}

void send_token(pool_workqueue& seat, place wanted) noexcept {
    // sync tokens.2: seq_cst load; pairs with tokens.1, tokens.3; the push before it was a seq_cst read-modify-write
    // (inbox.1)
    if (seat.nr_free.load(memory_order_seq_cst) <= 0) return;
    (void)send_idle_token(seat, wanted);
}

bool wait_in_parent(pool_workqueue& seat, token& carrier, place wanted) noexcept {
    locked hold{seat.tokens_lock};
    // One that has nothing to carry would wait, for long perhaps, to find that out, and its queue's end with it.
    if ((is_over_its_limit(seat) || !seat.items.has_work()) && retire(seat, carrier)) return false;
    (void)push_to_parent(seat, carrier, wanted);
    return true;
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

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
