// SPDX-License-Identifier: Apache-2.0
//
// Model backend: what is known of each eight bytes of memory in this run: the last accesses, and the atomic objects in
// them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace cmwq {
inline namespace v1 {
namespace model {
namespace detail {

enum class access_kind : std::uint8_t { none, plain_read, plain_write, atomic_read, atomic_write };

struct access {
    const void* where = nullptr;  // return address, for the report; null: an atomic operation, which the trace has
    std::uint32_t clock = 0;
    std::uint16_t thread = 0;
    std::uint8_t bytes = 0;  // one bit each
    access_kind kind = access_kind::none;
};

struct granule {
    static constexpr std::size_t size = 8;
    static constexpr std::size_t kept_accesses = 6;

    std::uintptr_t number = 0;
    std::uint32_t run = 0;
    int first_location = -1;
    std::array<access, kept_accesses> accesses;
};

/// A hash table by address, emptied at no cost.
class shadow_memory {
public:
    shadow_memory() : granules_(std::size_t{1} << 15) {}

    void clear() noexcept;
    granule* find(std::uintptr_t number) noexcept;
    /// Made if it is not there. References to others are void then.
    granule& at(std::uintptr_t number);

    /// Visits the known granules from `first` to `last`. `visit` makes none.
    template <class Visit>
    void for_each(std::uintptr_t first, std::uintptr_t last, Visit visit) {
        if (last - first < places_.size()) {
            for (std::uintptr_t number = first; number <= last; ++number) {
                if (granule* known = find(number)) visit(*known);
            }
            return;
        }
        for (const std::size_t place : places_) {
            granule& known = granules_[place];
            if (known.number >= first && known.number <= last) visit(known);
        }
    }

    static std::uintptr_t number_of(const void* address) noexcept {
        return reinterpret_cast<std::uintptr_t>(address) / granule::size;
    }

private:
    std::size_t place_of(std::uintptr_t number) const noexcept;
    void grow();

    std::vector<granule> granules_;
    std::vector<std::size_t> places_;  // of the known granules
    std::uint32_t run_ = 1;
};

}  // namespace detail
}  // namespace model
}  // namespace v1
}  // namespace cmwq
