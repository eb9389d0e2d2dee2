// SPDX-License-Identifier: Apache-2.0
#include "engine/queue_state.hpp"
#include "engine/registry.hpp"

#include <atomic>
#include <deque>
#include <gtest/gtest.h>
#include <memory>
#include <set>
#include <thread>
#include <vector>

namespace {

using namespace cmwq::engine;

/// A registry of our own, emptied at the end of each test.
class registry_test : public testing::Test {
protected:
    registry_test() { all->add_runtime(); }
    ~registry_test() override { all->remove_runtime(); }

    std::unique_ptr<registry> all = std::make_unique<registry>();
};

TEST_F(registry_test, id_zero_is_nobody) {
    EXPECT_EQ(all->worker_of(0), nullptr);
    EXPECT_EQ(all->queue_of(0), nullptr);
}

TEST_F(registry_test, unknown_ids_lead_to_nobody) {
    EXPECT_EQ(all->worker_of(1), nullptr);
    EXPECT_EQ(all->worker_of(work_word::max_worker), nullptr);
    EXPECT_EQ(all->worker_of(work_word::max_worker + 1), nullptr);
    EXPECT_EQ(all->queue_of(1), nullptr);
    EXPECT_EQ(all->queue_of(work_word::max_queue), nullptr);
}

TEST_F(registry_test, workers_are_found_by_the_ids_they_got) {
    worker* first = all->acquire_worker();
    worker* second = all->acquire_worker();
    ASSERT_NE(first, nullptr);
    ASSERT_NE(second, nullptr);
    EXPECT_EQ(first->id, 1u);
    EXPECT_EQ(second->id, 2u);
    EXPECT_EQ(all->worker_of(1), first);
    EXPECT_EQ(&all->slot_of(2), second);
}

TEST_F(registry_test, released_slot_stays_readable_and_its_item_numbers_go_on) {
    worker* former = all->acquire_worker();
    former->item_number.store(17, std::memory_order_relaxed);
    const worker_id id = former->id;
    all->release_worker(*former);
    EXPECT_EQ(all->worker_of(id), former);
    worker* again = all->acquire_worker();
    EXPECT_EQ(again, former);
    EXPECT_EQ(again->id, id);
    EXPECT_EQ(again->current.load(std::memory_order_relaxed), nullptr);
    // A note for an item of the former life is not mistaken for one of this.
    EXPECT_EQ(again->item_number.load(std::memory_order_relaxed), 17u);
}

TEST_F(registry_test, every_slot_ever_given_out_is_visited) {
    std::set<worker*> given;
    for (int i = 0; i < 10; ++i) {
        given.insert(all->acquire_worker());
    }
    all->release_worker(**given.begin());
    std::set<worker*> visited;
    all->for_each_worker([&](worker& slot) { visited.insert(&slot); });
    EXPECT_EQ(visited, given);
}

TEST_F(registry_test, queues_are_found_by_their_ids_until_removed) {
    const auto first = std::make_unique<cmwq_queue>("first", scope_kind::percpu);
    const auto second = std::make_unique<cmwq_queue>("second", scope_kind::unbound);
    ASSERT_TRUE(all->add_queue(*first));
    ASSERT_TRUE(all->add_queue(*second));
    EXPECT_NE(first->id, 0u);
    EXPECT_NE(first->id, second->id);
    EXPECT_EQ(all->queue_of(first->id), first.get());
    EXPECT_EQ(all->queue_of(second->id), second.get());
    all->remove_queue(*first);
    EXPECT_EQ(all->queue_of(first->id), nullptr);
    EXPECT_EQ(all->queue_of(second->id), second.get());
}

TEST_F(registry_test, lowest_free_queue_id_is_given_out_first) {
    std::deque<cmwq_queue> queues;
    const auto add = [&] {
        EXPECT_TRUE(all->add_queue(queues.emplace_back("queue", scope_kind::percpu)));
        return queues.back().id;
    };
    for (queue_id id = 1; id <= 5; ++id) {
        EXPECT_EQ(add(), id);
    }
    all->remove_queue(queues[3]);
    all->remove_queue(queues[1]);
    EXPECT_EQ(add(), 2u);
    EXPECT_EQ(add(), 4u);
    EXPECT_EQ(add(), 6u);
}

TEST_F(registry_test, ids_go_on_beyond_one_page) {
    std::deque<cmwq_queue> queues;
    for (int i = 0; i < 10'000; ++i) {
        ASSERT_TRUE(all->add_queue(queues.emplace_back("queue", scope_kind::percpu)));
    }
    EXPECT_EQ(queues.back().id, 10'000u);
    EXPECT_EQ(all->queue_of(10'000), &queues.back());
}

TEST_F(registry_test, a_queue_is_not_removed_while_somebody_looks_at_it) {
    cmwq_queue wq{"queue", scope_kind::percpu};
    ASSERT_TRUE(all->add_queue(wq));
    EXPECT_EQ(all->pin_queue(wq.id), &wq);
    std::atomic<bool> removed{false};
    std::thread remover{[&] {
        all->remove_queue(wq);
        removed = true;
    }};
    while (all->pin_queue(wq.id) != nullptr) {
        all->unpin_queue(wq);
        std::this_thread::yield();
    }
    cmwq_queue next{"next", scope_kind::percpu};
    ASSERT_TRUE(all->add_queue(next));
    EXPECT_NE(next.id, wq.id);  // not before everybody has let go of it
    EXPECT_FALSE(removed);
    all->unpin_queue(wq);
    remover.join();
    EXPECT_TRUE(removed);
    EXPECT_EQ(all->queue_of(wq.id), nullptr);
}

TEST_F(registry_test, ids_given_out_on_many_threads_are_different) {
    constexpr int each = 500;
    std::vector<std::deque<cmwq_queue>> queues(4);
    std::vector<std::vector<worker_id>> workers(4);
    {
        std::vector<std::jthread> threads;
        for (std::size_t t = 0; t < 4; ++t) {
            threads.emplace_back([&, t] {
                for (int i = 0; i < each; ++i) {
                    EXPECT_TRUE(all->add_queue(queues[t].emplace_back("queue", scope_kind::percpu)));
                    workers[t].push_back(all->acquire_worker()->id);
                }
            });
        }
    }
    std::set<queue_id> queue_ids;
    std::set<worker_id> worker_ids;
    for (std::size_t t = 0; t < 4; ++t) {
        for (const cmwq_queue& wq : queues[t]) {
            queue_ids.insert(wq.id);
        }
        worker_ids.insert(workers[t].begin(), workers[t].end());
    }
    EXPECT_EQ(queue_ids.size(), 4u * each);
    EXPECT_EQ(worker_ids.size(), 4u * each);
}

TEST_F(registry_test, last_runtime_takes_everything_along) {
    all->add_runtime();
    const auto wq = std::make_unique<cmwq_queue>("queue", scope_kind::percpu);
    (void)all->acquire_worker();
    (void)all->add_queue(*wq);
    all->remove_runtime();
    EXPECT_NE(all->worker_of(1), nullptr);
    all->remove_runtime();
    EXPECT_EQ(all->worker_of(1), nullptr);
    EXPECT_EQ(all->queue_of(1), nullptr);
    all->add_runtime();
    EXPECT_EQ(all->acquire_worker()->id, 1u);
}

}  // namespace
