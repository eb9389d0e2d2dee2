// SPDX-License-Identifier: Apache-2.0
//
// The books of a soak run: for each kind of item, what was accepted and what became of it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace soak {

enum class kind : std::size_t { bulk, order, owned, bounded, nested, timed, periodic, shared, scoped, brief };
inline constexpr std::array kind_names{"bulk",  "order",    "owned",  "bounded", "nested",
                                       "timed", "periodic", "shared", "scoped",  "brief"};
inline constexpr std::size_t nr_kinds = kind_names.size();

using counter = std::atomic<std::uint64_t>;

/// Every accepted item is run, cancelled or dropped, once.
struct account {
    counter accepted{0}, ran{0}, cancelled{0}, dropped{0}, refused{0};

    std::uint64_t settled() const { return ran + cancelled + dropped; }
    bool balances() const { return accepted == settled(); }
    void note(bool was_accepted) { (was_accepted ? accepted : refused).fetch_add(1, std::memory_order_relaxed); }
};

struct books {
    std::array<account, nr_kinds> accounts;
    counter made{0}, destroyed{0};  ///< items that have an owner
    counter thrown{0}, caught{0};
    /// Broken promises, each counted where it is seen.
    counter overlaps{0}, out_of_order{0}, early{0}, too_many{0}, failed_children{0};
    counter forks{0}, queues{0}, runtimes{0}, freezes{0}, changes{0};

    account& of(kind k) { return accounts[static_cast<std::size_t>(k)]; }

    template <class Figure>
    std::uint64_t sum(Figure figure) const {
        std::uint64_t total = 0;
        for (const account& each : accounts) total += figure(each);
        return total;
    }
    std::uint64_t ran() const {
        return sum([](const account& a) { return a.ran.load(); });
    }
    std::uint64_t accepted() const {
        return sum([](const account& a) { return a.accepted.load(); });
    }
    std::uint64_t settled() const {
        return sum([](const account& a) { return a.settled(); });
    }
    std::uint64_t broken() const { return overlaps + out_of_order + early + too_many + failed_children; }

    bool balance() const {
        bool all = made == destroyed && thrown == caught;
        for (const account& each : accounts) all &= each.balances();
        return all;
    }
};

inline books counts;

}  // namespace soak
