// SPDX-License-Identifier: Apache-2.0
//
// What a subject's program is told: `--work NAME`, `--quick`, and `--SIZE VALUE` for some of the sizes.
#pragma once

#include "settings.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <span>
#include <string_view>
#include <system_error>

namespace bench {

template <class Number>
bool read_number(std::string_view text, Number& number) noexcept {
    return std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc{};
}

inline bool parse(std::string_view text, submitter_place& place) noexcept {
    place = text == "same" ? submitter_place::same_cpu
                           : (text == "other" ? submitter_place::other_cpu : submitter_place::anywhere);
    return text == "same" || text == "other" || text == "anywhere";
}

/// False: there is no such size, or no such value.
inline bool set(settings& sizes, std::string_view name, std::string_view value) noexcept {
    std::int64_t seconds = 0;
    std::int64_t microseconds = 0;
    if (name == "--items") return read_number(value, sizes.items);
    if (name == "--mix-warm-up") return read_number(value, sizes.warm_up_mix);
    if (name == "--mix-items") return read_number(value, sizes.mix_items);
    if (name == "--blockers") return read_number(value, sizes.blockers);
    if (name == "--waiters") return read_number(value, sizes.waiters);
    if (name == "--spinners") return read_number(value, sizes.spinners);
    if (name == "--least-of") return read_number(value, sizes.least_of);
    if (name == "--in-flight") return read_number(value, sizes.in_flight);
    if (name == "--queues") return read_number(value, sizes.queues);
    if (name == "--gap-us" && read_number(value, microseconds)) return (sizes.gap_ns = microseconds * 1'000) > 0;
    if (name == "--kind") return parse(value, sizes.kind);
    if (name == "--place") return parse(value, sizes.place);
    if (name == "--record")
        return (sizes.record = true) && ((sizes.record_exactly = value == "exactly") || value == "normally");
    if (name == "--queue") return (sizes.unbound = value == "unbound") || value == "percpu";
    if (name == "--idle-s" && read_number(value, seconds)) return (sizes.idle_ns = seconds * 1'000'000'000) > 0;
    if (name == "--limit-s" && read_number(value, seconds)) return (sizes.limit_ns = seconds * 1'000'000'000) > 0;
    return false;
}

inline bool parse(std::span<char*> arguments, std::string_view& work, settings& sizes) {
    const auto is_quick = [](std::string_view argument) { return argument == "--quick"; };
    if (std::ranges::any_of(arguments, is_quick)) {
        sizes = quick_settings;
    }
    for (std::size_t index = 0; index < arguments.size(); ++index) {
        const std::string_view name = arguments[index];
        const std::string_view value = index + 1 < arguments.size() ? arguments[index + 1] : "";
        if (is_quick(name)) {
            continue;
        }
        if (name == "--work") {
            work = value;
        } else if (!set(sizes, name, value)) {
            std::fprintf(stderr, "not understood: %s %s\n", name.data(), value.data());
            return false;
        }
        ++index;
    }
    return true;
}

}  // namespace bench
