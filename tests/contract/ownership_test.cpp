// SPDX-License-Identifier: Apache-2.0
//
// Promise 9: every pointer given is run, handed back, or destroyed exactly once, in every path.
#include "support/blocked_queue.hpp"
#include "support/misuse_recorder.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <gtest/gtest.h>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace {

std::atomic<int> made{0}, destroyed{0}, runs{0};

/// Counts itself, and throws where it was told to.
struct counted {
    counted() { ++made; }
    ~counted() { ++destroyed; }
    counted(const counted&) = delete;
    counted& operator=(const counted&) = delete;
    void ran() const {
        ++runs;
        if (throws) {
            throw std::runtime_error{"left"};
        }
    }
    bool throws = false;
};

struct by_arc : counted {
    using pointer = cmwq::arc<by_arc>;
    cmwq::work<by_arc> work;
    CMWQ_HAS_WORK(work);
    static pointer make() { return cmwq::make_arc<by_arc>(); }
    static void run(pointer self) { self->ran(); }
};
struct by_unique : counted {
    using pointer = std::unique_ptr<by_unique>;
    cmwq::work<by_unique> work;
    CMWQ_HAS_WORK(work);
    static pointer make() { return std::make_unique<by_unique>(); }
    static void run(pointer self) { self->ran(); }
};
struct by_shared : counted {
    using pointer = std::shared_ptr<by_shared>;
    cmwq::shared_work<by_shared> work;
    CMWQ_HAS_WORK(work);
    static pointer make() { return std::make_shared<by_shared>(); }
    static void run(pointer self) { self->ran(); }
};

template <class T>
class ownership : public testing::Test {
protected:
    ownership() { made = destroyed = runs = 0; }
    void expect_balance(int items, int run) {
        EXPECT_EQ(made, items);
        EXPECT_EQ(destroyed, items);
        EXPECT_EQ(runs, run);
    }
};
using owners = testing::Types<by_arc, by_unique, by_shared>;
TYPED_TEST_SUITE(ownership, owners);

TYPED_TEST(ownership, of_an_accepted_item_ends_after_its_run) {
    auto wq = cmwq::make_queue(cmwq::percpu{.name = "owners"});
    for (int i = 0; i < 1000; ++i) {
        ASSERT_TRUE(wq->enqueue(TypeParam::make()));
    }
    wq->flush();
    this->expect_balance(1000, 1000);
}

TYPED_TEST(ownership, of_a_queue_that_is_destroyed_ends_after_the_run) {
    {
        support::blocked_queue held;
        for (int i = 0; i < 100; ++i) {
            ASSERT_TRUE(held->enqueue(TypeParam::make()));
        }
        EXPECT_EQ(destroyed, 0);
    }
    this->expect_balance(100, 100);
}

TYPED_TEST(ownership, comes_back_from_a_draining_queue) {
    {
        const support::misuse_recorder recorder;
        support::blocked_queue held;
        std::jthread drainer{[&] { held->drain(); }};
        ASSERT_TRUE(support::eventually([&] { return held->try_spawn([] {}).why() == cmwq::refusal::queue_draining; }));
        auto refused = held->enqueue(TypeParam::make());
        EXPECT_EQ(refused.why(), cmwq::refusal::queue_draining);
        auto back = refused.take_back();
        EXPECT_NE(back, nullptr);
        EXPECT_EQ(refused.take_back(), nullptr);
        EXPECT_EQ(destroyed, 0);
        { (void)held->enqueue(TypeParam::make()); }  // nobody asks for it: let go with the result
        EXPECT_EQ(destroyed, 1);
        held.open();
    }
    this->expect_balance(2, 0);
}

TYPED_TEST(ownership, ends_when_the_function_throws) {
    {
        cmwq::runtime own{{.on_exception = [](const cmwq::escaped_exception&) noexcept {}}};
        for (int i = 0; i < 100; ++i) {
            auto item = TypeParam::make();
            item->throws = i % 2 == 0;
            ASSERT_TRUE(own.system().enqueue(std::move(item)));
        }
        own.system().flush();
        EXPECT_EQ(destroyed, 100);
    }
    this->expect_balance(100, 100);
}

