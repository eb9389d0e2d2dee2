// SPDX-License-Identifier: Apache-2.0
//
// Rows of docs/kernel-map.md about items: enqueuing them, where they run, what they know about their worker, and what
// is reported as misuse.
#include "row.hpp"

#include <memory>

namespace {

using namespace rows;

// ---- items ----

TEST(local_item, does_not_outlive_its_scope) {
    show([] {
        cmwq::runtime own;
        const auto wq = own.make_queue(cmwq::ordered{.name = "one at a time"});
        item before;
        make_it_run(*wq, before);
        int runs = 0;
        {
            cmwq::scoped_work cancelled{*wq, [&] { ++runs; }};
            EXPECT_TRUE(cancelled.enqueue());
        }
        before.let_go.open();
        wq->flush();
        EXPECT_EQ(runs, 0);
        gate began;
        {
            cmwq::scoped_work waited_for{*wq, [&] {
                                             began.open();
                                             step_aside();
                                             ++runs;
                                         }};
            EXPECT_TRUE(waited_for.enqueue());
            EXPECT_TRUE(began.pass());
        }
        EXPECT_EQ(runs, 1);
    });
}

/// Two things to do for one object, each pending and running by itself.
struct both {
    cmwq::work<both> first;
    cmwq::delayed_work<both, 1> second;
    CMWQ_HAS_WORK(first);
    CMWQ_HAS_WORK(second);
    static void run(cmwq::work_id<0>, both& self) { ++self.runs; }
    static void run(cmwq::work_id<1>, both& self) { ++self.later_runs; }
    int runs = 0, later_runs = 0;
};

TEST(work_of_an_object, leads_back_to_it) {
    show([] {
        cmwq::runtime own;
        const auto wq = own.make_queue(cmwq::ordered{.name = "one at a time"});
        both object;
        EXPECT_TRUE(wq->enqueue(object));
        EXPECT_TRUE(wq->enqueue_delayed<1>(object, 1h));
        EXPECT_TRUE(object.second.pending());
        EXPECT_TRUE(object.second.flush_delayed());
        wq->flush();
        EXPECT_EQ(object.runs, 1);
        EXPECT_EQ(object.later_runs, 1);
        EXPECT_FALSE(object.first.pending() || object.second.pending());
    });
}

TEST(owner_of_an_item, comes_back_when_it_is_refused_and_is_released_after_its_run) {
    show([] {
        struct owned : cmwq::work<owned> {
            static void run(cmwq::arc<owned>) {}
            std::shared_ptr<int> released = nullptr;
        };
        cmwq::runtime own;
        const auto wq = own.make_queue(cmwq::ordered{.name = "one at a time"});
        item before;
        make_it_run(*wq, before);
        const auto alive = std::make_shared<int>(0);
        cmwq::arc<owned> owner = cmwq::make_arc<owned>();
        owner->released = alive;
        EXPECT_TRUE(wq->enqueue(owner));
        auto refused = wq->enqueue(owner);
        EXPECT_EQ(refused.why(), cmwq::refusal::already_pending);
        EXPECT_EQ(refused.take_back(), owner);
        owner = {};
        EXPECT_EQ(alive.use_count(), 2) << "the queue keeps it";
        before.let_go.open();
        wq->flush();
        EXPECT_EQ(alive.use_count(), 1);
    });
}

TEST(item_that_is_enqueued_from_all_sides, is_pending_once_and_no_enqueue_is_forgotten) {
    show([] {
        cmwq::runtime own;
        item it;
        std::atomic<int> accepted{0};
        {
            const auto enqueue = [&] {
                for (int i = 0; i < 3; ++i) accepted += own.system().enqueue(it) ? 1 : 0;
            };
            const thread first{enqueue}, second{enqueue};
        }
        own.system().flush();
        EXPECT_GE(accepted, 1);
        EXPECT_EQ(it.runs, accepted);
    });
}

TEST(runs_of_one_item, see_what_the_ones_before_did) {
    show([] {
        cmwq::runtime own;
        struct counting : cmwq::work<counting> {
            static void run(counting& self) {
                const int before = self.plain;
                step_aside();
                self.plain = before + 1;
            }
            int plain = 0;  // a data race if two runs were not ordered
        } it;
        int accepted = 0;
        for (int i = 0; i < 6; ++i) {
            cmwq::queue& wq = i % 2 == 0 ? own.system() : own.system_unbound();
            accepted += wq.enqueue_on(i % cmwq::nr_cpus(), it) ? 1 : 0;
        }
        own.system().flush();
        own.system_unbound().flush();
        EXPECT_EQ(it.plain, accepted);
    });
}

// ---- places ----

TEST(enqueue_on, keeps_an_item_of_a_percpu_queue_on_its_cpu_and_takes_no_cpu_for_any) {
    show_on_two_nodes([] {
        cmwq::runtime own;
        std::atomic<int> runs{0}, elsewhere{0};
        for (int cpu = -1; cpu <= cmwq::nr_cpus(); ++cpu) {
            struct placed : cmwq::work<placed> {
                static void run(std::unique_ptr<placed> self) {
                    ++*self->runs;
                    const bool known = self->cpu >= 0 && self->cpu < cmwq::nr_cpus();
                    *self->elsewhere += known && !runs_on(self->cpu) ? 1 : 0;
                }
                int cpu = 0;
                std::atomic<int>*runs = nullptr, *elsewhere = nullptr;
            };
            auto one = std::make_unique<placed>();
            one->cpu = cpu;
            one->runs = &runs;
            one->elsewhere = &elsewhere;
            EXPECT_TRUE(own.system().enqueue_on(cpu, std::move(one)));
        }
        own.system().flush();
        EXPECT_EQ(runs, cmwq::nr_cpus() + 2);
        EXPECT_EQ(elsewhere, 0);
    });
}

bool runs_on_node(int node) {
    for (int cpu = 0; cpu < cmwq::nr_cpus(); ++cpu) {
        if (cmwq::node_of_cpu(cpu) == node && runs_on(cpu)) return true;
    }
    return false;
}

TEST(enqueue_node, keeps_an_item_of_a_strict_queue_on_its_node_and_takes_no_node_for_any) {
    show_on_two_nodes([] {
        cmwq::runtime own;
        const auto wq = own.make_queue(
            cmwq::unbound{.name = "by node", .affinity = cmwq::affinity_scope::numa, .affinity_strict = true});
        const int last = cmwq::node_of_cpu(cmwq::nr_cpus() - 1);
        item anywhere;
        std::atomic<int> runs{0}, elsewhere{0};
        struct placed : cmwq::work<placed> {
            static void run(placed& self) {
                ++*self.runs;
                *self.elsewhere += runs_on_node(self.node) ? 0 : 1;
            }
            int node = 0;
            std::atomic<int>*runs = nullptr, *elsewhere = nullptr;
        } items[2];
        for (int i = 0; i < 2; ++i) {
            items[i].node = i == 0 ? 0 : last;
            items[i].runs = &runs;
            items[i].elsewhere = &elsewhere;
            EXPECT_TRUE(wq->enqueue_node(items[i].node, items[i]));
        }
        EXPECT_TRUE(wq->enqueue_node(last + 1, anywhere));
        wq->flush();
        EXPECT_EQ(runs + anywhere.runs, 3);
        EXPECT_EQ(elsewhere, 0);
    });
}

// ---- what an item knows about its worker ----

TEST(this_worker, names_the_running_item_and_its_queue_and_nothing_outside) {
    show([] {
        struct curious : cmwq::work<curious> {
            static void run(curious& self) {
                self.item = cmwq::this_worker::current();
                self.queue = cmwq::this_worker::current_queue();
                self.rescued = cmwq::this_worker::is_rescuer();
            }
            const cmwq::work_base* item = nullptr;
            const cmwq::queue* queue = nullptr;
            bool rescued = true;
        } it;
        cmwq::runtime own;
        const auto wq = own.make_queue(cmwq::unbound{.name = "asked"});
        EXPECT_TRUE(wq->enqueue(it));
        wq->flush();
        EXPECT_EQ(it.item, &it);
        EXPECT_EQ(it.queue, &*wq);
        EXPECT_FALSE(it.rescued);
        EXPECT_EQ(cmwq::this_worker::current(), nullptr);
        EXPECT_EQ(cmwq::this_worker::current_queue(), nullptr);
        EXPECT_FALSE(cmwq::this_worker::is_rescuer());
    });
}

TEST(description_of_a_worker, has_31_characters_and_is_taken_from_work_functions_only) {
    show([] {
        const support::misuse_recorder recorder;
        cmwq::runtime own;
        cmwq::this_worker::describe("nobody is listening to this sentence out here");
        EXPECT_TRUE(recorder.take().empty());
        const auto describe = [&](std::string_view text) {
            EXPECT_TRUE(own.system().try_spawn([text] { cmwq::this_worker::describe(text); }));
            own.system().flush();
        };
        describe("a text of thirty-one characters");
        EXPECT_TRUE(recorder.take().empty());
        expect_misuse(misuse_code::name_too_long, [&] { describe("a text of thirty-two characters!"); });
    });
}

TEST(blocking_region, lets_the_next_item_of_the_cpu_start_and_may_be_nested) {
    show([] {
        const cmwq::this_worker::blocking_region outside;  // does nothing
        cmwq::runtime own{{.detect = cmwq::block_detection::off}};
        gate next_ran;
        const int last = cmwq::nr_cpus() - 1;
        item next;
        cmwq::scoped_work waiting{own.system(), [&] {
                                      const cmwq::this_worker::blocking_region one;
                                      const cmwq::this_worker::blocking_region another;
                                      EXPECT_TRUE(next_ran.pass());
                                  }};
        EXPECT_TRUE(waiting.enqueue());
        EXPECT_TRUE(own.system().enqueue_on(last, next));
        EXPECT_TRUE(own.system().try_spawn([&] { next_ran.open(); }));
        own.system().flush();
        EXPECT_EQ(next.runs, 1);
    });
}

TEST(statistics, count_what_was_done) {
    show([] {
        cmwq::runtime own;
        EXPECT_EQ(own.statistics().pools + own.statistics().workers, 0u);
        item it;
        make_it_run(own.system(), it);
        EXPECT_GE(own.statistics().workers_created, 1u);
        it.let_go.open();
        own.system().flush();
        const auto now = own.statistics();
        EXPECT_GE(now.pools, 1u);
        EXPECT_EQ(now.workers, now.workers_created - now.workers_destroyed);
        EXPECT_LE(now.idle_workers, now.workers);
        EXPECT_EQ(now.worker_creation_failures + now.items_rescued + now.items_dropped, 0u);
    });
}

// ---- misuse ----

/// Does something to itself or to the queue that runs it.
struct selfish : cmwq::work<selfish> {
    static void run(selfish& self) {
        self.act(self);
        ++self.runs;
    }
    void (*act)(selfish&) = nullptr;
    cmwq::queue* wq = nullptr;
    int runs = 0;
};

TEST(item_that_waits_for_itself, is_told_and_does_not_wait) {
    show([] {
        const support::misuse_recorder recorder;
        cmwq::runtime own;
        const auto wq = own.make_queue(cmwq::ordered{.name = "one at a time"});
        const auto expect = [&](misuse_code code, void (*act)(selfish&)) {
            selfish it;
            it.act = act;
            it.wq = &*wq;
            expect_misuse(code, [&] {
                EXPECT_TRUE(wq->enqueue(it));
                wq->flush();
            });
            EXPECT_EQ(it.runs, 1);
        };
        expect(misuse_code::flush_from_own_item, [](selfish& self) { EXPECT_FALSE(self.flush()); });
        expect(misuse_code::cancel_sync_from_own_item, [](selfish& self) { EXPECT_FALSE(self.cancel_sync()); });
        expect(misuse_code::disable_sync_from_own_item, [](selfish& self) { EXPECT_FALSE(self.disable_sync()); });
        expect(misuse_code::flush_own_queue, [](selfish& self) { self.wq->flush(); });
        expect(misuse_code::drain_own_queue, [](selfish& self) { self.wq->drain(); });
    });
}

TEST(item_that_would_wait_for_room_in_its_own_queue, is_refused_and_told) {
    show([] {
        const support::misuse_recorder recorder;
        cmwq::runtime own;
        const auto wq = own.make_queue(
            cmwq::ordered{.name = "bounded", .bound = {.max_pending = 1, .when_full = cmwq::full_queue::wait}});
        item first, second;
        bool taken[2] = {};
        expect_misuse(misuse_code::wait_for_own_queue, [&] {
            EXPECT_TRUE(wq->try_spawn([&] {
                taken[0] = wq->enqueue(first);
                taken[1] = wq->enqueue(second);
            }));
            wq->drain();
        });
        EXPECT_TRUE(taken[0]);
        EXPECT_FALSE(taken[1]);
        EXPECT_EQ(first.runs, 1);
        EXPECT_EQ(second.runs, 0);
    });
}

TEST(enqueue_from_outside_to_a_draining_queue, is_refused_and_told) {
    show([] {
        const support::misuse_recorder recorder;
        cmwq::runtime own;
        const auto wq = own.make_queue(cmwq::ordered{.name = "draining"});
        item running, successor, late;
        make_it_run(*wq, running);
        cmwq::scoped_work chained{*wq, [&] { EXPECT_TRUE(wq->enqueue(successor)); }};
        EXPECT_TRUE(chained.enqueue());
        thread drainer{[&] { wq->drain(); }};
        EXPECT_TRUE(eventually([&] { return wq->try_spawn([] {}).why() == cmwq::refusal::queue_draining; }));
        expect_misuse(misuse_code::enqueue_while_draining, [&] { EXPECT_FALSE(wq->enqueue(late)); });
        running.let_go.open();
        drainer.join();
        EXPECT_EQ(successor.runs, 1) << "its own items may";
        EXPECT_FALSE(late.pending());
        EXPECT_TRUE(wq->enqueue(late));
        wq->flush();
        EXPECT_EQ(late.runs, 1);
    });
}

TEST(bad_option_of_a_queue, is_told_and_the_nearest_good_one_taken) {
    show([] {
        const support::misuse_recorder recorder;
        cmwq::runtime own;
        cmwq::owned_queue wq;
        const auto expect = [&](misuse_code code, auto options) {
            expect_misuse(code, [&] { wq = own.make_queue(options); });
            item it;
            EXPECT_TRUE(wq->enqueue(it));
            wq->flush();
            EXPECT_EQ(it.runs, 1);
        };
        expect(misuse_code::max_active_out_of_range, cmwq::percpu{.name = "too few", .max_active = -1});
        expect(misuse_code::max_active_out_of_range, cmwq::unbound{.name = "too many", .max_active = 2049});
        expect(misuse_code::max_pending_out_of_range, cmwq::percpu{.name = "no room", .bound = {.max_pending = -1}});
        expect(misuse_code::contradictory_options,
               cmwq::unbound{.name = "which", .affinity = cmwq::affinity_scope::system, .affinity_strict = true});
        expect(misuse_code::contradictory_options,
               cmwq::percpu{.name = "high and low", .highpri = true, .background = true});
    });
}

TEST(operation_on_the_wrong_kind_of_queue, is_told_and_does_what_can_be_done) {
    show([] {
        const support::misuse_recorder recorder;
        cmwq::runtime own;
        const auto ordered = own.make_queue(cmwq::ordered{.name = "in order"});
        item it;
        item* nothing = nullptr;
        expect_misuse(misuse_code::max_active_of_ordered_queue, [&] { EXPECT_FALSE(ordered->set_max_active(2)); });
        expect_misuse(misuse_code::node_of_percpu_queue, [&] { EXPECT_TRUE(own.system().enqueue_node(0, it)); });
        expect_misuse(misuse_code::null_item, [&] { EXPECT_FALSE(ordered->enqueue(nothing)); });
        own.system().flush();
        EXPECT_EQ(it.runs, 1);
    });
}

}  // namespace
