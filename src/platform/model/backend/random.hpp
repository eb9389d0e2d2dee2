// SPDX-License-Identifier: Apache-2.0
//
// Model backend: small random numbers by seed, the same on every platform.
#pragma once

#include <cstdint>

namespace cmwq {
inline namespace v1 {
namespace model {
namespace detail {

/// One step of splitmix64 (Steele, Lea, Flood 2014): also good at spreading seeds that differ in one bit.
constexpr std::uint64_t scramble(std::uint64_t value) noexcept {
    value += 0x9e3779b97f4a7c15u;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

class random_source {
public:
    explicit random_source(std::uint64_t seed) noexcept : state_(seed) {}

    std::uint64_t next() noexcept {
        state_ += 0x9e3779b97f4a7c15u;
        return scramble(state_);
    }
    /// Below `bound`, which is not 0. The bias of the multiplication does not matter here.
    std::uint64_t below(std::uint64_t bound) noexcept {
        const std::uint64_t high = next() >> 32;
        return bound <= 0xffffffffu ? (high * bound) >> 32 : next() % bound;
    }
    bool happens(double probability) noexcept {
        return probability > 0.0 && static_cast<double>(next() >> 11) * 0x1p-53 < probability;
    }

private:
    std::uint64_t state_;
};

}  // namespace detail
}  // namespace model
}  // namespace v1
}  // namespace cmwq
