// SPDX-License-Identifier: Apache-2.0
#include <cmwq/cmwq.hpp>

#include "unit/held_queue.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <new>
#include <stdexcept>
#include <utility>

namespace {

using unit::held_queue;
using unit::tracked;

class try_spawn_test : public testing::Test {
protected:
    void TearDown() override { EXPECT_EQ(tracked::alive, 0); }
};

/// An allocator that counts, and has no memory when told so.
struct ledger {
    int allocations = 0;
    int releases = 0;
    bool empty = false;
};

template <class T>
struct counting_allocator {
    using value_type = T;
    explicit counting_allocator(ledger& l) noexcept : book{&l} {}
    template <class U>
    counting_allocator(const counting_allocator<U>& other) noexcept : book{other.book} {}
    T* allocate(std::size_t n) {
        if (book->empty) {
            throw std::bad_alloc{};
        }
        ++book->allocations;
        return std::allocator<T>{}.allocate(n);
    }
    void deallocate(T* p, std::size_t n) noexcept {
        ++book->releases;
        std::allocator<T>{}.deallocate(p, n);
    }
    bool operator==(const counting_allocator&) const = default;

    ledger* book;
};

TEST_F(try_spawn_test, function_runs_once) {
    std::atomic<int> calls{0};
    held_queue q;
    EXPECT_TRUE(q->try_spawn([&calls] { ++calls; }));
    EXPECT_EQ(calls, 0);
    q.finish();
    EXPECT_EQ(calls, 1);
}

TEST_F(try_spawn_test, move_only_function_is_taken) {
    std::atomic<int> seen{0};
    held_queue q;
    auto value = std::make_unique<int>(7);
    EXPECT_TRUE(q->try_spawn([&seen, value = std::move(value)] { seen = *value; }));
    q.finish();
    EXPECT_EQ(seen, 7);
}

TEST_F(try_spawn_test, function_given_as_an_lvalue_is_copied) {
    std::atomic<int> sum{0};
    const auto value = std::make_shared<int>(5);
    const auto add = [&sum, value] { sum += *value; };
    held_queue q;
    EXPECT_TRUE(q->try_spawn(add));
    EXPECT_TRUE(q->try_spawn(add));
    EXPECT_EQ(value.use_count(), 4);
    q.finish();
    EXPECT_EQ(sum, 10);
    EXPECT_EQ(value.use_count(), 2);
}

std::atomic<int> plain_calls{0};
void plain() {
    ++plain_calls;
}

TEST_F(try_spawn_test, plain_function_is_taken_by_name) {
    plain_calls = 0;
    held_queue q;
    EXPECT_TRUE(q->try_spawn(plain));
    EXPECT_TRUE(q->try_spawn(&plain));
    q.finish();
    EXPECT_EQ(plain_calls, 2);
}

TEST_F(try_spawn_test, function_is_destroyed_after_its_call) {
    held_queue q;
    EXPECT_TRUE(q->try_spawn([part = tracked{}] { EXPECT_EQ(tracked::alive, 1); }));
    EXPECT_EQ(tracked::alive, 1);
    q.finish();
    EXPECT_EQ(tracked::alive, 0);
}

TEST_F(try_spawn_test, over_aligned_function_is_aligned) {
    struct alignas(128) aligned {
        std::atomic<std::uintptr_t>* address;
        void operator()() const { *address = reinterpret_cast<std::uintptr_t>(this); }
    };
    std::atomic<std::uintptr_t> address{1};
    held_queue q;
    EXPECT_TRUE(q->try_spawn(aligned{&address}));
    q.finish();
    EXPECT_EQ(address % 128, 0U);
}

TEST_F(try_spawn_test, function_of_any_size_is_taken) {
    std::atomic<int> seen{0};
    struct large {
        char bytes[5000];
    };
    auto data = std::make_unique<large>();
    data->bytes[4999] = 9;
    held_queue q;
    EXPECT_TRUE(q->try_spawn([copy = *data, &seen] { seen = copy.bytes[4999]; }));
    q.finish();
    EXPECT_EQ(seen, 9);
}

TEST_F(try_spawn_test, refused_function_stays_with_its_caller) {
    std::atomic<int> seen{0};
    auto f = [&seen, value = std::make_unique<int>(3)] { seen = *value; };
    {
        unit::draining_queue q;
        const auto result = q->try_spawn(std::move(f));
        EXPECT_EQ(result.why(), cmwq::refusal::queue_draining);
    }
    f();
    EXPECT_EQ(seen, 3);
}

TEST_F(try_spawn_test, function_without_memory_stays_with_its_caller) {
    ledger book{.empty = true};
    std::atomic<int> seen{0};
    auto f = [&seen, value = std::make_unique<int>(3)] { seen = *value; };
    held_queue q;
    const auto result = q->try_spawn(std::allocator_arg, counting_allocator<int>{book}, std::move(f));
    EXPECT_EQ(result.why(), cmwq::refusal::no_memory);
    f();
    EXPECT_EQ(seen, 3);
}

TEST_F(try_spawn_test, memory_resource_without_memory_is_no_memory) {
    held_queue q;
    std::pmr::polymorphic_allocator<> none{std::pmr::null_memory_resource()};
    EXPECT_EQ(q->try_spawn(std::allocator_arg, none, [] {}).why(), cmwq::refusal::no_memory);
}

TEST_F(try_spawn_test, allocator_gives_one_block_and_gets_it_back) {
    ledger book;
    held_queue q;
    EXPECT_TRUE(q->try_spawn(std::allocator_arg, counting_allocator<int>{book}, [part = tracked{}] {}));
    EXPECT_EQ(book.allocations, 1);
    EXPECT_EQ(book.releases, 0);
    q.finish();
    EXPECT_EQ(book.releases, 1);
}

TEST_F(try_spawn_test, allocator_gets_the_block_back_after_a_refusal) {
    ledger book;
    unit::draining_queue q;
    EXPECT_FALSE(q->try_spawn(std::allocator_arg, counting_allocator<int>{book}, [part = tracked{}] {}));
    EXPECT_EQ(book.allocations, book.releases);
}

/// A function whose copy throws when told so; it has no cheaper move.
struct throws_when_copied {
    throws_when_copied(std::atomic<int>& c, bool t) : calls{&c}, throws{t} {}
    throws_when_copied(const throws_when_copied& other) : calls{other.calls}, throws{other.throws} {
        if (throws) {
            throw std::runtime_error{"no copy"};
        }
    }
    void operator()() const { ++*calls; }

