// SPDX-License-Identifier: Apache-2.0
#include "engine/neighbourhood.hpp"

#include "engine/memory.hpp"

#include <algorithm>
#include <tuple>

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

using platform::topology;

constexpr int most_cpus = neighbourhood::most_cpus;

/// CPUs that belong together more than with others: of one cache, and both or neither in use at first.
struct unit {
    bool behind;  // not in use at first
    int node, cache;

    friend bool operator==(const unit&, const unit&) = default;
    friend auto operator<=>(const unit&, const unit&) = default;
};

class mapping {
public:
    mapping(const topology& machine, int nr_in_use) noexcept : machine_{machine}, nr_in_use_{nr_in_use} {
        for (int cpu = 0; cpu < machine.nr_cpus; ++cpu) order_[cpu] = static_cast<std::uint16_t>(cpu);
        std::sort(order_, order_ + machine.nr_cpus, [this](int left, int right) {
            return std::tuple{unit_of(left), machine_.cpus[left].core, left} <
                   std::tuple{unit_of(right), machine_.cpus[right].core, right};
        });
    }

    neighbourhood_map made() noexcept {
        for (int first = 0; first < machine_.nr_cpus;) {
            int size = 1;
            while (first + size < machine_.nr_cpus && unit_at(first + size) == unit_at(first)) ++size;
            place_unit(first, size);
            first += size;
        }
        return map_;
    }

private:
    /// Few enough for one neighbourhood belong together, wherever they are.
    unit unit_of(int cpu) const noexcept {
        if (machine_.nr_cpus <= most_cpus) return {};
        const bool behind = cpu >= nr_in_use_;
        if (!behind && nr_in_use_ <= most_cpus) return {};
        return {behind, machine_.cpus[cpu].node, machine_.cpus[cpu].cache};
    }
    unit unit_at(int place) const noexcept { return unit_of(order_[place]); }

    /// A second cache comes to the first if there is room. One of another node only to less than half a neighbourhood:
    /// that one would find too little to take.
    bool fits_in_last(int first, int size) const noexcept {
        if (map_.count == 0 || last_size_ + size > most_cpus) return false;
        const unit own = unit_at(first), former = unit_at(first - 1);
        return own.behind == former.behind && (own.node == former.node || last_size_ < most_cpus / 2);
    }

    void place_unit(int first, int size) noexcept {
        if (fits_in_last(first, size)) return add(first, size);
        const int parts = (size + most_cpus - 1) / most_cpus;
        for (int part = 0; part < parts; ++part) {
            const int begin = size * part / parts;
            ++map_.count;
            last_size_ = 0;
            add(first + begin, size * (part + 1) / parts - begin);
        }
    }

    void add(int first, int size) noexcept {
        for (int place = first; place < first + size; ++place)
            map_.of[order_[place]] = static_cast<std::uint16_t>(map_.count - 1);
        last_size_ += size;
    }

    const topology& machine_;
    const int nr_in_use_;
    std::uint16_t order_[topology::max_cpus];
    neighbourhood_map map_;
    int last_size_ = 0;
};

}  // namespace

neighbourhood_map map_neighbourhoods(const topology& machine, int nr_in_use) noexcept {
    return mapping{machine, nr_in_use}.made();
}

neighbourhood* create_neighbourhoods(const neighbourhood_map& map, int nr_cpus) noexcept {
    auto* made = create_array<neighbourhood>(static_cast<std::size_t>(map.count));
    if (made == nullptr) return nullptr;
    for (int index = 0; index < map.count; ++index) made[index].index = index;
    for (int cpu = 0; cpu < nr_cpus; ++cpu) {
        neighbourhood& its = made[map.of[cpu]];
        its.cpus[its.size++] = static_cast<std::uint16_t>(cpu);
    }
    return made;
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
