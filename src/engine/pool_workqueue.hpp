// SPDX-License-Identifier: Apache-2.0
//
// Stop 2: admission. A pool_workqueue is the seat that a limited queue holds: its items wait here, in order, and tokens
// carry them to the pool. A token is an ordinary item of the engine that runs the seat's items one after the other; a
// seat with max_active tokens can have no more than max_active of its items running. An ordered queue is one seat with
// one token. Queues without a limit (one that no pool could reach) have no seat: their items go to the pools directly.
//
//   enters   a claimed item, from submit
//   leaves   the same item, popped by a worker that runs one of the seat's tokens
//   locks    none to enter while tokens are active; tokens_lock to wake an idle one
// Protocol page: docs/design/tokens.md.
#pragma once

#include "engine/placement.hpp"
#include "engine/worker_pool.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

struct pool_workqueue;

/// The kind of all tokens. The engine tells tokens from items by it.
extern constinit const work_class token_class;

struct token : work_base {
    token() noexcept : work_base{token_class} {}
    pool_workqueue* seat = nullptr;  // I
    token* next_idle = nullptr;      // under the seat's tokens_lock
};

inline bool is_token(const work_base& item) noexcept {
    return &access::kind(item) == &token_class;
}

/// Tokens are made in blocks, as limits rise, and live as long as their seat is open.
struct token_block {
    token* tokens = nullptr;
    unsigned count = 0;
    token_block* next = nullptr;
};

struct alignas(cache_line) pool_workqueue {
    worklist items;  // and tokens of nested seats, which wait here for a place as items do

    /// A(tokens): how many tokens may be sent: the limit less those out. Negative: the limit was lowered, and as many
    /// are to retire before the next one is sent.
    alignas(cache_line) atomic<int> nr_free{0};
    atomic<unsigned> limit{0};  // A(tokens): written under tokens_lock
    mutex tokens_lock;
    token* idle_tokens = nullptr;  // under tokens_lock
    unsigned nr_out = 0;  // under tokens_lock: tokens sent, and items that were active before there was a limit
    token_block* blocks = nullptr;            // under tokens_lock: all tokens
    unsigned nr_tokens = 0;                   // under tokens_lock
    pool_scope* scope = nullptr;              // I
    pool_workqueue* parent = nullptr;         // I: of a nested seat: the one whose places its tokens need too
    atomic<const placement*> where{nullptr};  // A(placement): where its items may run; null: anywhere
    bool in_order = false;                    // I: an ordered queue's
    platform::parker* closing = nullptr;      // under tokens_lock: who waits until nothing is out
    int nr_in_array = 0;                      // U: of the first seat of a closed array
    pool_workqueue* next_closed = nullptr;    // U: of the first seat of an array: closed arrays, to be used again
};

/// The limit was lowered: some tokens have to retire.
inline bool is_over_its_limit(const pool_workqueue& seat) noexcept {
    return seat.nr_free.load(memory_order_relaxed) < 0;
}

/// Do items wait because there are as many as may be active? A hint.
inline bool has_waiting_items(const pool_workqueue& seat) noexcept {
    return seat.nr_free.load(memory_order_relaxed) <= 0 && seat.items.has_work();
}

inline const placement* rule_of(const pool_workqueue& seat) noexcept {
    // sync placement.1: acquire; pairs with placement.2; sees the placement as it was made
    return seat.where.load(memory_order_acquire);
}

/// How many tokens may be out now, and how many the seat has at least: more while it is frozen, so that a thaw needs no
/// memory.
struct seat_places {
    unsigned limit;
    unsigned tokens;
};

/// What a seat is from its opening to its close; but for `where`, which place_seat changes.
struct seat_nature {
    pool_scope& scope;
    bool in_order;
    const placement* where;
    pool_workqueue* parent;  ///< of the same scope; stays open for longer
};

/// Opens a closed seat with these places. False: no memory.
[[nodiscard]] bool open_seat(pool_workqueue& seat, const seat_nature& nature, seat_places places) noexcept;
/// Whoever read under the list's lock what the caller has changed since has popped its item when this returns.
void pass_through_list(pool_workqueue& seat) noexcept;
/// From here on its items run there. Those that were popped before, if they are not running yet, run where they are.
void place_seat(pool_workqueue& seat, const placement* where) noexcept;
/// Is there a CPU that its items may not run on?
[[nodiscard]] bool has_rule(const pool_workqueue& seat) noexcept;
/// May a worker of that CPU take this item, or token, out of another pool's list, which it holds?
[[nodiscard]] bool may_run_on(work_base& item, int cpu) noexcept;
/// Where a token goes that is sent for an item of that place: the place it is to be given; none: to any pool.
[[nodiscard]] place start_of_token(const pool_workqueue& seat, place wanted) noexcept;
/// Gives no place any more and waits until the seat's tokens have left the pools. The seat has no items, and nobody
/// changes its limit. A nested one's tokens that wait for a place of the parent are taken back.
void empty_seat(pool_workqueue& seat) noexcept;
/// The same, and lets its tokens go. A closed seat stays as it is.
void close_seat(pool_workqueue& seat) noexcept;
/// In the child of a fork: closed, whatever was in it.
void renew_seat(pool_workqueue& seat) noexcept;

/// Lets `places.limit` tokens be out from here on; 0: none, what is running ends. Tokens in surplus retire after their
/// present item. False: no memory for more tokens, nothing has changed. The caller then calls fill_places, without
/// locks. Any thread.
[[nodiscard]] bool change_limit(pool_workqueue& seat, seat_places places) noexcept;
/// Sends tokens for items that waited for a place. The seat may be closed by now.
void fill_places(pool_workqueue& seat) noexcept;
/// Nothing of the seat runs or is on its way to.
[[nodiscard]] bool is_quiet(pool_workqueue& seat) noexcept;

/// An item that is running without a token counts against the limit until its end.
void take_place(pool_workqueue& seat) noexcept;
void give_back_place(pool_workqueue& seat) noexcept;

/// Admits a claimed item: it waits in order, and an idle token is sent for it if there is one. Any thread.
/// Lifetime: the item may have run and be gone when this returns.
void enqueue_to_seat(pool_workqueue& seat, work_base& item) noexcept;

/// Sends an idle token, if there is one, for items that were pushed to the seat. The seat may be closed by now: seats
/// keep their memory as long as their runtime lives.
void send_token(pool_workqueue& seat, place wanted = no_place) noexcept;

/// A token that is out becomes idle. False: an item came in meanwhile and there is a place for it, the token goes on.
[[nodiscard]] bool retire_token(pool_workqueue& seat, token& carrier) noexcept;
/// A token that is out, of a seat that is not nested, goes on later. It may be back, and the seat closed, when this
/// returns.
void send_to_pools(pool_workqueue& seat, token& carrier, place wanted) noexcept;
/// A nested seat's token that is out goes to the end of the parent's seat; who calls sees to it that a token of the
/// parent comes by. False: it is one too many by now, or has nothing to carry, and has retired. Any thread.
[[nodiscard]] bool wait_in_parent(pool_workqueue& seat, token& carrier, place wanted) noexcept;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
