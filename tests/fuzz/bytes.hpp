// SPDX-License-Identifier: Apache-2.0
//
// The fuzzer's input, read from front to back. Where it has ended everything is zero.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace fuzz {

class bytes {
public:
    bytes(const std::uint8_t* data, std::size_t size) : at_{data}, end_{data + size} {}

    bool empty() const { return at_ == end_; }
    std::size_t size() const { return static_cast<std::size_t>(end_ - at_); }
    unsigned take() { return empty() ? 0 : *at_++; }
    int below(int bound) { return static_cast<int>(take()) % bound; }
    bool flip() { return (take() & 1) != 0; }

    /// A part of its own: the first `size` of what is left.
    bytes part(std::size_t size) {
        const std::uint8_t* const begin = at_;
        at_ += size < this->size() ? size : this->size();
        return {begin, static_cast<std::size_t>(at_ - begin)};
    }

    /// What comes before the next zero, or is left.
    std::string line() {
        std::string text;
        while (!empty()) {
            const unsigned one = take();
            if (one == 0) break;
            text += static_cast<char>(one);
        }
        return text;
    }

private:
    const std::uint8_t* at_;
    const std::uint8_t* end_;
};

}  // namespace fuzz
