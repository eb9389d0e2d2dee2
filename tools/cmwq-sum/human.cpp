// SPDX-License-Identifier: Apache-2.0
#include "human.hpp"

#include <cmath>
#include <cstdio>
#include <iterator>

namespace cmwq_sum {

std::string with_commas(std::uint64_t number) {
    auto text = std::to_string(number);
    for (auto place = text.size(); place > 3;) {
        place -= 3;
        text.insert(place, 1, ',');
    }
    return text;
}

std::string count_of(std::uint64_t number, const char* noun) {
    const std::string word{noun};
    if (number == 1) {
        return "1 " + word;
    }
    const bool y = word.ends_with('y');
    return with_commas(number) + ' ' + (y ? word.substr(0, word.size() - 1) + "ies" : word + 's');
}

std::string human_bytes(double bytes) {
    static constexpr const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    unsigned unit = 0;
    while (bytes >= 1023.95 && unit + 1 < std::size(units)) {  // what would be printed as 1024.0
        bytes /= 1024;
        ++unit;
    }
    char text[32];
    std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
    return text;
}

std::string human_time(double seconds) {
    const auto all = static_cast<unsigned long long>(std::llround(seconds));
    char text[48];
    if (all < 3600) {
        std::snprintf(text, sizeof text, "%llu:%02llu", all / 60, all % 60);
    } else {
        std::snprintf(text, sizeof text, "%llu:%02llu:%02llu", all / 3600, all / 60 % 60, all % 60);
    }
    return text;
}

}  // namespace cmwq_sum
