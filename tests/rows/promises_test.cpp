// SPDX-License-Identifier: Apache-2.0
//
// Rows of docs/kernel-map.md about what is promised: when items run, in what order, beside what, what they see, and how
// they end with their queue.
#include "row.hpp"

#include <memory>
#include <new>
#include <vector>

namespace {

using namespace rows;

/// Enqueues itself in each run, until it is not taken any more.
struct restless : cmwq::work<restless> {
    explicit restless(cmwq::queue& queue) : wq{queue} {}
    static void run(restless& self) {
        ++self.runs;
        sleep_for(10us);
        (void)self.wq.enqueue(self);
    }
    /// Enqueues it for the first time. False: it did not go on by itself.
    bool begins() {
        return wq.enqueue(*this) && eventually([this] { return runs > 3; });
    }
    cmwq::queue& wq;
    std::atomic<int> runs{0};
};

/// Writes down that it ran. For queues of one item at a time.
struct numbered : cmwq::work<numbered> {
    static void run(numbered& self) {
        step_aside();
        self.order->push_back(self.number);
    }
    std::vector<int>* order = nullptr;
    int number = 0;
};

template <std::size_t N>
void number(numbered (&items)[N], std::vector<int>& order, int from = 0) {
    for (numbered& it : items) {
        it.order = &order;
        it.number = from++;
    }
}

// ---- when ----

struct timed : cmwq::delayed_work<timed> {
    using delayed_work::delayed_work;
    static void run(timed& self) {
        self.started_at = now();
        ++self.runs;
    }
    time_point started_at{};
    std::atomic<int> runs{0};
};

TEST(item_with_a_delay, runs_once_and_not_before_its_time) {
    show([] {
        cmwq::runtime own;
        timed by_duration, by_time_point, in_a_hundred_years;
        const time_point begin = now();
        EXPECT_TRUE(own.system().enqueue_delayed(by_duration, 2ms));
        EXPECT_TRUE(own.system().enqueue_delayed_on(0, by_time_point, begin + 3ms));
        EXPECT_TRUE(own.system().enqueue_delayed(in_a_hundred_years, std::chrono::years{100}));
        EXPECT_TRUE(eventually([&] { return by_duration.runs == 1 && by_time_point.runs == 1; }));
        own.system().flush();
        EXPECT_GE(by_duration.started_at - begin, 2ms);
        EXPECT_GE(by_time_point.started_at - begin, 3ms);
        EXPECT_TRUE(in_a_hundred_years.pending());
        EXPECT_TRUE(in_a_hundred_years.cancel());
    });
}

TEST(deferrable_item, runs_at_an_occasion_after_its_time) {
    show([] {
        cmwq::runtime own;
        timed late{cmwq::deferrable}, punctual;
        const time_point begin = now();
        EXPECT_TRUE(own.system().enqueue_delayed(late, 1ms));
        EXPECT_TRUE(own.system().enqueue_delayed(punctual, 2ms));
        EXPECT_TRUE(eventually([&] { return late.runs == 1 && punctual.runs == 1; }));
        own.system().flush();
        EXPECT_GE(late.started_at - begin, 1ms);
    });
}

// ---- in what order ----

TEST(items_of_an_ordered_queue, run_one_at_a_time_in_order_also_while_its_attributes_change) {
    show_on_two_nodes([] {
        cmwq::runtime own;
        const auto wq = own.make_queue(cmwq::ordered{.name = "in order"});
        std::vector<int> order;
        numbered first[3], second[3];
        number(first, order, 0);
        number(second, order, 10);
        {
            const auto enqueue = [&wq](numbered(&items)[3]) {
                for (numbered& it : items) EXPECT_TRUE(wq->enqueue(it));
            };
            const thread one{[&] { enqueue(first); }}, other{[&] { enqueue(second); }};
            EXPECT_TRUE(wq->apply_attributes({.cpus = cmwq::cpu_mask::of({cmwq::nr_cpus() - 1})}));
            EXPECT_TRUE(wq->apply_attributes({}));
        }
        wq->flush();
        EXPECT_EQ(order.size(), 6u);
        int last[2] = {-1, 9};
        for (const int it : order) {
            int& before = last[it / 10];
            EXPECT_EQ(it, before + 1);
            before = it;
        }
    });
}

TEST(items_of_one_pool, start_in_the_order_of_enqueuing) {
    show([] {
        cmwq::runtime own{{.max_workers = 1}};
        std::vector<int> order;
        numbered items[5];
        number(items, order);
        const int last = cmwq::nr_cpus() - 1;
        item before;
        before.waits = true;
        EXPECT_TRUE(own.system().enqueue_on(last, before));
        EXPECT_TRUE(before.started.pass());
        for (numbered& it : items) EXPECT_TRUE(own.system().enqueue_on(last, it));
        before.let_go.open();
        own.system().flush();
        EXPECT_EQ(order, (std::vector{0, 1, 2, 3, 4}));
    });
}

TEST(max_active, can_be_raised_and_lowered_and_what_waits_keeps_its_order) {
    show([] {
        cmwq::runtime own;
        const auto wq = own.make_queue(cmwq::unbound{.name = "limited", .max_active = 1});
        item first, second;
        std::vector<int> order;
        numbered rest[3];
        number(rest, order);
        make_it_run(*wq, first);
        second.waits = true;
        EXPECT_TRUE(wq->enqueue(second));
        for (numbered& it : rest) EXPECT_TRUE(wq->enqueue(it));
        EXPECT_TRUE(wq->set_max_active(2));
        EXPECT_TRUE(second.started.pass()) << "the next one starts";
        EXPECT_TRUE(order.empty()) << "and no other";
        EXPECT_TRUE(wq->set_max_active(1));
        second.let_go.open();
        (void)second.flush();
        EXPECT_TRUE(order.empty()) << "the first one still runs";
        first.let_go.open();
        wq->flush();
        EXPECT_EQ(order, (std::vector{0, 1, 2}));
    });
}

// ---- beside what ----

TEST(item_of_two_runtimes, never_runs_beside_itself) {
    show([] {
        cmwq::runtime one, another;
        item it;  // counts runs at the same time
        std::atomic<int> accepted{0};
        {
            const auto enqueue = [&](cmwq::runtime& to) {
                for (int i = 0; i < 3; ++i) {
                    accepted += to.system().enqueue_on(i % cmwq::nr_cpus(), it) ? 1 : 0;
                    accepted += to.system_unbound().enqueue(it) ? 1 : 0;
                }
            };
            const thread first{[&] { enqueue(one); }}, second{[&] { enqueue(another); }};
        }
        for (cmwq::runtime* own : {&one, &another}) {
            own->system().flush();
            own->system_unbound().flush();
        }
        EXPECT_EQ(it.runs, accepted);
    });
}

/// Ends in its function, and another one moves in at its address, which it waits for.
struct tenant : cmwq::work<tenant> {
    tenant(cmwq::queue& queue, gate& opened) : wq{queue}, moved_in{opened} {}
    static void run(tenant& self) {
        if (self.is_second) return self.moved_in.open();
        cmwq::queue& wq = self.wq;
        gate& moved_in = self.moved_in;
        self.~tenant();
        auto* next = ::new (&self) tenant{wq, moved_in};
        next->is_second = true;
        EXPECT_TRUE(wq.enqueue(*next));
        EXPECT_TRUE(moved_in.pass());
    }
    cmwq::queue& wq;
    gate& moved_in;
    bool is_second = false;
};

TEST(item_at_the_address_of_a_former_one, is_not_taken_for_it) {
    show([] {
        cmwq::runtime own;
        gate moved_in;
        alignas(tenant) std::byte place[sizeof(tenant)];
        auto* first = ::new (place) tenant{own.system(), moved_in};
        EXPECT_TRUE(own.system().enqueue(*first));
        own.system().drain();
        EXPECT_TRUE(moved_in.is_open());
        std::launder(reinterpret_cast<tenant*>(place))->~tenant();
    });
}

TEST(function_of_an_item, may_enqueue_it_elsewhere_and_may_free_it) {
    show([] {
        struct traveller : cmwq::work<traveller> {
            static void run(std::unique_ptr<traveller> self) {
                std::atomic<int>& runs = self->runs;
                if (++runs < 3) {
                    cmwq::queue& next = runs == 1 ? self->on.system_unbound() : self->on.system();
                    EXPECT_TRUE(next.enqueue(std::move(self)));
                } else {
                    self.reset();
                }
                step_aside();
            }
            traveller(cmwq::runtime& own, std::atomic<int>& count) : on{own}, runs{count} {}
            cmwq::runtime& on;
            std::atomic<int>& runs;
        };
        cmwq::runtime own;
        std::atomic<int> runs{0};
        EXPECT_TRUE(own.system().enqueue(std::make_unique<traveller>(own, runs)));
        EXPECT_TRUE(eventually([&] { return runs == 3; }));
        own.system().flush();
        own.system_unbound().flush();
    });
}

// ---- what is seen ----

TEST(event_before_an_enqueue, is_seen_by_the_run_that_follows_whether_it_was_accepted_or_refused) {
    show([] {
        struct listener : cmwq::work<listener> {
            static void run(listener& self) { self.heard = self.events.load(std::memory_order_relaxed); }
            std::atomic<int> events{0};
            int heard = 0;
        } it;
        cmwq::runtime own;
        {
            const auto produce = [&] {
                for (int i = 0; i < 3; ++i) {
                    it.events.fetch_add(1, std::memory_order_relaxed);
                    step_aside();
                    (void)own.system().enqueue(it);
                }
            };
            const thread first{produce}, second{produce};
        }
        own.system().flush();
        EXPECT_EQ(it.heard, 6);
    });
}

TEST(effects_of_a_run, are_seen_after_whatever_waited_for_it) {
    show([] {
        struct writer : cmwq::work<writer> {
            static void run(writer& self) {
                step_aside();
                ++self.plain;
            }
            int plain = 0;  // a data race if its reader had not waited
        } it;
        cmwq::runtime own;
        const auto wq = own.make_queue(cmwq::unbound{.name = "waited for"});
        const auto run = [&](auto wait) {
            const int before = it.plain;
            EXPECT_TRUE(wq->enqueue(it));
            const bool cancelled = wait();
            EXPECT_EQ(it.plain, cancelled ? before : before + 1);
        };
        const auto nothing_cancelled = [](auto wait) { return [wait] { return wait(), false; }; };
        run(nothing_cancelled([&] { wq->flush(); }));
        run(nothing_cancelled([&] { wq->drain(); }));
        run(nothing_cancelled([&] { (void)it.flush(); }));
        run([&] { return it.cancel_sync(); });
        run([&] { return it.disable_sync(); });
        EXPECT_TRUE(it.enable());
    });
}

// ---- how it ends ----

TEST(item_that_enqueues_itself, holds_up_no_flush_and_is_idle_after_cancel_sync) {
    show([] {
        cmwq::runtime own;
        restless endless{own.system()};
        EXPECT_TRUE(endless.begins());
        item before;
        EXPECT_TRUE(own.system().enqueue(before));
        own.system().flush();
        EXPECT_EQ(before.runs, 1);
        (void)endless.cancel_sync();
        const int stopped = endless.runs;
        EXPECT_FALSE(endless.busy());
        own.system().flush();
        EXPECT_EQ(endless.runs, stopped);
    });
}

/// An item that counts its end.
template <template <class, std::uint64_t> class Work>
struct owned : Work<owned<Work>, 0> {
    explicit owned(std::atomic<int>& ran, std::atomic<int>& ended) : runs{ran}, ends{ended} {}
    ~owned() { ++ends; }
    static void run(std::unique_ptr<owned> self) { ++self->runs; }
    std::atomic<int>&runs, &ends;
};
using owned_item = owned<cmwq::work>;
using owned_delayed_item = owned<cmwq::delayed_work>;

TEST(queue_that_is_shut_down, drops_or_hands_over_what_is_pending_and_ends_what_enqueues_itself) {
    show([] {
        cmwq::runtime own;
        std::atomic<int> runs{0}, ends{0};
        const auto fill = [&](cmwq::queue& wq, item& running) {
            make_it_run(wq, running);
            EXPECT_TRUE(wq.enqueue(std::make_unique<owned_item>(runs, ends)));
        };
        item first, second;
        auto dropping = own.make_queue(cmwq::ordered{.name = "dropping"});
        auto leaving = own.make_queue(cmwq::ordered{.name = "leaving"});
        fill(*dropping, first);
        fill(*leaving, second);
        {
            const when_maker_waits opened{[&] { first.let_go.open(); }};
            dropping.shutdown(cmwq::pending_items::drop);
        }
        EXPECT_EQ(runs, 0);
        EXPECT_EQ(ends, 1);
        {
            const when_maker_waits opened{[&] { second.let_go.open(); }};
            leaving.shutdown_leaving(
                [&](cmwq::left_item& left) noexcept { EXPECT_TRUE(own.system().enqueue(left.take<owned_item>())); });
        }
        own.system().flush();
        EXPECT_EQ(runs, 1);
        EXPECT_EQ(ends, 2);
        auto endless_queue = own.make_queue(cmwq::percpu{.name = "endless"});
        restless endless{*endless_queue};
        EXPECT_TRUE(endless.begins());
        endless_queue.shutdown(cmwq::pending_items::drop);
        EXPECT_FALSE(endless.busy());
    });
}

TEST(item_that_is_armed, is_let_go_with_its_queue) {
    show([] {
        cmwq::runtime own;
        std::atomic<int> runs{0}, ends{0};
        {
            const auto wq = own.make_queue(cmwq::percpu{.name = "short-lived"});
            EXPECT_TRUE(wq->enqueue_delayed(std::make_unique<owned_delayed_item>(runs, ends), 1h));
            wq->flush();
            EXPECT_EQ(ends, 0);
        }
        EXPECT_EQ(runs, 0);
        EXPECT_EQ(ends, 1);
    });
}

TEST(function_that_is_spawned, is_called_and_destroyed_once_or_stays_with_its_caller) {
    show([] {
        cmwq::runtime own;
        const auto wq = own.make_queue(cmwq::ordered{.name = "one waits", .bound = {.max_pending = 1}});
        const auto alive = std::make_shared<std::atomic<int>>(0);
        item before;
        make_it_run(*wq, before);
        auto function = [alive] { ++*alive; };
        EXPECT_TRUE(wq->try_spawn(function));
        EXPECT_EQ(wq->try_spawn(std::move(function)).why(), cmwq::refusal::queue_full);
        function();  // it is still here
        EXPECT_EQ(alive.use_count(), 3);
        before.let_go.open();
        wq->flush();
        EXPECT_EQ(*alive, 2);
        EXPECT_EQ(alive.use_count(), 2);
    });
}

}  // namespace
