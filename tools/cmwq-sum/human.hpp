// SPDX-License-Identifier: Apache-2.0
//
// Figures for people.
#pragma once

#include <cstdint>
#include <string>

namespace cmwq_sum {

/// "20,000"
std::string with_commas(std::uint64_t number);

/// "1 file", "20,000 files"
std::string count_of(std::uint64_t number, const char* noun);

/// "512 B", "1.2 GiB"
std::string human_bytes(double bytes);

/// "0:07", "12:34", "3:04:05"
std::string human_time(double seconds);

}  // namespace cmwq_sum
