// SPDX-License-Identifier: Apache-2.0
//
// Rows of docs/kernel-map.md about queues: their names and ends, flags, attributes, and the system's own.
#include "row.hpp"

#include <string>
#include <utility>
#include <vector>

namespace {

using namespace rows;

/// For one worker per kind of queue: whatever is to run beside it belongs to another kind.
constexpr cmwq::runtime_options one_worker_per_kind{.max_workers = 1};

/// Does an item of `beside` run while the only worker of `wq` is in a function?
void expect_to_run_beside(cmwq::queue& wq, cmwq::queue& beside) {
    item stuck, other;
    make_it_run(wq, stuck);
    EXPECT_TRUE(beside.enqueue(other));
    EXPECT_TRUE(other.flush() || other.runs == 1) << beside.name();
    EXPECT_EQ(other.runs, 1) << beside.name();
    EXPECT_EQ(stuck.inside, 1);
    stuck.let_go.open();
    wq.flush();
}

/// Attributes can be given to unbound queues only, so that tells what a queue is.
bool is_unbound(cmwq::queue& wq) {
    const support::misuse_recorder recorder;
    const bool taken = wq.apply_attributes({});
    const auto told = support::misuse_recorder::take();
    EXPECT_EQ(told.size(), taken ? 0u : 1u);
    if (!told.empty()) {
        EXPECT_EQ(told[0].code, misuse_code::attributes_of_percpu_queue);
    }
    return taken;
}

// ---- making and ending ----

TEST(name_of_a_queue, has_31_characters_and_a_longer_one_is_cut_and_told) {
    show([] {
        const std::string just_right(31, 'n');
        const support::misuse_recorder recorder;
        cmwq::runtime own;
        const auto kept = own.make_queue(cmwq::percpu{.name = just_right});
        EXPECT_EQ(kept->name(), just_right);
        EXPECT_TRUE(recorder.take().empty());
        cmwq::owned_queue cut;
        expect_misuse(misuse_code::name_too_long,
                      [&] { cut = own.make_queue(cmwq::ordered{.name = just_right + "and more"}); });
        EXPECT_EQ(cut->name(), just_right);
    });
}

TEST(each_kind_of_queue, runs_its_items_beside_the_others) {
    show([] {
        cmwq::runtime own;
        const cmwq::owned_queue queues[] = {own.make_queue(cmwq::percpu{.name = "here", .max_active = 3}),
                                            own.make_queue(cmwq::unbound{.name = "there"}),
                                            own.make_queue(cmwq::ordered{.name = "in order"}),
                                            own.make_queue(cmwq::power_efficient{.name = "spare"})};
        item items[4];
        for (int i = 0; i < 4; ++i) EXPECT_TRUE(queues[i]->enqueue(items[i]));
        for (int i = 0; i < 4; ++i) {
            queues[i]->flush();
            EXPECT_EQ(items[i].runs, 1) << queues[i]->name();
        }
    });
}

TEST(owner_of_a_queue, can_be_moved_and_the_last_one_ends_the_queue_after_its_items) {
    show([] {
        cmwq::runtime own;
        item it;
        {
            cmwq::owned_queue last;
            {
                auto first = own.make_queue(cmwq::unbound{.name = "moved"});
                EXPECT_TRUE(first->enqueue(it));
                last = std::move(first);
                EXPECT_FALSE(first);
            }
            EXPECT_TRUE(last);
        }
        EXPECT_EQ(it.runs, 1);
        EXPECT_FALSE(it.busy());
    });
}

TEST(queue_without_items, is_flushed_and_drained_at_once) {
    show([] {
        cmwq::runtime own;
        const auto wq = own.make_queue(cmwq::ordered{.name = "unused"});
        wq->flush();
        wq->drain();
        own.system().flush();
        EXPECT_EQ(own.statistics().flushes, 0u);
        EXPECT_EQ(own.statistics().workers_created, 0u);
    });
}

TEST(queue_with_a_bound, refuses_one_item_more_and_takes_it_when_there_is_room) {
    show([] {
        cmwq::runtime own;
        const auto wq = own.make_queue(cmwq::ordered{.name = "bounded", .bound = {.max_pending = 1}});
        item running, waiting, refused;
        make_it_run(*wq, running);
        EXPECT_TRUE(wq->enqueue(waiting));
        EXPECT_FALSE(wq->enqueue(refused));
        running.let_go.open();
        wq->flush();
        EXPECT_TRUE(wq->enqueue(refused));
        wq->flush();
        EXPECT_EQ(waiting.runs + refused.runs, 2);
    });
}

// ---- what was asked for at its making ----

TEST(highpri_and_background_queues, have_workers_of_their_own) {
    show([] {
        cmwq::runtime own{one_worker_per_kind};
        const auto percpu = own.make_queue(cmwq::percpu{.name = "high", .highpri = true});
        const auto unbound = own.make_queue(cmwq::unbound{.name = "high, unbound", .highpri = true});
        const auto background = own.make_queue(cmwq::percpu{.name = "background", .background = true});
        for (cmwq::queue* other : {&own.system_highpri(), &*percpu, &*background}) {
            expect_to_run_beside(own.system(), *other);
        }
        expect_to_run_beside(own.system_unbound(), *unbound);
        const auto now = own.statistics();
        EXPECT_GE(now.highpri_by_niceness + now.highpri_by_preference, 2u);
    });
}

TEST(cpu_intensive_queue, does_not_hold_back_the_others_of_its_cpu) {
    show([] {
        cmwq::runtime own{one_worker_per_kind};
        const auto intensive = own.make_queue(cmwq::percpu{.name = "intensive", .cpu_intensive = true});
        std::atomic<bool> other_ran{false};
        EXPECT_TRUE(intensive->try_spawn([&] {
            while (!other_ran) compute_for(10us);
        }));
        EXPECT_TRUE(own.system().try_spawn([&] { other_ran = true; }));
        intensive->flush();
        own.system().flush();
        EXPECT_TRUE(other_ran);
    });
}

TEST(power_efficient_queue, is_unbound_where_power_is_saved_and_percpu_elsewhere) {
    show([] {
        for (const auto saving : {cmwq::power_saving::on, cmwq::power_saving::off}) {
            cmwq::runtime own{{.power_efficient = saving}};
            const auto wq = own.make_queue(cmwq::power_efficient{.name = "efficient"});
            for (cmwq::queue* each : {&*wq, &own.system_power_efficient(), &own.system_freezable_power_efficient()}) {
                item it;
                EXPECT_EQ(is_unbound(*each), saving == cmwq::power_saving::on) << each->name();
                EXPECT_TRUE(each->enqueue(it));
                each->flush();
                EXPECT_EQ(it.runs, 1) << each->name();
            }
        }
    });
}

TEST(freezable_queue, starts_nothing_while_frozen) {
    show([] {
        cmwq::runtime own;
        const auto made = own.make_queue(cmwq::percpu{.name = "freezable", .freezable = true});
        own.freeze();
        item waiting[3], other;
        cmwq::queue* const freezable[] = {&*made, &own.system_freezable(), &own.system_freezable_power_efficient()};
        for (int i = 0; i < 3; ++i) EXPECT_TRUE(freezable[i]->enqueue(waiting[i]));
        EXPECT_TRUE(own.system().enqueue(other));
        own.system().flush();
        EXPECT_TRUE(own.frozen());
        EXPECT_EQ(other.runs, 1);
        for (const item& it : waiting) {
            EXPECT_EQ(it.runs, 0);
            EXPECT_TRUE(it.pending());
        }
        own.thaw();
        for (cmwq::queue* each : freezable) each->flush();
        for (const item& it : waiting) EXPECT_EQ(it.runs, 1);
    });
}

TEST(mem_reclaim_queue, runs_its_items_on_ordinary_workers_while_there_are_some) {
    show([] {
        cmwq::runtime own;
        const auto wq = own.make_queue(cmwq::unbound{.name = "reclaim", .mem_reclaim = true});
        EXPECT_TRUE(wq);
        std::atomic<bool> by_rescuer{true};
        EXPECT_TRUE(wq->try_spawn([&] { by_rescuer = cmwq::this_worker::is_rescuer(); }));
        wq->flush();
        EXPECT_FALSE(by_rescuer);
        EXPECT_FALSE(cmwq::this_worker::is_rescuer());
    });
}

// ---- where ----

TEST(runtime_with_unbound_cpus, keeps_its_unbound_and_ordered_queues_to_them) {
    show([] {
        const int last = cmwq::nr_cpus() - 1;
        cmwq::runtime own{{.unbound_cpus = cmwq::cpu_mask::of({last})}};
        const auto ordered = own.make_queue(cmwq::ordered{.name = "in order"});
        std::atomic<int> runs{0}, elsewhere{0};
        for (cmwq::queue* wq : {&own.system_unbound(), &*ordered}) {
            for (int i = 0; i < 4; ++i) {
                EXPECT_TRUE(wq->try_spawn([&] {
                    ++runs;
                    elsewhere += runs_on(last) ? 0 : 1;
                }));
            }
            wq->flush();
        }
        EXPECT_EQ(runs, 8);
        EXPECT_EQ(elsewhere, 0);
    });
}

TEST(attributes, are_those_of_unbound_and_ordered_queues_and_can_be_taken_back) {
    show([] {
        cmwq::runtime own;
        const auto unbound = own.make_queue(cmwq::unbound{.name = "anywhere"});
        const auto ordered = own.make_queue(cmwq::ordered{.name = "in order"});
        const auto percpu = own.make_queue(cmwq::percpu{.name = "here"});
        EXPECT_FALSE(is_unbound(*percpu));
        const int last = cmwq::nr_cpus() - 1;
        for (cmwq::queue* wq : {&*unbound, &*ordered}) {
            EXPECT_TRUE(wq->apply_attributes({.cpus = cmwq::cpu_mask::of({last})}));
            std::atomic<int> elsewhere{0};
            for (int i = 0; i < 3; ++i) {
                EXPECT_TRUE(wq->try_spawn([&] { elsewhere += runs_on(last) ? 0 : 1; }));
            }
            wq->flush();
            EXPECT_EQ(elsewhere, 0) << wq->name();
            EXPECT_TRUE(wq->apply_attributes({}));
        }
    });
}

TEST(chain_of_max_active_items, each_waiting_for_the_next_comes_to_its_end) {
    show_on_two_nodes([] {
        constexpr int length = 4;
        cmwq::runtime own;
        const auto wq = own.make_queue(cmwq::unbound{.name = "chained", .max_active = length});
        gate began[length + 1];
        for (int i = 0; i < length; ++i) {
            EXPECT_TRUE(wq->try_spawn([&began, i] {
                EXPECT_TRUE(i == length - 1 || began[i + 1].pass());
                began[i].open();
            }));
        }
        wq->flush();
        EXPECT_TRUE(began[0].is_open());
    });
}

// ---- the system's ----

struct system_queue {
    cmwq::queue& (cmwq::runtime::*get)() noexcept;
    const char* name;
};

constexpr system_queue system_queues[] = {
    {&cmwq::runtime::system, "events"},
    {&cmwq::runtime::system_highpri, "events_highpri"},
    {&cmwq::runtime::system_long, "events_long"},
    {&cmwq::runtime::system_unbound, "events_unbound"},
    {&cmwq::runtime::system_freezable, "events_freezable"},
    {&cmwq::runtime::system_power_efficient, "events_power_efficient"},
    {&cmwq::runtime::system_freezable_power_efficient, "events_freezable_pwr_efficient"},
};

TEST(each_system_queue, has_the_kernels_name_and_runs_items_that_know_where_they_are) {
    show([] {
        cmwq::runtime own, another;
        for (const auto& [get, name] : system_queues) {
            cmwq::queue& wq = (own.*get)();
            EXPECT_STREQ(wq.name(), name);
            EXPECT_NE(&wq, &(another.*get)());
            EXPECT_EQ(&wq, &(own.*get)());
            const cmwq::queue* ran_on = nullptr;
            EXPECT_TRUE(wq.try_spawn([&] { ran_on = cmwq::this_worker::current_queue(); }));
            wq.flush();
            EXPECT_EQ(ran_on, &wq);
        }
    });
}

TEST(each_system_queue, may_be_flushed_and_waits_for_everybodys_items) {
    show([] {
        cmwq::runtime own;
        for (const auto& [get, name] : system_queues) {
            cmwq::queue& wq = (own.*get)();
            item mine, somebody_elses;
            EXPECT_TRUE(wq.enqueue(mine));
            thread somebody{[&] { EXPECT_TRUE(wq.enqueue(somebody_elses)); }};
            somebody.join();
            wq.flush();
            EXPECT_EQ(mine.runs + somebody_elses.runs, 2) << name;
            EXPECT_FALSE(mine.busy() || somebody_elses.busy()) << name;
        }
    });
}

TEST(each_system_queue, runs_an_item_that_others_wait_for_beside_those_that_wait) {
    show([] {
        cmwq::runtime own;
        for (const auto& [get, name] : system_queues) {
            cmwq::queue& wq = (own.*get)();
            gate later_ran;
            EXPECT_TRUE(wq.try_spawn([&] { EXPECT_TRUE(later_ran.pass()); }));
            EXPECT_TRUE(wq.try_spawn([&] { later_ran.open(); }));
            wq.flush();
            EXPECT_TRUE(later_ran.is_open()) << name;
        }
    });
}

TEST(system_queue, takes_items_at_once_later_and_on_a_cpu) {
    show([] {
        cmwq::runtime own;
        const int last = cmwq::nr_cpus() - 1;
        struct placed : cmwq::delayed_work<placed> {
            static void run(placed& self) {
                self.there = runs_on(cmwq::nr_cpus() - 1);
                ++self.runs;
            }
            std::atomic<bool> there{false};
            std::atomic<int> runs{0};
        } at_once, later, there, there_later;
        EXPECT_TRUE(own.system().enqueue(at_once));
        EXPECT_TRUE(own.system().enqueue_delayed(later, 1ms));
        EXPECT_TRUE(own.system().enqueue_on(last, there));
        EXPECT_TRUE(own.system().enqueue_delayed_on(last, there_later, 1ms));
        (void)later.flush_delayed();
        EXPECT_TRUE(eventually([&] { return there_later.runs == 1; }));
        own.system().flush();
        for (const placed* each : {&at_once, &later, &there, &there_later}) EXPECT_EQ(each->runs, 1);
        EXPECT_TRUE(there.there && there_later.there);
    });
}

TEST(congested_queue, is_one_where_items_wait_for_their_turn) {
    show([] {
        cmwq::runtime own;
        const auto limited = own.make_queue(cmwq::unbound{.name = "limited", .max_active = 1});
        item first, second;
        EXPECT_FALSE(own.system().congested()) << "a queue without a limit never is";
        EXPECT_FALSE(limited->congested());
        make_it_run(*limited, first);
        EXPECT_FALSE(limited->congested());
        EXPECT_TRUE(limited->enqueue(second));
        EXPECT_TRUE(limited->congested());
        first.let_go.open();
        limited->flush();
        EXPECT_FALSE(limited->congested());
    });
}

TEST(item_of_a_mem_reclaim_queue, that_waits_for_an_ordinary_queue_is_told_and_waits) {
    show([] {
        const support::misuse_recorder recorder;
        cmwq::runtime own;
        const auto reclaim = own.make_queue(cmwq::percpu{.name = "reclaim", .mem_reclaim = true});
        const auto other = own.make_queue(cmwq::percpu{.name = "other reclaim", .mem_reclaim = true});
        item it;
        const auto from_inside = [&](auto wait) {
            EXPECT_TRUE(reclaim->try_spawn([&] { wait(); }));
            reclaim->flush();
        };
        constexpr auto code = misuse_code::reclaim_waits_for_ordinary_queue;
        expect_misuse(code, [&] { from_inside([&] { own.system().flush(); }); });
        expect_misuse(code, [&] { from_inside([&] { own.system_unbound().drain(); }); });
        expect_misuse(code, [&] {
            make_it_run(own.system(), it);
            from_inside([&] {
                const when_maker_waits let_go{[&] { it.let_go.open(); }};
                it.flush();
            });
        });
        EXPECT_FALSE(it.busy());
        (void)support::misuse_recorder::take();
        from_inside([&] { other->flush(); });
        own.system().flush();  // outside of every item
        EXPECT_TRUE(recorder.take().empty());
    });
}

}  // namespace
