// SPDX-License-Identifier: Apache-2.0
#include "engine/block_cache.hpp"

#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>
#include <thread>
#include <utility>
#include <vector>

namespace {

using cmwq::engine::block_cache;

constexpr std::size_t align = 16;

/// Keeps the calling thread where its shelf is.
class block_cache_test : public testing::Test {
protected:
    void SetUp() override {
        blocks.clear();
        cmwq::platform::pin_thread(cmwq::platform::current_thread_id(), 0);
    }
    void TearDown() override {
        blocks.clear();
        cmwq::platform::pin_thread(cmwq::platform::current_thread_id(), -1);
    }

    std::vector<void*> take(std::size_t count, std::size_t size) {
        std::vector<void*> taken(count);
        for (void*& block : taken) {
            block = blocks.allocate(size, align);
            std::memset(block, 0x5a, size);
        }
        return taken;
    }
    void give_back(const std::vector<void*>& taken, std::size_t size) {
        for (void* block : taken) blocks.release(block, size, align);
    }

    block_cache& blocks = block_cache::instance();
};

TEST_F(block_cache_test, gives_the_block_again_that_came_back_last) {
    void* first = blocks.allocate(40, align);
    blocks.release(first, 40, align);
    EXPECT_EQ(blocks.allocate(64, align), first) << "of the same size class";
    blocks.release(first, 64, align);
}

TEST_F(block_cache_test, does_not_mix_sizes) {
    void* small = blocks.allocate(64, align);
    blocks.release(small, 64, align);
    for (const std::size_t size : {65, 128, 129, 256, 257}) {
        void* other = blocks.allocate(size, align);
        EXPECT_NE(other, small);
        std::memset(other, 1, size);
        blocks.release(other, size, align);
    }
}

TEST_F(block_cache_test, never_gives_a_block_twice) {
    give_back(take(1'000, 64), 64);
    std::vector<void*> again = take(2'000, 64);
    std::sort(again.begin(), again.end());
    EXPECT_EQ(std::adjacent_find(again.begin(), again.end()), again.end());
    give_back(again, 64);
}

TEST_F(block_cache_test, blocks_that_ended_on_another_cpu_come_back_through_the_store) {
    if (cmwq::platform::discover_topology().nr_cpus < 2) GTEST_SKIP() << "needs two CPUs";
    std::vector<void*> sent = take(1'000, 64);
    std::thread{[&] {
        cmwq::platform::pin_thread(cmwq::platform::current_thread_id(), 1);
        give_back(sent, 64);
    }}.join();
    std::sort(sent.begin(), sent.end());
    const std::vector<void*> again = take(500, 64);
    const auto was_sent = [&](void* block) { return std::binary_search(sent.begin(), sent.end(), block); };
    EXPECT_EQ(std::count_if(again.begin(), again.end(), was_sent), 500);
    give_back(again, 64);
}

TEST_F(block_cache_test, what_is_large_or_strictly_aligned_goes_to_the_heap) {
    for (const auto& [size, how] : {std::pair<std::size_t, std::size_t>{257, 16}, {64, 64}, {1 << 20, 4096}}) {
        void* block = blocks.allocate(size, how);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % how, 0u);
        std::memset(block, 1, size);
        blocks.release(block, size, how);
    }
}

}  // namespace
