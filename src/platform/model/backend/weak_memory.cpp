// SPDX-License-Identifier: Apache-2.0
#include "backend/weak_memory.hpp"

#include "backend/scheduler.hpp"

#include <algorithm>
#include <limits>

namespace cmwq {
inline namespace v1 {
namespace model {
namespace detail {

namespace {

bool acquires(std::memory_order order) {
    return order != std::memory_order_relaxed && order != std::memory_order_release;
}

bool releases(std::memory_order order) {
    return order == std::memory_order_release || order == std::memory_order_acq_rel ||
           order == std::memory_order_seq_cst;
}

bool seq_cst(std::memory_order order) {
    return order == std::memory_order_seq_cst;
}

bool contains(const std::vector<sight>& seen, std::size_t thread) {
    return std::any_of(seen.begin(), seen.end(), [thread](const sight& one) { return one.thread == thread; });
}

}  // namespace

void weak_memory::begin(const options& how) {
    threads_.clear();
    nr_threads_ = 1;
    fences_ = {};
    seq_cst_time_ = 0;
    nr_views_ = 0;
    nr_locations_ = 0;
    shadow_.clear();
    stacks_.clear();
    random_ = random_source(scramble(how.seed + 1));
    stale_reads_ = how.stale_reads;
    race_.clear();
}

// ---- views ---------------------------------------------------------------------------------------------------------

weak_memory::thread_state& weak_memory::state(int thread) {
    const auto place = static_cast<std::size_t>(thread);
    if (place >= most_threads) fail_or_die("more threads than weak memory can tell apart");
    if (place >= threads_.size()) threads_.resize(place + 1);
    nr_threads_ = std::max(nr_threads_, place + 1);
    return threads_[place];
}

void weak_memory::tick(thread_state& self, int thread) {
    const auto place = static_cast<std::size_t>(thread);
    self.now.observed[place] = ++self.now.happened[place];
}

void weak_memory::join(view& into, const view& other) const {
    for (std::size_t i = 0; i < nr_threads_; ++i) {
        into.happened[i] = std::max(into.happened[i], other.happened[i]);
        into.observed[i] = std::max(into.observed[i], other.observed[i]);
    }
}

const view* weak_memory::keep(const view& what) {
    if (nr_views_ == views_.size()) views_.emplace_back();
    view& kept = views_[nr_views_++];
    kept = what;
    return &kept;
}

void weak_memory::take_over(thread_state& self, const view* released, bool acquires) {
    if (released == nullptr) return;
    if (acquires) return join(self.now, *released);
    join(self.pending, *released);
    self.any_pending = true;
}

const view* weak_memory::released_by(thread_state& self, bool releases) {
    return releases ? keep(self.now) : self.fenced;
}

// A read-modify-write continues the release sequence of what it read.
const view* weak_memory::released_by_modify(thread_state& self, bool releases, const view* continued) {
    const view* own = released_by(self, releases);
    if (own == nullptr || continued == nullptr) return own != nullptr ? own : continued;
    view both = *own;
    join(both, *continued);
    return keep(both);
}

// ---- atomics -------------------------------------------------------------------------------------------------------

weak_memory::location& weak_memory::place_of(const void* at) {
    granule& around = shadow_.at(shadow_memory::number_of(at));
    for (int i = around.first_location; i >= 0; i = locations_[static_cast<std::size_t>(i)].next) {
        if (locations_[static_cast<std::size_t>(i)].address == at) return locations_[static_cast<std::size_t>(i)];
    }
    if (nr_locations_ == locations_.size()) locations_.emplace_back();
    location& made = locations_[nr_locations_];
    made.address = at;
    made.next = around.first_location;
    made.history.clear();
    made.released = nullptr;
    around.first_location = static_cast<int>(nr_locations_++);
    return made;
}

// A value that nobody stored by way of an atomic is that of a new object: its history begins with it.
weak_memory::location& weak_memory::location_of(const cell_bits& cell) {
    location& where = place_of(cell.at);
    if (where.history.empty() || where.history.back().value != cell.actual) start_history(where, cell.actual);
    return where;
}

void weak_memory::start_history(location& where, std::uint64_t value) {
    where.history.clear();
    append(where, value);
}

stored& weak_memory::append(location& where, std::uint64_t value) {
    if (where.history.size() < kept_stores) {
        where.history.emplace_back();
    } else {
        std::rotate(where.history.begin(), where.history.begin() + 1, where.history.end());
    }
    stored& made = where.history.back();
    made.value = value;
    made.released = nullptr;
    made.seen.clear();
    return made;
}

std::size_t weak_memory::oldest_readable(const location& where, const view& known, bool seq_cst) const {
    const auto knows = [&](const sight& one) {
        if (known.observed[one.thread] >= one.clock) return true;
        return seq_cst && (one.thread == 0 || fences_[one.thread] >= one.clock);
    };
    for (std::size_t i = where.history.size() - 1; i > 0; --i) {
        const auto& seen = where.history[i].seen;
        if (std::any_of(seen.begin(), seen.end(), knows)) return i;
    }
    return 0;
}

stored& weak_memory::newest_or_older(thread_state& self, location& where, bool seq_cst) {
    const std::size_t newest = where.history.size() - 1;
    const std::size_t oldest = oldest_readable(where, self.now, seq_cst);
    if (oldest == newest || self.stale_in_a_row >= most_stale_reads || !random_.happens(stale_reads_)) {
        self.stale_in_a_row = 0;
        return where.history[newest];
    }
    ++self.stale_in_a_row;
    return where.history[oldest + random_.below(newest - oldest)];
}

void weak_memory::mark_seen(stored& what, int thread, bool seq_cst) {
    const auto place = static_cast<std::size_t>(thread);
    if (!contains(what.seen, place)) what.seen.push_back({place, threads_[place].now.happened[place]});
    if (seq_cst && !contains(what.seen, 0)) what.seen.push_back({0, ++seq_cst_time_});
}

std::uint64_t weak_memory::load(int thread, const cell_bits& cell, std::memory_order order) {
    thread_state& self = state(thread);
    tick(self, thread);
    self.seq_cst_modify = false;
    location& where = location_of(cell);
    stored& read = newest_or_older(self, where, seq_cst(order));
    return read_from(read, thread, cell, order);
}

std::uint64_t weak_memory::load_but(std::uint64_t refused, int thread, const cell_bits& cell, std::memory_order order) {
    thread_state& self = state(thread);
    tick(self, thread);
    self.seq_cst_modify = false;
    location& where = location_of(cell);
    stored& read = newest_or_older(self, where, seq_cst(order));
    return read_from(read.value == refused ? where.history.back() : read, thread, cell, order);
}

std::uint64_t weak_memory::read_from(stored& read, int thread, const cell_bits& cell, std::memory_order order) {
    mark_seen(read, thread, seq_cst(order));
    const std::uint64_t value = read.value;
    touch(thread, cell.at, cell.size, access_kind::atomic_read, nullptr);
    take_over(state(thread), read.released, acquires(order));
    return value;
}

void weak_memory::store(int thread, const cell_bits& cell, std::uint64_t desired, std::memory_order order) {
    thread_state& self = state(thread);
    tick(self, thread);
    self.seq_cst_modify = false;
    touch(thread, cell.at, cell.size, access_kind::atomic_write, nullptr);
    stored& made = append(location_of(cell), desired);
    mark_seen(made, thread, seq_cst(order));
    made.released = released_by(self, releases(order));
    tick(self, thread);  // what follows is not released
}

void weak_memory::modify(int thread, const cell_bits& cell, std::uint64_t desired, std::memory_order order) {
    thread_state& self = state(thread);
    tick(self, thread);
    touch(thread, cell.at, cell.size, access_kind::atomic_write, nullptr);
    location& where = location_of(cell);
    const view* const continued = where.history.back().released;
    take_over(self, continued, acquires(order));
    stored& made = append(where, desired);
    mark_seen(made, thread, seq_cst(order));
    made.released = released_by_modify(self, releases(order), continued);
    tick(self, thread);
    self.seq_cst_modify = seq_cst(order);
}

void weak_memory::constructed(int thread, const cell_bits& cell) {
    thread_state& self = state(thread);
    tick(self, thread);
    touch(thread, cell.at, cell.size, access_kind::plain_write, nullptr);
    location& where = place_of(cell.at);
    start_history(where, cell.actual);
    mark_seen(where.history.back(), thread, false);
}

// ---- fences --------------------------------------------------------------------------------------------------------

void weak_memory::fence_once(int thread) {
    thread_state& self = state(thread);
    tick(self, thread);
    if (self.any_pending) join(self.now, self.pending);
    self.any_pending = false;
    self.pending = {};
    for (std::size_t i = 0; i < nr_threads_; ++i) {
        fences_[i] = self.now.observed[i] = std::max(fences_[i], self.now.observed[i]);
    }
    fences_[0] = self.now.observed[0] = ++seq_cst_time_;
    self.fenced = keep(self.now);
    tick(self, thread);
}

void weak_memory::fence(int thread) {
    fence_once(thread);
}

void weak_memory::fence_all(int thread) {
    fence_once(thread);
    for (std::size_t other = 1; other < nr_threads_; ++other) {
        if (static_cast<int>(other) != thread) fence_once(static_cast<int>(other));
    }
    fence_once(thread);
}

// ---- locks, tokens, threads ----------------------------------------------------------------------------------------

void weak_memory::release(int thread, const void* object) {
    thread_state& self = state(thread);
    tick(self, thread);
    location& where = place_of(object);
    where.released = released_by_modify(self, true, where.released);
    tick(self, thread);
}

void weak_memory::acquire(int thread, const void* object) {
    thread_state& self = state(thread);
    tick(self, thread);
    take_over(self, place_of(object).released, true);
}

void weak_memory::started(int parent, int child, const void* stack, std::size_t stack_size) {
    if (!stacks_.insert(stack).second) memory_begins(stack, stack_size);
    thread_state& born = state(child);
    if (parent != 0) {
        born.now = state(parent).now;
        tick(state(parent), parent);
    }
    tick(born, child);
}

void weak_memory::joined(int thread, int ended) {
    join(state(thread).now, state(ended).now);
    tick(state(thread), thread);
}

void weak_memory::settle() {
    clocks all{};
    for (std::size_t i = 1; i < threads_.size(); ++i) all[i] = threads_[i].now.happened[i];
    all[0] = seq_cst_time_;
    for (auto& one : threads_) one.now.observed = all;
}

sight weak_memory::moment_of(int thread) {
    const auto place = static_cast<std::size_t>(thread);
    return {place, state(thread).now.happened[place]};
}

bool weak_memory::happened_before(const sight& moment, int thread) {
    return state(thread).now.happened[moment.thread] >= moment.clock;
}

// ---- for the operations --------------------------------------------------------------------------------------------

std::uint64_t load_weakly(const cell_bits& cell, std::memory_order order) noexcept {
    scheduler& run = *active_scheduler();
    const std::uint64_t value = run.memory()->load(run.current_id(), cell, order);
    run.fail_if_race();
    return value;
}

std::uint64_t fail_weakly(const cell_bits& cell, std::uint64_t expected, std::memory_order order) noexcept {
    scheduler& run = *active_scheduler();
    const std::uint64_t value = run.memory()->load_but(expected, run.current_id(), cell, order);
    run.fail_if_race();
    return value;
}

void modify_weakly(operation kind, const cell_bits& cell, std::uint64_t desired, std::memory_order order) noexcept {
    scheduler& run = *active_scheduler();
    if (kind == operation::store) {
        run.memory()->store(run.current_id(), cell, desired, order);
    } else {
        run.memory()->modify(run.current_id(), cell, desired, order);
    }
    run.fail_if_race();
}

void construct_weakly(const cell_bits& cell) noexcept {
    scheduler& run = *active_scheduler();
    run.memory()->constructed(run.current_id(), cell);
    run.fail_if_race();
}

}  // namespace detail
}  // namespace model
}  // namespace v1
}  // namespace cmwq
