// SPDX-License-Identifier: Apache-2.0
//
// The command line of a program that measures cmwq alone: `--quick`, `--list` and the like, and `--NAME VALUE`.
#pragma once

#include <charconv>
#include <cstddef>
#include <span>
#include <string_view>

namespace bench {

class words {
public:
    words(int count, char** given) : given_{given + 1, static_cast<std::size_t>(count > 0 ? count - 1 : 0)} {}

    bool has(std::string_view name) const { return place_of(name) != given_.size(); }

    /// What stands behind `name`, or nothing.
    std::string_view after(std::string_view name) const {
        const std::size_t place = place_of(name);
        return place + 1 < given_.size() ? given_[place + 1] : std::string_view{};
    }

    /// The number behind `name`, or `otherwise`.
    template <class Number>
    Number number_after(std::string_view name, Number otherwise) const {
        const std::string_view text = after(name);
        (void)std::from_chars(text.data(), text.data() + text.size(), otherwise);
        return otherwise;
    }

private:
    std::size_t place_of(std::string_view name) const {
        std::size_t place = 0;
        while (place < given_.size() && name != given_[place]) ++place;
        return place;
    }

    std::span<char*> given_;
};

}  // namespace bench
