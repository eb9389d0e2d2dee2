// SPDX-License-Identifier: Apache-2.0
//
// Promise 4: the engine never touches an item after its function started. Each item here lies on a page of its own,
// which its function takes away: a touch is a segmentation fault, with any compiler and without a sanitizer.
#include "support/gate.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <gtest/gtest.h>
#include <memory>
#include <new>
#include <stdexcept>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

std::size_t page_size() {
    return static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

/// Makes its own memory inaccessible, first thing.
struct vanishing : cmwq::work<vanishing> {
    static vanishing* make(std::atomic<int>& gone, void (*then)() = nullptr) {
        void* page = mmap(nullptr, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return page == MAP_FAILED ? nullptr : new (page) vanishing{gone, then};
    }
    static void run(vanishing* self) {
        std::atomic<int>& counter = self->gone;
        void (*after)() = self->then;
        munmap(self, page_size());
        ++counter;
        if (after != nullptr) {
            after();
        }
    }

private:
    vanishing(std::atomic<int>& counter, void (*after)()) : gone{counter}, then{after} {}
    std::atomic<int>& gone;
    void (*then)();
};

void enqueue_vanishing_items(cmwq::queue& wq, int count) {
    std::atomic<int> gone{0};
    for (int i = 0; i < count; ++i) {
        vanishing* item = vanishing::make(gone);
        ASSERT_NE(item, nullptr);
        ASSERT_TRUE(wq.enqueue(item));
    }
    wq.flush();
    EXPECT_EQ(gone, count);
}

TEST(hands_off, item_may_unmap_itself_on_a_per_cpu_queue) {
    enqueue_vanishing_items(cmwq::system(), 2000);
}

TEST(hands_off, item_may_unmap_itself_on_an_unbound_queue) {
    enqueue_vanishing_items(cmwq::system_unbound(), 2000);
}

TEST(hands_off, item_may_unmap_itself_on_a_limited_queue) {
    auto wq = cmwq::make_queue(cmwq::unbound{.name = "limited", .max_active = 3});
    enqueue_vanishing_items(*wq, 2000);
}

TEST(hands_off, item_may_unmap_itself_on_an_ordered_queue) {
    auto wq = cmwq::make_queue(cmwq::ordered{.name = "in order"});
    enqueue_vanishing_items(*wq, 2000);
}

TEST(hands_off, item_may_be_gone_while_its_function_goes_on_and_a_flush_waits) {
    static support::gate inside, way_out;
    auto wq = cmwq::make_queue(cmwq::percpu{.name = "gone"});
    std::atomic<int> gone{0};
    ASSERT_TRUE(wq->enqueue(vanishing::make(gone, [] {
        inside.open();
        way_out.pass();
    })));
    ASSERT_TRUE(inside.pass());
    ASSERT_TRUE(wq->try_spawn([] { way_out.open(); }));
    wq->flush();
    EXPECT_EQ(gone, 1);
}

TEST(hands_off, item_may_be_gone_when_its_function_throws) {
    static std::atomic<int> reports;
    reports = 0;
    cmwq::runtime own{{.on_exception = [](const cmwq::escaped_exception&) noexcept { ++reports; }}};
    std::atomic<int> gone{0};
    for (int i = 0; i < 100; ++i) {
        ASSERT_TRUE(own.system().enqueue(vanishing::make(gone, [] { throw std::runtime_error{"left"}; })));
    }
    own.system().flush();
    EXPECT_EQ(gone, 100);
    EXPECT_EQ(reports, 100);
}

// ---- enqueues itself ----

struct hopping : cmwq::work<hopping> {
    hopping(cmwq::queue& first, cmwq::queue& second, int count) : queues{&first, &second}, left{count} {}
    static void run(hopping& self) {
        if (--self.left > 0) {
            EXPECT_TRUE(self.queues[self.left % 2]->enqueue(self));
        } else {
            self.arrived.open();
        }
    }
    cmwq::queue* queues[2];
    int left;
    support::gate arrived;
};

void hop(cmwq::queue& first, cmwq::queue& second) {
    hopping item{first, second, support::rounds(10'000)};
    ASSERT_TRUE(first.enqueue(item));
    EXPECT_TRUE(item.arrived.pass());
    first.flush();
    second.flush();
    EXPECT_EQ(item.left, 0);
}

TEST(hands_off, item_may_enqueue_itself) {
    hop(cmwq::system(), cmwq::system());
    hop(cmwq::system_unbound(), cmwq::system_unbound());
    auto wq = cmwq::make_queue(cmwq::ordered{.name = "in order"});
    hop(*wq, *wq);
}

TEST(hands_off, item_may_enqueue_itself_to_another_queue) {
    auto wq = cmwq::make_queue(cmwq::ordered{.name = "in order"});
    hop(cmwq::system(), cmwq::system_unbound());
    hop(*wq, cmwq::system());
}

// ---- moves its owner ----

struct travelling : cmwq::work<travelling> {
    using place = std::atomic<travelling*>;
    travelling(place& to, std::atomic<int>& counter) : destination{to}, destroyed{counter} {}
    ~travelling() { ++destroyed; }
    static void run(std::unique_ptr<travelling> self) {
        if (++self->runs == 1) {
            (void)cmwq::system_unbound().enqueue(std::move(self));
        } else {
            place& to = self->destination;
            to.store(self.release());
        }
    }
    place& destination;
    std::atomic<int>& destroyed;
    int runs = 0;
};

TEST(hands_off, item_may_move_its_owner_on_while_it_runs) {
    std::atomic<int> destroyed{0};
    travelling::place place{nullptr};
    for (int i = 0; i < support::rounds(2000); ++i) {
        ASSERT_TRUE(cmwq::system().enqueue(std::make_unique<travelling>(place, destroyed)));
        ASSERT_TRUE(support::eventually([&] { return place.load() != nullptr; }));
        const std::unique_ptr<travelling> arrived{place.exchange(nullptr)};
        EXPECT_EQ(arrived->runs, 2);
        EXPECT_EQ(destroyed, i);
    }
}

}  // namespace
