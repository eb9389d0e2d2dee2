// SPDX-License-Identifier: Apache-2.0
//
// A child of this process, which says by its exit status whether all was well.
#pragma once

#include "support/patience.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace support {

/// What a child says. Not 0: a child that ends in some other way must not look fine.
enum class verdict : int { fine = 42, wrong = 1 };

[[noreturn]] inline void end_child(bool well) {
    _exit(static_cast<int>(well ? verdict::fine : verdict::wrong));
}

/// A child that hangs is ended by the kernel.
inline void begin_child() {
    alarm(static_cast<unsigned>(patience().count() / 1000));
}

/// True: it ended with end_child(true).
inline bool ends_well(pid_t child) {
    int status = 0;
    const bool waited = child > 0 && waitpid(child, &status, 0) == child;
    EXPECT_TRUE(waited);
    EXPECT_FALSE(WIFSIGNALED(status)) << "signal " << WTERMSIG(status);
    return waited && WIFEXITED(status) && WEXITSTATUS(status) == static_cast<int>(verdict::fine);
}

/// Runs `body()` in a child, which never returns into the test; true: it said true.
template <class Body>
bool in_child(Body body) {
    const pid_t child = fork();
    if (child == 0) {
        begin_child();
        end_child(body());
    }
    return ends_well(child);
}

}  // namespace support
