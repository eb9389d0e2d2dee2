// SPDX-License-Identifier: Apache-2.0
//
// Everything at once, for a while: items of every owner on queues of every kind, that free themselves, enqueue
// themselves, block, compute, throw; flushers, drainers, cancellers, limits that change, freezes, and queues that come
// and go. At the end the books balance to the item.
//
//     CMWQ_STRESS_SECONDS=600 CMWQ_STRESS_SEED=7 stress_tests
#include "support/patience.hpp"

#include <cmwq/cmwq.hpp>

#include <array>
#include <atomic>
#include <cstdlib>
#include <gtest/gtest.h>
#include <memory>
#include <random>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace {

using std::chrono::steady_clock;

unsigned number_from(const char* variable, unsigned otherwise) {
    const char* text = std::getenv(variable);
    return text != nullptr ? static_cast<unsigned>(std::strtoul(text, nullptr, 10)) : otherwise;
}

using random_numbers = std::minstd_rand;

/// What one run of the test counts: enqueued must equal run, made must equal destroyed.
struct books {
    std::atomic<long> accepted{0}, refused{0}, runs{0}, cancelled{0}, made{0}, destroyed{0}, thrown{0}, overlaps{0};
};
books counts;

struct counted {
    counted() { counts.made.fetch_add(1, std::memory_order_relaxed); }
    ~counted() { counts.destroyed.fetch_add(1, std::memory_order_relaxed); }
    counted(const counted&) = delete;
    counted& operator=(const counted&) = delete;
};

void note_enqueue(bool accepted) {
    (accepted ? counts.accepted : counts.refused).fetch_add(1, std::memory_order_relaxed);
}

/// What a function does besides being counted. Rarely anything slow.
void behave(unsigned how) {
    counts.runs.fetch_add(1, std::memory_order_relaxed);
    switch (how % 512) {
    case 0: std::this_thread::sleep_for(std::chrono::microseconds{200}); break;
    case 1: std::this_thread::sleep_for(std::chrono::milliseconds{2}); break;
    case 2: std::this_thread::yield(); break;
    case 3: {
        const auto end = steady_clock::now() + std::chrono::microseconds{500};
        while (steady_clock::now() < end) {}
        break;
    }
    case 4: counts.thrown.fetch_add(1, std::memory_order_relaxed); throw std::runtime_error{"stress"};
    default: break;
    }
}

/// Frees itself when its run is over.
struct single : counted {
    explicit single(unsigned h) : how{h} {}
    cmwq::work<single> work;
    CMWQ_HAS_WORK(work);
    static void run(std::unique_ptr<single> self) { behave(self->how); }
    unsigned how;
};

/// Shared, with two works, on two queues at once; enqueues itself from its function while `hops` lasts.
struct twin : counted {
    twin(cmwq::queue& a, cmwq::queue& b, unsigned h) : here{a}, there{b}, how{h}, hops{static_cast<int>(h % 8)} {}
    cmwq::work<twin, 1> first;
    cmwq::work<twin, 2> second;
    CMWQ_HAS_WORK(first);
    CMWQ_HAS_WORK(second);
    template <std::uint64_t Id>
    static void run(cmwq::work_id<Id>, cmwq::arc<twin> self) {
        if (self->hops.fetch_sub(1, std::memory_order_relaxed) > 0) {
            const unsigned how = self->how;
            note_enqueue(static_cast<bool>(self->there.enqueue<Id>(self)));
            behave(how);
        } else {
            behave(self->how);
        }
    }
    using pointer = cmwq::arc<twin>;
    cmwq::queue& here;
    cmwq::queue& there;
    unsigned how;
    std::atomic<int> hops;
};

struct shared : counted {
    explicit shared(unsigned h) : how{h} {}
    cmwq::shared_work<shared> work;
    CMWQ_HAS_WORK(work);
    static void run(std::shared_ptr<shared> self) { behave(self->how); }
    unsigned how;
};

/// One that everybody enqueues everywhere, and that must never run twice at once.
struct popular : cmwq::work<popular> {
    static void run(popular& self) {
        if (self.inside.fetch_add(1) != 0) {
            counts.overlaps.fetch_add(1);
        }
        ++self.plain;
        self.inside.fetch_sub(1);
        behave(self.plain);
    }
    std::atomic<int> inside{0};
    unsigned plain = 0;
};

/// The world of one test: a runtime whose policy is to carry on, and queues of every kind on it.
struct world {
    cmwq::runtime own{{.on_exception = [](const cmwq::escaped_exception&) noexcept {},
                       .idle_worker_timeout = std::chrono::milliseconds{5}}};
    std::array<cmwq::owned_queue, 8> queues{
        own.make_queue(cmwq::percpu{.name = "percpu"}),
        own.make_queue(cmwq::percpu{.name = "percpu 2", .max_active = 2}),
        own.make_queue(cmwq::percpu{.name = "highpri", .highpri = true}),
        own.make_queue(cmwq::unbound{.name = "unbound"}),
        own.make_queue(cmwq::unbound{.name = "unbound 3", .max_active = 3}),
        own.make_queue(cmwq::ordered{.name = "ordered"}),
        own.make_queue(cmwq::percpu{.name = "intensive", .cpu_intensive = true}),
        own.make_queue(cmwq::unbound{.name = "freezable", .freezable = true}),
    };
    std::array<popular, 4> everybodys;
    std::atomic<bool> stop{false};

