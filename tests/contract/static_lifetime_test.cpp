// SPDX-License-Identifier: Apache-2.0
//
// The system queues work before main and after it: from static constructors and destructors. The objects below act only
// in a process of their own.
#include "support/own_process.hpp"

#include <cmwq/cmwq.hpp>

#include <cstdio>
#include <gtest/gtest.h>

namespace {

int runs = 0;  // constant-initialised and never destroyed, as the queues are

void enqueue_and_flush(const char* when) {
    for (cmwq::queue* wq : {&cmwq::system(), &cmwq::system_unbound()}) {
        if (!wq->try_spawn([] { ++runs; })) {
            std::puts("refused");
        }
        wq->flush();
    }
    std::printf("%s: %d\n", when, runs);
    std::fflush(stdout);
}

struct before_and_after_main {
    before_and_after_main() {
        if (support::plays("static objects")) {
            enqueue_and_flush("constructor");
        }
    }
    ~before_and_after_main() {
        if (support::plays("static objects")) {
            enqueue_and_flush("destructor");
        }
    }
};
const before_and_after_main acting;

/// Never destroyed, so that it may run, or not, while the process ends.
struct lasting_item : cmwq::work<lasting_item> {
    static void run(lasting_item&) {}
};
lasting_item items[10'000];

/// Leaves an item to the end of the process.
struct leaves_an_item_behind {
    leaves_an_item_behind() = default;
    ~leaves_an_item_behind() { (void)cmwq::system().enqueue(items[0]); }
};

TEST(static_lifetime, queues_work_in_static_constructors_and_destructors) {
    const auto child = support::run_alone("-*", "static objects");
    EXPECT_TRUE(child.exited) << child.status << child.output;
    EXPECT_NE(child.output.find("constructor: 2"), std::string::npos) << child.output;
    EXPECT_NE(child.output.find("destructor: 4"), std::string::npos) << child.output;
    EXPECT_EQ(child.output.find("refused"), std::string::npos) << child.output;
}

TEST(static_lifetime, process_may_end_with_items_under_way) {
    if (!support::plays("ends early")) {
        return support::expect_to_pass_alone("ends early");
    }
    static const leaves_an_item_behind late;
    for (lasting_item& item : items) {
        (void)cmwq::system().enqueue(item);
    }
}

TEST(static_lifetime, own_runtime_may_be_a_static_object) {
    if (!support::plays("static runtime")) {
        return support::expect_to_pass_alone("static runtime");
    }
    static cmwq::runtime own;
    static auto wq = own.make_queue(cmwq::ordered{.name = "static"});
    for (int i = 0; i < 1000; ++i) {
        (void)wq->try_spawn([] {});
    }
}

}  // namespace
