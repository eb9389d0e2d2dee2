// SPDX-License-Identifier: Apache-2.0
//
// Feeds files to a fuzz target, without a fuzzer: PROGRAM FILE|FOLDER...
#include "fuzz/replay.hpp"

#include <cstddef>
#include <cstdio>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int count, char** arguments) {
    const auto inputs = fuzz::read_inputs(count - 1, arguments + 1);
    for (const fuzz::input& one : inputs) {
        std::printf("%s\n", one.name.c_str());
        std::fflush(stdout);  // the last line names the one that ends the program
        (void)LLVMFuzzerTestOneInput(one.bytes.data(), one.bytes.size());
    }
    std::printf("%zu inputs replayed\n", inputs.size());
}
