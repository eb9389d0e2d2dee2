// SPDX-License-Identifier: Apache-2.0
//
// F11: an item ends its worker's thread (pthread_exit, pthread_cancel). No guarantee is given but this: the program
// ends by a signal and says so, it does not hang. docs/guide/fork-and-shutdown.md.
#include "support/gate.hpp"

#include <cmwq/cmwq.hpp>

#include <csignal>
#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>

namespace {

void run_in_an_item(void (*body)()) {
    alarm(static_cast<unsigned>(support::patience().count() / 1000));  // a hang is another signal than the one expected
    (void)cmwq::system().try_spawn([body] { body(); });
    cmwq::system().flush();
}

TEST(thread_end_in_item, by_pthread_exit_ends_the_program) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(run_in_an_item([] { pthread_exit(nullptr); }), testing::KilledBySignal(SIGABRT), "");
}

TEST(thread_end_in_item, by_cancellation_ends_the_program) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(run_in_an_item([] {
                    pthread_cancel(pthread_self());
                    pthread_testcancel();
                }),
                testing::KilledBySignal(SIGABRT), "");
}

}  // namespace
