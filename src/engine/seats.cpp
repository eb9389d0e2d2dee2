// SPDX-License-Identifier: Apache-2.0
#include "engine/seats.hpp"

#include "engine/memory.hpp"
#include "engine/online_cpus.hpp"
#include "engine/runtime_state.hpp"

#include <algorithm>

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

/// Under setup_lock. An array of `wanted` closed seats, used before or new; null: no memory.
pool_workqueue* find_seats(runtime_state& runtime, int wanted) noexcept {
    for (pool_workqueue** link = &runtime.closed_seats; *link != nullptr; link = &(*link)->next_closed) {
        pool_workqueue* found = *link;
        if (found->nr_in_array != wanted) continue;
        *link = found->next_closed;
        return found;
    }
    auto* made = create_array<pool_workqueue>(static_cast<std::size_t>(wanted));
    if (made != nullptr) made->nr_in_array = wanted;
    return made;
}

void keep(runtime_state& runtime, pool_workqueue* seats) noexcept {
    seats->next_closed = runtime.closed_seats;
    runtime.closed_seats = seats;
}

int nr_nodes() noexcept {
    const platform::topology& all = platform::discover_topology();
    int count = 1;
    for (int cpu = 0; cpu < all.nr_cpus; ++cpu) count = std::max(count, all.cpus[cpu].node + 1);
    return count;
}

unsigned own_limit(const cmwq_queue& wq) noexcept {
    return wq.one_at_a_time ? 1 : wq.max_active;
}

/// As the kernel divides it: by the CPUs that the queue may use. At least one, so that an item of a node that has none
/// of them runs too.
unsigned share_of_node(const cmwq_queue& wq, int node) noexcept {
    const platform::topology& all = platform::discover_topology();
    unsigned cpus = 0, cpus_of_node = 0;
    for (int cpu = 0; cpu < all.nr_cpus; ++cpu) {
        if (!(wq.where != nullptr ? wq.where->cpus.contains(cpu) : online_cpus::instance().contains(cpu))) continue;
        ++cpus;
        if (all.cpus[cpu].node == node) ++cpus_of_node;
    }
    const unsigned share = (wq.max_active * cpus_of_node + cpus - 1) / std::max(1U, cpus);
    return std::clamp(share, std::max(1U, wq.min_active), wq.max_active);
}

int nr_seats_of(const cmwq_queue& wq) noexcept {
    if (!wq.scope->unbound()) return wq.scope->nr_pools;
    return wq.per_node ? nr_nodes() : 1;
}

}  // namespace

bool needs_seats(const cmwq_queue& wq) noexcept {
    return wq.one_at_a_time || wq.freezable || wq.where != nullptr || wq.parent != nullptr || wq.nr_children != 0 ||
           wq.max_active < wq.runtime->options.max_workers || (wq.per_node && nr_nodes() > 1);
}

seat_places places_of(const cmwq_queue& wq, int seat) noexcept {
    unsigned tokens = std::min(wq.runtime->options.max_workers, wq.per_node ? share_of_node(wq, seat) : own_limit(wq));
    // More than its parent's would only wait there, in front of others.
    for (const cmwq_queue* outer = wq.parent; outer != nullptr; outer = outer->parent) {
        tokens = std::min(tokens, own_limit(*outer));
    }
    const bool none = wq.retiring || (wq.freezable && wq.runtime->frozen);
    return {none ? 0 : tokens, tokens};
}

const placement* placement_of(const cmwq_queue& wq) noexcept {
    return wq.binds_to_cpu() ? &exact_placement : wq.where;
}

bool open_seats(cmwq_queue& wq, seats_start how) noexcept {
    const int wanted = nr_seats_of(wq);
    pool_workqueue* seats = find_seats(*wq.runtime, wanted);
    if (seats == nullptr) return false;
    pool_workqueue* const parent = wq.parent != nullptr ? wq.parent->first_seat() : nullptr;
    const seat_nature nature{*wq.scope, wq.one_at_a_time, placement_of(wq), parent};
    for (int seat = 0; seat < wanted; ++seat) {
        seat_places places = places_of(wq, seat);
        if (how == seats_start::without_places) places.limit = 0;
        if (open_seat(seats[seat], nature, places)) continue;
        while (seat-- > 0) close_seat(seats[seat]);
        keep(*wq.runtime, seats);
        return false;
    }
    wq.nr_seats = wanted;
    // sync limit.2: release; pairs with limit.1; publishes the seats, and how many
    wq.seats.store(seats, memory_order_release);
    return true;
}

void renew_seats(pool_workqueue* seats) noexcept {
    const int count = seats->nr_in_array;
    pool_workqueue* next = seats->next_closed;
    for (int seat = 0; seat < count; ++seat) renew_seat(seats[seat]);
    seats->nr_in_array = count;
    seats->next_closed = next;
}

void empty_seats(cmwq_queue& wq) noexcept {
    {
        locked hold{wq.runtime->setup_lock};
        wq.retiring = true;
    }
    pool_workqueue* seats = wq.first_seat();
    for (int seat = 0; seats != nullptr && seat < wq.nr_seats; ++seat) empty_seat(seats[seat]);
}

void close_seats(cmwq_queue& wq) noexcept {
    pool_workqueue* seats = wq.first_seat();
    for (int seat = 0; seats != nullptr && seat < wq.nr_seats; ++seat) close_seat(seats[seat]);
}

void keep_closed_seats(cmwq_queue& wq) noexcept {
    if (pool_workqueue* seats = wq.first_seat()) keep(*wq.runtime, seats);
    wq.seats.store(nullptr, memory_order_relaxed);
    wq.nr_seats = 0;
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
