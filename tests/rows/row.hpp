// SPDX-License-Identifier: Apache-2.0
//
// What the row tests share. backend.hpp is that of machine/ or of model/: the same words (show, thread, gate,
// eventually, sleep_for, …) with two meanings.
#pragma once

#include <cmwq/cmwq.hpp>

#include "backend.hpp"
#include "support/misuse_recorder.hpp"

#include <atomic>
#include <gtest/gtest.h>

namespace rows {

using namespace std::chrono_literals;
using cmwq::misuse_code;

/// Counts its runs and finds runs at the same time. Told to, it waits in its function until it is let go.
template <class T, class Work = cmwq::work<T>>
struct watched : Work {
    using Work::Work;

    static void run(T& self) {
        EXPECT_EQ(++self.inside, 1) << "an item runs on one worker at a time";
        step_aside();
        ++self.runs;
        if (self.waits) {
            self.started.open();
            EXPECT_TRUE(self.let_go.pass());
        }
        --self.inside;
    }

    std::atomic<int> runs{0}, inside{0};
    std::atomic<bool> waits{false};
    gate started, let_go;
};

struct item : watched<item> {};
struct delayed_item : watched<delayed_item, cmwq::delayed_work<delayed_item>> {
    using watched::watched;
};

/// Its function has started, and does not end before it is let go.
template <class Item>
void make_it_run(cmwq::queue& wq, Item& it) {
    it.waits = true;
    EXPECT_TRUE(wq.enqueue(it));
    EXPECT_TRUE(it.started.pass());
    it.waits = false;
}

/// Does `body` lead to this misuse, once, and to no other?
template <class Body>
void expect_misuse(misuse_code code, Body body) {
    (void)support::misuse_recorder::take();
    body();
    const auto told = support::misuse_recorder::take();
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0].code, code) << told[0].sentence;
}

}  // namespace rows
