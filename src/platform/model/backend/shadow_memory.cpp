// SPDX-License-Identifier: Apache-2.0
#include "backend/shadow_memory.hpp"

#include "backend/random.hpp"

#include <utility>

namespace cmwq {
inline namespace v1 {
namespace model {
namespace detail {

void shadow_memory::clear() noexcept {
    ++run_;
    places_.clear();
}

/// Of the granule, or of a free place for it.
std::size_t shadow_memory::place_of(std::uintptr_t number) const noexcept {
    const std::size_t mask = granules_.size() - 1;
    std::size_t place = scramble(number) & mask;
    while (granules_[place].run == run_ && granules_[place].number != number) place = (place + 1) & mask;
    return place;
}

granule* shadow_memory::find(std::uintptr_t number) noexcept {
    granule& found = granules_[place_of(number)];
    return found.run == run_ ? &found : nullptr;
}

granule& shadow_memory::at(std::uintptr_t number) {
    std::size_t place = place_of(number);
    if (granules_[place].run == run_) return granules_[place];
    if (places_.size() >= granules_.size() / 2) {
        grow();
        place = place_of(number);
    }
    places_.push_back(place);
    granules_[place] = {};
    granules_[place].number = number;
    granules_[place].run = run_;
    return granules_[place];
}

void shadow_memory::grow() {
    const std::vector<granule> old = std::exchange(granules_, std::vector<granule>(granules_.size() * 2));
    for (std::size_t& place : places_) {
        const granule& one = old[place];
        place = place_of(one.number);
        granules_[place] = one;
    }
}

}  // namespace detail
}  // namespace model
}  // namespace v1
}  // namespace cmwq