    tracked part;
    std::atomic<int>* calls;
    bool throws;
};

TEST_F(try_spawn_test, function_whose_copy_may_throw_runs) {
    std::atomic<int> calls{0};
    held_queue q;
    EXPECT_TRUE(q->try_spawn(throws_when_copied{calls, false}));
    q.finish();
    EXPECT_EQ(calls, 1);
}

TEST_F(try_spawn_test, what_a_copy_throws_passes_through_and_nothing_runs) {
    std::atomic<int> calls{0};
    held_queue q;
    const throws_when_copied f{calls, true};
    EXPECT_THROW((void)q->try_spawn(f), std::runtime_error);
    EXPECT_THROW((void)q->try_spawn(throws_when_copied{calls, true}), std::runtime_error);
    q.finish();
    EXPECT_EQ(calls, 0);
}

TEST_F(try_spawn_test, only_a_function_that_may_throw_when_taken_makes_it_throw) {
    const auto harmless = [] {};
    cmwq::queue& q = cmwq::system();
    static_assert(noexcept(q.try_spawn(harmless)));
    static_assert(!noexcept(q.try_spawn(std::declval<throws_when_copied>())));
    EXPECT_TRUE(q.try_spawn(harmless));
    q.flush();
}

TEST_F(try_spawn_test, function_may_spawn_from_inside) {
    std::atomic<int> depth{0};
    auto q = cmwq::make_queue(cmwq::unbound{.name = "nest"});
    ASSERT_TRUE(q);
    cmwq::queue& on = *q;
    EXPECT_TRUE(on.try_spawn([&depth, &on] {
        ++depth;
        EXPECT_TRUE(on.try_spawn([&depth] { ++depth; }));
    }));
    on.drain();
    EXPECT_EQ(depth, 2);
}

}  // namespace
