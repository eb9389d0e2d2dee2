// SPDX-License-Identifier: Apache-2.0
//
// Items with their own function: they coalesce, and their end cancels and waits.
#include "support/blocked_queue.hpp"
#include "support/gate.hpp"
#include "support/when_waiting.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace {

class cache {
public:
    explicit cache(cmwq::queue& wq) : flush_{wq, "cache::flush", [this] { ++flushes; }}, evict_{wq, this} {}
    void put() { flush_.enqueue(); }
    void shrink() { evict_.enqueue(); }
    std::atomic<int> flushes{0}, evictions{0};

private:
    void evict() { ++evictions; }
    cmwq::scoped_work<> flush_;
    cmwq::bound_work<&cache::evict> evict_;
};
static_assert(sizeof(cmwq::scoped_work<>) == 64 && sizeof(cmwq::bound_work<&support::gate::open>) == 48);

TEST(scoped_work, runs_once_for_all_enqueues_before_its_run) {
    support::blocked_queue held;
    cache it{*held};
    for (int i = 0; i < 10; ++i) {
        it.put();
        it.shrink();
    }
    held.finish();
    EXPECT_EQ(it.flushes, 1);
    EXPECT_EQ(it.evictions, 1);
    it.put();
    held.finish();
    EXPECT_EQ(it.flushes, 2);
}

TEST(scoped_work, is_cancelled_by_its_destructor) {
    support::blocked_queue held;
    std::atomic<int> runs{0};
    {
        cmwq::scoped_work local{*held, [&runs, text = std::string{"any function, of any size, with a destructor"}] {
                                    runs += static_cast<int>(text.size());
                                }};
        EXPECT_TRUE(local.enqueue());
        EXPECT_FALSE(local.enqueue());
        EXPECT_TRUE(local.pending());
        cache it{*held};
        it.put();
    }
    held.finish();
    EXPECT_EQ(runs, 0);
}

TEST(scoped_work, destructor_waits_for_its_running_function) {
    support::gate started, let_go;
    std::atomic<bool> ended{false};
    std::optional<support::when_maker_waits> opener;  // outlives what it opens
    {
        cmwq::scoped_work<> slow{cmwq::system_unbound(), [&] {
                                     started.open();
                                     let_go.pass();
                                     ended = true;
                                 }};
        ASSERT_TRUE(slow.enqueue());
        ASSERT_TRUE(started.pass());
        opener.emplace([&] { let_go.open(); });
    }
    EXPECT_TRUE(ended);
}

TEST(scoped_work, that_enqueues_itself_for_ever_ends_with_its_object) {
    std::atomic<long> runs{0};
    {
        struct restless {
            explicit restless(std::atomic<long>& count) : runs{&count} {}
            std::atomic<long>* runs;
            cmwq::scoped_work<> work{cmwq::system(), [this] {
                                         ++*runs;
                                         work.enqueue();
                                     }};
        } endless{runs};
        endless.work.enqueue();
        ASSERT_TRUE(support::eventually([&] { return runs > 100; }));
    }
    const long stopped = runs;
    cmwq::system().flush();
    EXPECT_EQ(runs, stopped);
}

TEST(scoped_work, may_end_its_own_object_and_uses_its_captures_afterwards) {
    struct self_ending {
        explicit self_ending(std::atomic<int>& count)
            : work{cmwq::system(), [this, counter = &count] {
                       work.enqueue();
                       delete this;
                       ++*counter;
                   }} {}
        cmwq::scoped_work<> work;
    };
    std::atomic<int> ended{0};
    auto* it = new self_ending{ended};
    ASSERT_TRUE(it->work.enqueue());
    EXPECT_TRUE(support::eventually([&] { return ended == 1; }));
    cmwq::system().flush();
    EXPECT_EQ(ended, 1);
}

TEST(scoped_work, has_the_name_that_it_was_given) {
    static std::atomic<const char*> named{nullptr}, unnamed{nullptr}, bound{nullptr};
    struct probe {
        void look() { bound = cmwq::this_worker::current()->name(); }
    } at;
    {
        cmwq::scoped_work one{cmwq::system(), "a name", [] { named = cmwq::this_worker::current()->name(); }};
        cmwq::scoped_work two{cmwq::system(), [] { unnamed = cmwq::this_worker::current()->name(); }};
        cmwq::bound_work<&probe::look> three{cmwq::system(), "probe::look", &at};
        one.enqueue();
        two.enqueue();
        three.enqueue();
        one.flush();
        two.flush();
        three.flush();
    }
    EXPECT_EQ(std::string_view{named}, "a name");
    EXPECT_EQ(std::string_view{unnamed}, "scoped_work");
    EXPECT_EQ(std::string_view{bound}, "probe::look");
}

TEST(scoped_work, takes_methods_of_all_kinds) {
    struct probe {
        void ordinary() { ++*runs; }
        void that_throws_nothing() noexcept { ++*runs; }
        int that_changes_nothing() const { return ++*runs; }
        std::atomic<int>* runs;
    };
    std::atomic<int> runs{0};
    probe at{&runs};
    {
        cmwq::bound_work<&probe::ordinary> one{cmwq::system(), &at};
        cmwq::bound_work<&probe::that_throws_nothing> two{cmwq::system(), &at};
        cmwq::bound_work<&probe::that_changes_nothing> three{cmwq::system(), &at};
        EXPECT_TRUE(one.enqueue() && two.enqueue() && three.enqueue());
        EXPECT_TRUE(support::eventually([&] { return runs == 3; }));
    }
    EXPECT_EQ(runs, 3);
}

TEST(scoped_work, disable_shuts_it_out) {
    std::atomic<int> runs{0};
    cmwq::scoped_work work{cmwq::system(), [&] { ++runs; }};
    EXPECT_FALSE(work.disable_sync());
    EXPECT_FALSE(work.enqueue());
    EXPECT_TRUE(work.enable());
    EXPECT_TRUE(work.enqueue());
    EXPECT_TRUE(work.flush() || runs == 1);
    EXPECT_EQ(runs, 1);
}

}  // namespace
