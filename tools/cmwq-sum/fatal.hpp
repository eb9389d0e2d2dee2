// SPDX-License-Identifier: Apache-2.0
//
// The end of the program when nothing sensible can follow: no memory for a queue, no thread to run it.
#pragma once

#include "exit_status.hpp"

#include <cstdio>
#include <cstdlib>

namespace cmwq_sum {

/// Does not run destructors: the queues' would wait for items that cannot go on.
[[noreturn]] inline void fatal(const char* sentence) {
    std::fprintf(stderr, "cmwq-sum: %s\n", sentence);
    std::_Exit(exit_output_failed);
}

}  // namespace cmwq_sum
