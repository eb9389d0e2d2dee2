// SPDX-License-Identifier: Apache-2.0
//
// What happens to misuse that nobody handles: a debug build of the library prints and aborts; a release build prints
// once for each place and carries on. The tests are built as the library is, so NDEBUG says which of the two holds.
#include "support/gate.hpp"
#include "support/own_process.hpp"

#include <cmwq/cmwq.hpp>

#include <algorithm>
#include <cstdio>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace {

struct item : cmwq::work<item> {
    static void run(item&) {}
};

void enqueue_nothing() {
    (void)cmwq::system().enqueue(static_cast<item*>(nullptr));
}

class default_handler : public testing::Test {
protected:
    default_handler() {
        GTEST_FLAG_SET(death_test_style, "threadsafe");
        cmwq::set_misuse_handler(nullptr);
    }
};

// ---- what ends the program in every build ----

TEST_F(default_handler, destroying_the_own_queue_ends_the_program) {
    const auto destroy_own_queue = [] {
        struct destroyer : cmwq::work<destroyer> {
            destroyer() : work{"destroyer"} {}
            static void run(destroyer& self) { self.wq = {}; }
            cmwq::owned_queue wq = cmwq::make_queue(cmwq::percpu{.name = "destroyed"});
        } one;
        cmwq::queue& wq = *one.wq;
        (void)wq.enqueue(one);
        support::gate never;
        never.pass();
    };
    EXPECT_DEATH(destroy_own_queue(), "misuse 8: .*destroys the queue.*\"destroyer\".*\"destroyed\"");
}

TEST_F(default_handler, destroying_a_runtime_with_live_queues_ends_the_program) {
    const auto destroy_runtime = [] {
        cmwq::owned_queue survivor;
        const cmwq::runtime own;
        survivor = const_cast<cmwq::runtime&>(own).make_queue(cmwq::percpu{.name = "survivor"});
    };
    EXPECT_DEATH(destroy_runtime(), "misuse 10: .*\"survivor\"");
}

TEST_F(default_handler, ends_the_program_after_fatal_misuse_although_a_handler_returns) {
    const auto destroy_runtime = [] {
        cmwq::set_misuse_handler([](const cmwq::misuse&) noexcept { std::fputs("handled\n", stderr); });
        cmwq::owned_queue survivor;
        const cmwq::runtime own;
        survivor = const_cast<cmwq::runtime&>(own).make_queue(cmwq::percpu{.name = "survivor"});
    };
    EXPECT_DEATH(destroy_runtime(), "handled");
}

// ---- everything else ----

#if !defined(NDEBUG)

TEST_F(default_handler, prints_code_names_and_place_and_aborts) {
    EXPECT_EXIT(enqueue_nothing(), testing::KilledBySignal(SIGABRT),
                "misuse 9: .*queue \"events\".*default_handler_test.cpp:[0-9]+ in enqueue_nothing");
    EXPECT_EXIT((void)cmwq::make_queue(cmwq::percpu{.name = "a", .max_active = -1}), testing::KilledBySignal(SIGABRT),
                "misuse 2: .*queue \"a\"");
}

#else

std::ptrdiff_t lines_with(const std::string& text, const std::string& part) {
    std::ptrdiff_t count = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++count;
    }
    return count;
}

TEST_F(default_handler, prints_each_place_once_and_carries_on) {
    if (support::plays("misuser")) {
        for (int i = 0; i < 5; ++i) {
            enqueue_nothing();
        }
        for (int i = 0; i < 5; ++i) {
            (void)cmwq::system_long().enqueue(static_cast<item*>(nullptr));
        }
        return;
    }
    const auto child = support::run_alone("default_handler.prints_each_place_once_and_carries_on", "misuser");
    EXPECT_TRUE(child.exited && child.status == 0) << child.output;
    EXPECT_EQ(lines_with(child.output, "misuse 9"), 2) << child.output;
    EXPECT_EQ(lines_with(child.output, "queue \"events\""), 1) << child.output;
    EXPECT_EQ(lines_with(child.output, "queue \"events_long\""), 1) << child.output;
    EXPECT_EQ(lines_with(child.output, "default_handler_test.cpp:"), 2) << child.output;
    EXPECT_EQ(lines_with(child.output, "in enqueue_nothing"), 1) << child.output;
}

// The list of known places has a fixed size: what is beyond it is better said too often than never.
TEST_F(default_handler, prints_each_time_what_comes_from_the_places_beyond_the_64th) {
    if (support::plays("misuser at many places")) {
        for (int round = 0; round < 2; ++round) {
            for (unsigned line = 1; line <= 66; ++line) {
                cmwq::detail::report_misuse(cmwq::misuse_code::null_item, nullptr, nullptr, {"many", "places", line});
            }
        }
        return;
    }
    const auto child = support::run_alone("default_handler.prints_each_time_what_comes_from_the_places_beyond_the_64th",
                                          "misuser at many places");
    EXPECT_TRUE(child.exited && child.status == 0) << child.output;
    EXPECT_EQ(lines_with(child.output, "at many:64 in places"), 1) << child.output;
    EXPECT_EQ(lines_with(child.output, "at many:65 in places"), 2) << child.output;
    EXPECT_EQ(lines_with(child.output, "misuse 9"), 68) << child.output;
}

#endif

}  // namespace
