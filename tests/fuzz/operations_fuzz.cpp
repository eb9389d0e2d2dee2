// SPDX-License-Identifier: Apache-2.0
//
// The libFuzzer target: bytes are operations on the engine, compared with the reference.
#include "fuzz/play.hpp"

#include <cstdio>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto played = fuzz::play({data, size}, {});
    if (!played.outcome.failed) return 0;
    std::fprintf(stderr, "%s\n%s\n", played.outcome.report.c_str(), played.story.c_str());
    std::abort();
}
