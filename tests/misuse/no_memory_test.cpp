// SPDX-License-Identifier: Apache-2.0
//
// No misuse, but what goes wrong all the same: no memory for a spawned function, a queue, or a runtime's pools. The
// allocation functions without exceptions are replaced in this program, so that they fail on request.
#include "support/patience.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <cstdlib>
#include <gtest/gtest.h>
#include <memory>
#include <new>

namespace {

thread_local bool no_memory = false;

/// While it exists, allocations of this thread fail.
struct without_memory {
    without_memory() { no_memory = true; }
    ~without_memory() { no_memory = false; }
};

}  // namespace

// On top of the throwing forms, so that the ordinary deallocation functions fit, those of a sanitizer included.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    if (no_memory) {
        return nullptr;
    }
    try {
        return ::operator new(size);
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

void* operator new(std::size_t size, std::align_val_t align, const std::nothrow_t&) noexcept {
    if (no_memory) {
        return nullptr;
    }
    try {
        return ::operator new(size, align);
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

namespace {

class without_any_memory : public testing::Test {
protected:
    without_any_memory() { cmwq::system().flush(); }
};

TEST_F(without_any_memory, spawn_is_refused_and_the_function_stays_with_its_caller) {
    std::atomic<int> runs{0};
    auto owner = std::make_unique<int>(42);
    auto function = [&runs, mine = std::move(owner)] { runs += *mine; };
    {
        const without_memory now;
        const cmwq::spawn_result refused = cmwq::system().try_spawn(std::move(function));
        EXPECT_FALSE(refused);
        EXPECT_EQ(refused.why(), cmwq::refusal::no_memory);
    }
    function();  // NOLINT(bugprone-use-after-move): refused means not moved from
    EXPECT_EQ(runs, 42);
    EXPECT_TRUE(cmwq::system().try_spawn(std::move(function)));
    cmwq::system().flush();
    EXPECT_EQ(runs, 84);
}

TEST_F(without_any_memory, enqueue_goes_on_once_the_queue_is_in_use) {
    struct item : cmwq::work<item> {
        static void run(item& self) { ++self.runs; }
        int runs = 0;
    } one;
    for (cmwq::queue* wq : {&cmwq::system(), &cmwq::system_unbound()}) {
        ASSERT_TRUE(wq->enqueue(one));
        wq->flush();
        const without_memory now;
        EXPECT_TRUE(wq->enqueue(one));
        wq->flush();
    }
    EXPECT_EQ(one.runs, 4);
}

TEST_F(without_any_memory, queue_is_not_made_and_nothing_leaks) {
    cmwq::runtime own;
    {
        const without_memory now;
        EXPECT_FALSE(own.make_queue(cmwq::percpu{.name = "none"}));
        EXPECT_FALSE(own.make_queue(cmwq::ordered{.name = "none"}));
        EXPECT_EQ(own.system().try_spawn([] {}).why(), cmwq::refusal::no_memory);
    }
    EXPECT_TRUE(own.make_queue(cmwq::percpu{.name = "one"}));
}

TEST_F(without_any_memory, first_enqueue_to_a_runtime_is_refused_and_a_later_one_accepted) {
    struct item : cmwq::work<item> {
        static void run(item& self) { ++self.runs; }
        int runs = 0;
    } one;
    cmwq::runtime own;
    {
        const without_memory now;
        EXPECT_FALSE(own.system().enqueue(one));
        EXPECT_FALSE(one.pending());
    }
    EXPECT_TRUE(own.system().enqueue(one));
    own.system().flush();
    EXPECT_EQ(one.runs, 1);
}

TEST_F(without_any_memory, runtime_throws) {
    const without_memory now;
    EXPECT_THROW(cmwq::runtime{}, std::bad_alloc);
}

}  // namespace
