// SPDX-License-Identifier: Apache-2.0
//
// Model backend: memory as C++ orders it, for runs with options::weak_memory. An atomic object keeps its last stores; a
// load may read any of them that its thread is not bound to know better than. What a thread is bound to know is a view:
// two vector clocks, one of what happens before its next step (release and acquire, locks, tokens, thread starts), one
// of what it has moreover learnt through seq_cst fences.
//
// The same clocks find data races: plain accesses (plain_read, plain_write: from code that is compiled to report them),
// the beginning and the end of an object's life, and atomic accesses are checked against each other.
//
// After [intro.races] and [atomics.order] of ISO C++20, with these restrictions: stores take effect in the order in
// which they are executed (no load buffering, no 2+2W); only the last stores of an object are kept; a thread that has
// read old values some times in a row reads the newest.
#pragma once

#include "backend/random.hpp"
#include "backend/shadow_memory.hpp"
#include "backend/step.hpp"
#include "model.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <unordered_set>
#include <vector>

namespace cmwq {
inline namespace v1 {
namespace model {
namespace detail {

/// Of a run with weak memory. Place 0 of a clock is the order of the seq_cst operations.
inline constexpr std::size_t most_threads = 96;
using clocks = std::array<std::uint32_t, most_threads>;

struct view {
    clocks happened{};
    clocks observed{};  // at least `happened`
};

/// From this point of its own time on, a thread knew of a store.
struct sight {
    std::size_t thread = 0;
    std::uint32_t clock = 0;
};

struct stored {
    std::uint64_t value = 0;
    const view* released = nullptr;  // what a load that acquires takes over
    std::vector<sight> seen;
};

class weak_memory {
public:
    /// A run begins: nothing is known of any memory.
    void begin(const options& how);

    // ---- atomics ----

    std::uint64_t load(int thread, const cell_bits& cell, std::memory_order order);
    /// As load, of a compare-exchange that failed: any value but `refused`, if the newest is another one.
    std::uint64_t load_but(std::uint64_t refused, int thread, const cell_bits& cell, std::memory_order order);
    void store(int thread, const cell_bits& cell, std::uint64_t desired, std::memory_order order);
    /// A read-modify-write: it reads the newest value.
    void modify(int thread, const cell_bits& cell, std::uint64_t desired, std::memory_order order);
    /// An atomic object begins to live, with its value.
    void constructed(int thread, const cell_bits& cell);

    // ---- fences ----

    void fence(int thread);
    /// A full fence of `thread`, of all others one after the other, and of `thread` once more.
    void fence_all(int thread);
    /// Was the thread's last access to an atomic a seq_cst read-modify-write?
    bool last_was_seq_cst_modify(int thread) { return state(thread).seq_cst_modify; }

    // ---- locks, tokens, threads ----

    void release(int thread, const void* object);
    void acquire(int thread, const void* object);
    /// `parent` 0: nobody.
    void started(int parent, int child, const void* stack, std::size_t stack_size);
    void joined(int thread, int ended);
    /// So much time has passed that every store is visible to everybody. No data is ordered by that.
    void settle();

    // ---- for invariants ----

    /// Where `thread` is in its own time.
    sight moment_of(int thread);
    /// Does what a thread did up to that moment happen before the next step of `thread`?
    bool happened_before(const sight& moment, int thread);

    // ---- memory (race_check.cpp) ----

    void plain_access(int thread, const void* at, std::size_t size, access_kind kind, const void* where);
    void memory_begins(const void* at, std::size_t size);
    /// Freed by `thread`: as a write to all of it.
    void memory_ends(int thread, const void* at, std::size_t size, const void* where);

    /// The race that was found, empty: none.
    const std::string& race() const { return race_; }

private:
    struct location {
        const void* address = nullptr;
        int next = -1;                   // of the same granule
        std::vector<stored> history;     // newest last
        const view* released = nullptr;  // by whoever unlocked it or gave its token
    };
    struct thread_state {
        view now;
        view pending;  // read by relaxed loads: taken over by the next fence
        bool any_pending = false;
        const view* fenced = nullptr;  // as of the last fence: released by relaxed stores
        int stale_in_a_row = 0;
        bool seq_cst_modify = false;
    };

    static constexpr std::size_t kept_stores = 8;
    static constexpr int most_stale_reads = 6;

    thread_state& state(int thread);
    static void tick(thread_state& self, int thread);
    void join(view& into, const view& other) const;
    const view* keep(const view& what);
    void fence_once(int thread);

    location& place_of(const void* at);
    location& location_of(const cell_bits& cell);
    static void start_history(location& where, std::uint64_t value);
    static stored& append(location& where, std::uint64_t value);
    std::size_t oldest_readable(const location& where, const view& known, bool seq_cst) const;
    stored& newest_or_older(thread_state& self, location& where, bool seq_cst);
    std::uint64_t read_from(stored& read, int thread, const cell_bits& cell, std::memory_order order);
    void mark_seen(stored& what, int thread, bool seq_cst);
    void take_over(thread_state& self, const view* released, bool acquires);
    const view* released_by(thread_state& self, bool releases);
    const view* released_by_modify(thread_state& self, bool releases, const view* continued);

    access access_by(int thread, access_kind kind, const void* where);
    void touch(int thread, const void* at, std::size_t size, access_kind kind, const void* where);
    void touch_granule(granule& where, const access& now);
    void report_race(const access& before, const access& now, std::uintptr_t number);
    void forget_locations(granule& where);

    std::deque<thread_state> threads_;
    std::size_t nr_threads_ = 1;
    clocks fences_{};  // what seq_cst fences have made known
    std::uint32_t seq_cst_time_ = 0;
    std::deque<view> views_;
    std::size_t nr_views_ = 0;
    std::deque<location> locations_;
    std::size_t nr_locations_ = 0;
    shadow_memory shadow_;
    std::unordered_set<const void*> stacks_;
    random_source random_{0};
    double stale_reads_ = 0.0;
    std::string race_;
};

/// For code that is compiled to report its plain accesses. Nothing happens outside of a run with weak memory.
void plain_read(const void* at, std::size_t size, const void* where) noexcept;
void plain_write(const void* at, std::size_t size, const void* where) noexcept;
/// For a heap of one's own.
void memory_begins(const void* at, std::size_t size) noexcept;
void memory_ends(const void* at, std::size_t size, const void* where) noexcept;

}  // namespace detail
}  // namespace model
}  // namespace v1
}  // namespace cmwq
