// SPDX-License-Identifier: Apache-2.0
//
// The corpus, for programs that any compiler builds.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fuzz {

struct input {
    std::string name;
    std::vector<std::uint8_t> bytes;
};

/// Each file, and each file of each folder, in the order of their names. Ends the program if there is none.
std::vector<input> read_inputs(int count, char** paths);

}  // namespace fuzz