    cmwq::queue& any(random_numbers& random) { return *queues[random() % queues.size()]; }
    /// Throttles the producers, so that a slow machine does not run out of memory.
    bool full() const { return counts.accepted.load() - counts.runs.load() - counts.cancelled.load() > 20'000; }
};

void enqueue_something(world& w, random_numbers& random) {
    const auto how = static_cast<unsigned>(random() >> 4);
    cmwq::queue& wq = w.any(random);
    switch (random() % 5) {
    case 0: note_enqueue(static_cast<bool>(wq.enqueue(std::make_unique<single>(how)))); break;
    case 1: {
        auto item = cmwq::make_arc<twin>(wq, w.any(random), how);
        note_enqueue(static_cast<bool>(wq.enqueue<1>(item)));
        note_enqueue(static_cast<bool>(item->there.enqueue<2>(item)));
        note_enqueue(static_cast<bool>(w.any(random).enqueue<1>(item)));
        break;
    }
    case 2: {
        auto item = std::make_shared<shared>(how);
        note_enqueue(static_cast<bool>(wq.enqueue(item)));
        note_enqueue(static_cast<bool>(w.any(random).enqueue(std::move(item))));
        break;
    }
    case 3:
        note_enqueue(static_cast<bool>(wq.try_spawn([how, tag = std::make_unique<counted>()] { behave(how); })));
        break;
    default: note_enqueue(wq.enqueue(w.everybodys[random() % w.everybodys.size()])); break;
    }
}

void produce(world& w, unsigned seed) {
    random_numbers random{seed};
    while (!w.stop) {
        if (w.full()) {
            std::this_thread::yield();
        } else {
            enqueue_something(w, random);
        }
    }
}

void wait_for_things(world& w, unsigned seed) {
    random_numbers random{seed};
    while (!w.stop) {
        switch (random() % 3) {
        case 0: w.any(random).flush(); break;
        case 1: w.everybodys[random() % w.everybodys.size()].flush(); break;
        default: std::this_thread::sleep_for(std::chrono::microseconds{300}); break;
        }
    }
}

void cancel_things(world& w, unsigned seed) {
    random_numbers random{seed};
    while (!w.stop) {
        popular& it = w.everybodys[random() % w.everybodys.size()];
        switch (random() % 4) {
        case 0: counts.cancelled += it.cancel() ? 1 : 0; break;
        case 1: counts.cancelled += it.cancel_sync() ? 1 : 0; break;
        case 2:
            counts.cancelled += it.disable_sync() ? 1 : 0;
            if (it.inside != 0) {
                ++counts.overlaps;
            }
            it.enable();
            break;
        default: std::this_thread::sleep_for(std::chrono::microseconds{200}); break;
        }
    }
}

void change_limits(world& w, unsigned seed) {
    random_numbers random{seed};
    while (!w.stop) {
        for (const std::size_t which : {1u, 4u, 7u}) {
            (void)w.queues[which]->set_max_active(static_cast<int>(1 + random() % 8));
        }
        if (random() % 4 == 0) {
            w.own.freeze();
            std::this_thread::sleep_for(std::chrono::microseconds{random() % 2000});
            w.own.thaw();
        }
        std::this_thread::sleep_for(std::chrono::microseconds{500});
    }
}

cmwq::owned_queue make_any(world& w, random_numbers& random) {
    switch (random() % 4) {
    case 0: return w.own.make_queue(cmwq::percpu{.name = "brief"});
    case 1: return w.own.make_queue(cmwq::unbound{.name = "brief", .max_active = 2});
    case 2: return w.own.make_queue(cmwq::percpu{.name = "brief", .max_active = 1});
    default: return w.own.make_queue(cmwq::ordered{.name = "brief"});
    }
}

/// Queues that come, get items (one of them everybody's), and go: by drain or by destruction.
void make_and_destroy(world& w, unsigned seed) {
    random_numbers random{seed};
    while (!w.stop) {
        auto wq = make_any(w, random);
        ASSERT_TRUE(wq);
        for (unsigned i = random() % 30; i > 0; --i) {
            const auto how = static_cast<unsigned>(random() >> 4);
            note_enqueue(static_cast<bool>(wq->enqueue(std::make_unique<single>(how))));
            note_enqueue(wq->enqueue(w.everybodys[random() % w.everybodys.size()]));
        }
        if (random() % 2 == 0) {
            wq->drain();
        }
    }
}

void expect_balance() {
    EXPECT_EQ(counts.runs + counts.cancelled, counts.accepted);
    EXPECT_EQ(counts.made, counts.destroyed);
    EXPECT_EQ(counts.overlaps, 0);
    EXPECT_GT(counts.accepted, 1000);
}

TEST(stress, mixed_load_balances_to_the_item) {
    const unsigned seed = number_from("CMWQ_STRESS_SEED", std::random_device{}());
    const std::chrono::seconds time{number_from("CMWQ_STRESS_SECONDS", 8)};
    SCOPED_TRACE("CMWQ_STRESS_SEED=" + std::to_string(seed));
    RecordProperty("seed", std::to_string(seed));
    {
        world w;
        std::vector<std::jthread> threads;
        for (unsigned t = 0; t < 3; ++t) {
            threads.emplace_back([&, t] { produce(w, seed + t); });
        }
        for (unsigned t = 0; t < 2; ++t) {
            threads.emplace_back([&, t] { wait_for_things(w, seed + 10 + t); });
            threads.emplace_back([&, t] { make_and_destroy(w, seed + 20 + t); });
        }
        threads.emplace_back([&] { cancel_things(w, seed + 30); });
        threads.emplace_back([&] { change_limits(w, seed + 40); });
        std::this_thread::sleep_for(time);
        w.stop = true;
        threads.clear();
        // Twins hop between queues: each round of drains carries them on.
        for (std::size_t round = 0; round < 2 * w.queues.size() + 10; ++round) {
            for (cmwq::owned_queue& wq : w.queues) {
                wq->flush();
            }
        }
    }
    expect_balance();
}

}  // namespace
