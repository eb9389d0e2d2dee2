// SPDX-License-Identifier: Apache-2.0
//
// What the engine promises to make visible, in plain variables: what was stored before an enqueue is seen by the run,
// what the run stored is seen by whoever waited for it, and two runs of one item follow each other. With weak memory
// each of these accesses is checked for a data race; so are those of the engine itself (plain_accesses.cpp).
#include "model/engine_scenario.hpp"

#include <array>
#include <memory>

namespace {

using namespace cmwq_test;

constexpr std::uint64_t quick = 100;  ///< schedules of each scenario; CMWQ_MODEL_SCHEDULES overrides it

/// Reads what the enqueuer wrote, and writes an answer. Its runs count with a plain variable: each sees the one before.
struct letter : cmwq::work<letter> {
    int question = 0;
    int answer = 0;
    int runs = 0;
    std::function<void(letter&)> body;

    static void run(letter& self) {
        ++self.runs;
        self.answer = self.question + 1;
        if (self.body) self.body(self);
    }
};

/// As letter, delayed.
struct timed_letter : cmwq::delayed_work<timed_letter> {
    int question = 0;
    int answer = 0;
    static void run(timed_letter& self) { self.answer = self.question + 1; }
};

void check_answered(const letter& one) {
    model::check(one.answer == one.question + 1, "the run saw the question, and its answer is seen");
}

TEST(payload, of_an_enqueue_is_seen_by_the_run_and_its_result_by_the_flusher) {
    for (const auto& how : {on_cpus(1), on_cpus(2), without_fence_all_threads(on_cpus(2)), on_two_nodes()}) {
        explore(without_watchdog(how), quick, [] {
            tested_runtime rt;
            std::array<letter, 6> letters;
            const auto send = [&](std::size_t first) {
                for (std::size_t i = first; i < first + 3; ++i) {
                    letters[i].question = static_cast<int>(i);
                    (void)rt.system().enqueue(letters[i]);
                }
            };
            together({{0, [&] { send(0); }}, {1, [&] { send(3); }}});
            rt.system().flush();
            for (const letter& one : letters) check_answered(one);
        });
    }
}

TEST(payload, is_seen_by_whoever_flushes_the_item) {
    for (const auto& how : {on_cpus(1), on_cpus(2), without_fence_all_threads(on_cpus(2))}) {
        explore(without_watchdog(how), quick, [] {
            tested_runtime rt;
            letter one, two;
            const auto exchange = [&](letter& mine, cmwq::queue& wq) {
                for (int i = 0; i < 3; ++i) {
                    mine.question = i;
                    (void)wq.enqueue(mine);
                    mine.flush();
                    check_answered(mine);
                }
            };
            together({{0, [&] { exchange(one, rt.system()); }}, {1, [&] { exchange(two, rt.system_unbound()); }}});
        });
    }
}

TEST(payload, of_a_run_is_seen_by_whoever_cancelled_the_item) {
    for (const auto& how : {on_cpus(1), on_cpus(2)}) {
        explore(without_watchdog(how), quick, [] {
            tested_runtime rt;
            letter one;
            one.body = [&](letter& self) {
                if (self.runs < 3) (void)rt.system_unbound().enqueue(self);
            };
            for (int i = 0; i < 3; ++i) {
                one.question = i;
                (void)rt.system().enqueue(one);
                work_a_little();
                (void)one.cancel_sync();
                one.runs = 0;  // nobody runs it
            }
        });
    }
}

TEST(payload, runs_of_one_item_follow_each_other_from_all_queues) {
    for (const auto& how : {on_cpus(2), migrating(on_cpus(2)), on_two_nodes()}) {
        explore(without_watchdog(how), quick, [] {
            tested_runtime rt;
            const auto in_order = rt.make_queue(cmwq::ordered{.name = "in order"});
            letter one;
            one.body = [](letter&) { work_a_little(); };
            const auto enqueue = [&](cmwq::queue& wq) {
                for (int i = 0; i < 3; ++i) (void)wq.enqueue(one);
            };
            together({{0, [&] { enqueue(rt.system()); }},
                      {1, [&] { enqueue(rt.system_highpri()); }},
                      {-1, [&] { enqueue(*in_order); }}});
            rt.system().flush();
            rt.system_highpri().flush();
            in_order->flush();
            model::check(one.runs >= 1, "it ran");
        });
    }
}

TEST(payload, of_an_ordered_queue_is_passed_from_item_to_item) {
    for (const auto& how : {on_cpus(2), on_two_nodes()}) {
        explore(without_watchdog(how), quick, [] {
            tested_runtime rt;
            const auto wq = rt.make_queue(cmwq::ordered{.name = "in order"});
            int shared = 0;
            std::array<letter, 4> letters;
            for (letter& one : letters) one.body = [&](letter&) { ++shared; };
            together({{0,
                       [&] {
                           for (std::size_t i = 0; i < 2; ++i) (void)wq->enqueue(letters[i]);
                       }},
                      {2, [&] {
                           for (std::size_t i = 2; i < 4; ++i) (void)wq->enqueue(letters[i]);
                       }}});
            wq->flush();
            model::check(shared == 4, "each item saw those before it");
        });
    }
}

TEST(payload, of_a_limited_queue_and_of_a_nested_one) {
    for (const auto& how : {on_cpus(2), on_two_nodes()}) {
        explore(without_watchdog(how), quick, [] {
            tested_runtime rt;
            const auto wq = rt.make_queue(cmwq::unbound{.name = "limited", .max_active = 1});
            std::array<letter, 6> letters;
            const auto send = [&](std::size_t first) {
                for (std::size_t i = first; i < first + 3; ++i) {
                    letters[i].question = static_cast<int>(i);
                    (void)wq->enqueue(letters[i]);
                }
            };
            together({{0, [&] { send(0); }}, {1, [&] { send(3); }}, {-1, [&] { wq->set_max_active(2); }}});
            wq->drain();
            for (const letter& one : letters) check_answered(one);
        });
    }
}

TEST(payload, of_a_chain_of_items_that_enqueue_each_other) {
    for (const auto& how : {on_cpus(1), on_cpus(2)}) {
        explore(without_watchdog(how), quick, [] {
            tested_runtime rt;
            std::array<letter, 4> letters;
            for (std::size_t i = 0; i + 1 < letters.size(); ++i) {
                letters[i].body = [&, i](letter& self) {
                    letters[i + 1].question = self.answer;
                    (void)rt.system().enqueue(letters[i + 1]);
                };
            }
            (void)rt.system().enqueue(letters[0]);
            rt.system().drain();
            model::check(letters.back().answer == 4, "each saw the one before");
        });
    }
}

TEST(payload, of_items_that_block_and_of_those_that_come_in_their_place) {
    using cmwq::block_detection;
    for (const block_detection tier : {block_detection::canary, block_detection::watchdog}) {
        model::options how = on_cpus(1);
        how.step_limit = 1'000'000;
        explore(how, quick, [tier] {
            tested_runtime rt{{.detect = tier}};
            int message = 0;
            gate open;
            letter waits, opens, region;
            waits.body = [&](letter&) {
                open.wait();
                model::check(message == 5, "what was written before the gate was opened");
            };
            opens.body = [&](letter&) {
                message = 5;
                open.open();
            };
            region.body = [](letter&) {
                cmwq::this_worker::blocking_region blocked;
                model::sleep_for(15ms);
            };
            (void)rt.system().enqueue(waits);
            (void)rt.system().enqueue(region);
            (void)rt.system().enqueue(opens);
            rt.system().flush();
        });
    }
}

TEST(payload, of_a_delayed_item) {
    for (const auto& how : {on_cpus(1), on_cpus(2)}) {
        explore(how, quick, [] {
            tested_runtime rt;
            timed_letter near, far;
            const auto arm = [&](timed_letter& one, std::chrono::nanoseconds delay) {
                one.question = 3;
                (void)rt.system().enqueue_delayed(one, delay);
            };
            together({{0, [&] { arm(near, 1ms); }}, {1, [&] { arm(far, 2ms); }}, {-1, [&] { (void)far.cancel(); }}});
            (void)near.flush_delayed();
            model::check(near.answer == 4, "the run saw it, and its result is seen");
            (void)far.cancel_sync();
            far.question = 9;
        });
    }
}

TEST(payload, of_a_bounded_queue) {
    for (const auto full : {cmwq::full_queue::wait, cmwq::full_queue::run_in_caller}) {
        explore(on_cpus(2), quick, [full] {
            tested_runtime rt;
            const auto wq =
                rt.make_queue(cmwq::unbound{.name = "bounded", .bound = {.max_pending = 1, .when_full = full}});
            std::array<letter, 6> letters;
            const auto send = [&](std::size_t first) {
                for (std::size_t i = first; i < first + 3; ++i) {
                    letters[i].question = static_cast<int>(i);
                    (void)wq->enqueue(letters[i]);
                }
            };
            together({{0, [&] { send(0); }}, {1, [&] { send(3); }}});
            wq->flush();
            for (const letter& one : letters) check_answered(one);
        });
    }
}

struct shared_letter : cmwq::work<shared_letter> {
    int answer = 0;
    static void run(cmwq::arc<shared_letter> self) { ++self->answer; }
};

TEST(payload, of_an_item_with_several_owners_is_destroyed_after_all_of_it) {
    explore(without_watchdog(on_cpus(2)), quick, [] {
        tested_runtime rt;
        auto one = cmwq::make_arc<shared_letter>();
        const auto give = [&rt](cmwq::arc<shared_letter> owner) { (void)rt.system().enqueue(std::move(owner)); };
        together({{0, [&] { give(one); }}, {1, [&] { give(one); }}});
        one = {};
        rt.system().flush();
    });
}

TEST(payload, of_a_queue_that_others_use_is_made_and_destroyed_whole) {
    for (const auto& how : {on_cpus(2), on_two_nodes()}) {
        explore(without_watchdog(how), quick, [] {
            letter one, two;
            {
                tested_runtime rt;
                auto wq = rt.make_queue(cmwq::percpu{.name = "short-lived"});
                const auto send = [&](letter& mine, cmwq::queue& other) {
                    mine.question = 1;
                    (void)wq->enqueue(mine);
                    mine.flush();
                    (void)other.enqueue(mine);
                };
                together({{0, [&] { send(one, rt.system()); }}, {1, [&] { send(two, rt.system_unbound()); }}});
                wq = {};
                wq = rt.make_queue(cmwq::percpu{.name = "the next"});
                (void)wq->enqueue(one);
            }
            check_answered(one);
            check_answered(two);
        });
    }
}

TEST(payload, of_workers_that_end_and_begin) {
    for (const auto& how : {on_cpus(1), on_cpus(2)}) {
        explore(how, quick, [] {
            cmwq::runtime_options few;
            few.idle_worker_timeout = 1ms;
            tested_runtime rt{few};
            for (int round = 0; round < 2; ++round) {
                std::array<letter, 5> letters;
                for (letter& one : letters) {
                    one.body = [](letter&) { model::sleep_for(25ms); };
                    (void)rt.system().enqueue(one);
                }
                rt.system().flush();
                for (const letter& one : letters) check_answered(one);
                model::sleep_for(30ms);
            }
        });
    }
}

TEST(payload, of_what_was_enqueued_before_a_freeze) {
    explore(on_cpus(2), quick, [] {
        tested_runtime rt;
        const auto wq = rt.make_queue(cmwq::unbound{.name = "freezable", .freezable = true});
        std::array<letter, 3> letters;
        bool quiet = false;
        together({{0,
                   [&] {
                       for (letter& one : letters) {
                           one.question = 2;
                           (void)wq->enqueue(one);
                       }
                   }},
                  {1, [&] { freeze_for_a_while(rt, quiet); }}});
        wq->flush();
        for (const letter& one : letters) check_answered(one);
    });
}

/// The blocks of functions that ran are used again, by whoever spawns on that CPU.
TEST(payload, of_spawned_functions_in_blocks_that_are_used_again) {
    explore(on_cpus(1), quick, [] {
        tested_runtime rt;
        std::array<int, 6> answers = {};
        const auto spawn = [&](std::size_t first) {
            for (std::size_t i = first; i < first + 3; ++i)
                (void)rt.system().try_spawn(
                    [&answers, i, question = static_cast<int>(i)] { answers[i] = question + 1; });
        };
        together({{0, [&] { spawn(0); }}, {0, [&] { spawn(3); }}});
        rt.system().flush();
        for (std::size_t i = 0; i < answers.size(); ++i)
            model::check(answers[i] == static_cast<int>(i) + 1, "each ran, with what it was given");
    });
}

}  // namespace