TYPED_TEST(ownership, of_items_in_a_runtime_that_ends) {
    {
        cmwq::runtime own;
        for (int i = 0; i < 1000; ++i) {
            ASSERT_TRUE(own.system_unbound().enqueue(TypeParam::make()));
        }
    }
    this->expect_balance(1000, 1000);
}

template <class T>
class shared_ownership : public ownership<T> {};
using shared_owners = testing::Types<by_arc, by_shared>;
TYPED_TEST_SUITE(shared_ownership, shared_owners);

TYPED_TEST(shared_ownership, comes_back_when_the_item_is_pending) {
    {
        support::blocked_queue held;
        auto item = TypeParam::make();
        ASSERT_TRUE(held->enqueue(item));
        auto refused = held->enqueue(item);
        EXPECT_EQ(refused.why(), cmwq::refusal::already_pending);
        EXPECT_EQ(refused.take_back(), item);
        item = nullptr;
        { (void)held->enqueue(TypeParam::make()); }
    }
    this->expect_balance(2, 2);
}

/// Many threads enqueue the same few items with owners of their own: each owner is either run or comes back.
template <class T>
class contended_ownership : public ownership<T> {};
using contended_owners = testing::Types<by_arc, by_shared>;
TYPED_TEST_SUITE(contended_ownership, contended_owners);

TYPED_TEST(contended_ownership, of_items_enqueued_from_everywhere_is_counted_to_the_last) {
    std::atomic<int> accepted{0};
    {
        auto wq = cmwq::make_queue(cmwq::unbound{.name = "shared"});
        std::vector<typename TypeParam::pointer> items;
        for (int i = 0; i < 8; ++i) {
            items.push_back(TypeParam::make());
        }
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([&, t] {
                for (int i = 0; i < support::rounds(20'000); ++i) {
                    cmwq::queue& target = (i + t) % 2 == 0 ? *wq : cmwq::system();
                    accepted += target.enqueue(items[static_cast<std::size_t>(i * 7 + t) % 8]) ? 1 : 0;
                }
            });
        }
        threads.clear();
        wq->flush();
        cmwq::system().flush();
    }
    this->expect_balance(8, accepted);
}

// ---- spawned functions ----

struct counted_function {
    counted_function() { ++made; }
    counted_function(counted_function&& from) noexcept : moved_from{std::exchange(from.moved_from, true)} { ++made; }
    ~counted_function() { ++destroyed; }
    void operator()() const { ++runs; }
    bool moved_from = false;
};

using spawned_functions = ownership<void>;

TEST_F(spawned_functions, are_called_and_destroyed_once) {
    auto wq = cmwq::make_queue(cmwq::percpu{.name = "functions"});
    for (int i = 0; i < 1000; ++i) {
        ASSERT_TRUE(wq->try_spawn(counted_function{}));
    }
    wq->flush();
    EXPECT_EQ(runs, 1000);
    EXPECT_EQ(made, destroyed);
}

template <class Counted>
void make_one_and_let_it_go() {
    auto owner = cmwq::make_arc<Counted>();
    owner = {};
    EXPECT_EQ(made, destroyed) << "assigned";
    owner = cmwq::make_arc<Counted>();
    auto second = cmwq::make_arc<Counted>();
    second = owner;
    owner = nullptr;
    EXPECT_EQ(made, destroyed + 1) << "one is left, and one owner";
}

TEST(arc_assignment, lets_the_former_object_go_in_a_template_too) {
    made = destroyed = 0;
    make_one_and_let_it_go<by_arc>();
    EXPECT_EQ(made, 3);
    EXPECT_EQ(made, destroyed);
}

TEST_F(spawned_functions, stay_with_their_caller_when_refused) {
    const support::misuse_recorder recorder;
    support::blocked_queue held;
    std::jthread drainer{[&] { held->drain(); }};
    ASSERT_TRUE(support::eventually([&] { return held->try_spawn([] {}).why() == cmwq::refusal::queue_draining; }));
    {
        counted_function mine;
        EXPECT_EQ(held->try_spawn(std::move(mine)).why(), cmwq::refusal::queue_draining);
        EXPECT_FALSE(mine.moved_from);
    }
    held.open();
    EXPECT_EQ(runs, 0);
    EXPECT_EQ(made, destroyed);
}

}  // namespace
