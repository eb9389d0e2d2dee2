// SPDX-License-Identifier: Apache-2.0
//
// Items, workers and queues that pass from one hand to the next: each scenario is about one of the engine's hand-overs,
// small enough that a lost order shows soon.
#include "model/engine_scenario.hpp"

#include "engine/work_word.hpp"

#include <cmwq/arc.hpp>
#include <cmwq/misuse.hpp>

#include <array>

namespace {

using namespace cmwq_test;

constexpr std::uint64_t quick = 100;  ///< schedules of each scenario; CMWQ_MODEL_SCHEDULES overrides it

/// Its runs count with a plain variable: each sees the one before.
struct errand : cmwq::work<errand> {
    int runs = 0;
    std::function<void()> body;

    static void run(errand& self) {
        ++self.runs;
        if (self.body) self.body();
    }
};

auto make_queue_full_at_one(tested_runtime& rt) {
    return rt.make_queue(
        cmwq::unbound{.name = "bounded", .bound = {.max_pending = 1, .when_full = cmwq::full_queue::run_in_caller}});
}

/// Where the bounded queue is full its enqueuers run the item, as guests. Nobody looks after a guest: what a worker
/// left with it has to be found by the guest's own last look.
TEST(hand_over, of_an_item_that_runs_in_its_enqueuer_forgets_nothing) {
    explore(without_watchdog(on_cpus(2)), 4 * quick, [] {
        tested_runtime rt;
        const auto wq = make_queue_full_at_one(rt);
        errand contended;
        std::array<errand, 2> others;
        contended.body = others[0].body = others[1].body = [] { work_a_little(2); };
        int accepted[2] = {};
        const auto enqueue = [&](std::size_t which) {
            (void)wq->enqueue(others[which]);
            for (int i = 0; i < 2; ++i) accepted[which] += wq->enqueue(contended) ? 1 : 0;
        };
        together({{0, [&] { enqueue(0); }}, {1, [&] { enqueue(1); }}});
        wq->flush();
        (void)contended.flush();
        model::check(contended.runs == accepted[0] + accepted[1], "each accepted enqueue ran once");
    });
}

/// Who cancels or flushes an item looks whether it is in a list; that of a guest never was.
TEST(hand_over, of_an_item_that_runs_in_its_enqueuer_to_those_who_ask_where_it_is) {
    explore(without_watchdog(on_cpus(2)), 10 * quick, [] {
        tested_runtime rt;
        const auto wq = make_queue_full_at_one(rt);
        std::array<errand, 2> items;
        together({{0,
                   [&] {
                       for (errand& item : items) (void)wq->enqueue(item);
                   }},
                  {1, [&] {
                       for (errand& item : items) (void)item.flush();
                       for (errand& item : items) (void)item.cancel_sync();
                   }}});
    });
}

// ---- the state word ------------------------------------------------------------------------------------------------

constexpr std::uint64_t some_queue = engine::in_queue(3);

/// A refusal writes the word, so that the run sees what the refused caller stored: of a plain queue and of a bounded
/// one.
TEST(hand_over, of_what_was_stored_before_a_refusal) {
    const auto by_claim = [](cmwq::work_base& item) { return engine::claim_for(item, some_queue); };
    const auto by_look = [](cmwq::work_base& item) { return engine::refuse_unclaimable(item); };
    for (cmwq::refusal (*const refuse)(cmwq::work_base&) : {+by_claim, +by_look}) {
        explore(on_cpus(2), quick, [refuse] {
            errand item;
            platform::atomic<int> event{0};
            int seen = 0;
            cmwq::refusal why = cmwq::refusal::none;
            model::check(engine::claim_for(item, some_queue) == cmwq::refusal::none, "it is idle");
            together({{0,
                       [&] {
                           std::uint64_t word = engine::word_of(item);
                           while (!engine::transition_to_running(item, word, 1)) {}
                           seen = event.load(std::memory_order_relaxed);
                       }},
                      {1, [&] {
                           event.store(1, std::memory_order_relaxed);
                           why = refuse(item);
                       }}});
            model::check(why != cmwq::refusal::already_pending || seen == 1, "the run saw what was stored before");
        });
    }
}

/// What was done to an item while it was disabled is seen by whoever enqueues it next: also in the child of a fork,
/// where an instance of the parent's counts for nothing.
TEST(hand_over, of_a_disabled_item_to_its_next_enqueuer) {
    for (const bool in_child : {false, true}) {
        explore(on_cpus(2), quick, [in_child] {
            errand item;
            int changed = 0;
            if (in_child) {
                model::check(engine::claim_for(item, some_queue) == cmwq::refusal::none, "it is idle");
                engine::first_queue_here.store(5, std::memory_order_relaxed);
            }
            model::check(engine::transition_to_disabled(item), "once");
            together({{0,
                       [&] {
                           changed = 1;
                           (void)engine::transition_to_enabled(item);
                       }},
                      {1, [&] {
                           if (engine::claim_for(item, engine::in_queue(7)) == cmwq::refusal::none)
                               model::check(changed == 1, "it was enabled before");
                       }}});
            engine::first_queue_here.store(1, std::memory_order_relaxed);
        });
    }
}

/// The same for whoever disables it next.
TEST(hand_over, of_a_disabled_item_to_who_disables_it_next) {
    explore(on_cpus(2), quick, [] {
        errand item;
        int changed = 0;
        while (engine::transition_to_disabled(item)) {}  // as often as can be
        together({{0,
                   [&] {
                       changed = 1;
                       (void)engine::transition_to_enabled(item);
                   }},
                  {1, [&] {
                       if (engine::transition_to_disabled(item)) model::check(changed == 1, "it was enabled before");
                   }}});
    });
}

/// A cancel asks whether the item is in a list of this queue, while it was in one of another's a moment ago.
TEST(hand_over, of_an_item_from_queue_to_queue_while_it_is_cancelled) {
    explore(on_cpus(2), quick, [] {
        tested_runtime rt;
        errand item;
        const auto enqueue = [&](cmwq::queue& wq) {
            for (int i = 0; i < 3; ++i) (void)wq.enqueue(item);
        };
        together({{0, [&] { enqueue(rt.system()); }},
                  {1, [&] { enqueue(rt.system_unbound()); }},
                  {1, [&] {
                       for (int i = 0; i < 4; ++i) (void)item.cancel();
                   }}});
        (void)item.cancel_sync();
        item.runs = 0;
    });
}

struct timed_errand : cmwq::delayed_work<timed_errand> {
    int runs = 0;
    static void run(timed_errand& self) { ++self.runs; }
};

/// The timers' thread gives the item to its queue, others move it from wheel to wheel, or from its list into a wheel,
/// and somebody takes it out of where it just was.
TEST(hand_over, of_a_delayed_item_between_wheels_and_lists) {
    model::options how = on_cpus(2);
    how.time_leaps = 0.01;
    explore(how, quick, [] {
        tested_runtime rt;
        timed_errand item;
        (void)rt.system().enqueue_delayed(item, 1us);
        together({{0,
                   [&] {
                       for (int i = 0; i < 2; ++i)
                           (void)rt.system().mod_delayed(item, std::chrono::nanoseconds{i * 200});
                   }},
                  {1,
                   [&] {
                       for (int i = 0; i < 2; ++i) (void)rt.system_unbound().mod_delayed(item, 1us);
                   }},
                  {-1, [&] {
                       for (int i = 0; i < 4; ++i) (void)item.cancel();
                   }}});
        (void)item.cancel_sync();
        item.runs = 0;
    });
}

/// The timers' thread has an item in hand that is in no list when its queue is destroyed.
TEST(hand_over, of_a_delayed_item_to_a_queue_that_ends) {
    model::options how = on_cpus(2);
    how.time_leaps = 0.01;
    explore(how, quick, [] {
        tested_runtime rt;
        std::array<timed_errand, 2> items;
        {
            const auto wq = rt.make_queue(cmwq::percpu{.name = "short-lived"});
            for (timed_errand& item : items) (void)wq->enqueue_delayed(item, 300ns);
            model::sleep_for(std::chrono::nanoseconds{200 + model::random_below(200)});
        }
        for (timed_errand& item : items) model::check(!item.pending(), "it ran, or was dropped");
    });
}

// ---- owners and handlers -------------------------------------------------------------------------------------------

struct owned {
    int written[3] = {};
    owned() = default;
    ~owned() { model::check(written[0] + written[1] + written[2] == 3, "each owner wrote before it let go"); }
};

TEST(hand_over, of_an_object_to_its_last_owner) {
    explore(on_cpus(2), quick, [] {
        cmwq::arc<owned> owners[3];
        owners[0] = owners[1] = owners[2] = cmwq::make_arc<owned>();
        const auto let_go = [&owners](int which) {
            owners[which]->written[which] = 1;
            owners[which] = nullptr;
        };
        together({{0, [&] { let_go(0); }}, {1, [&] { let_go(1); }}, {-1, [&] { let_go(2); }}});
    });
}

int set_up = 0;   ///< what the first handler needs
int reports = 0;  ///< of the second one

void first_handler(const cmwq::misuse&) noexcept {
    model::check(set_up == 1, "what its owner set up is seen");
}
void second_handler(const cmwq::misuse&) noexcept {
    ++reports;
}

/// Who reports sees what the handler's owner set up; who replaces it, too.
TEST(hand_over, of_a_misuse_handler) {
    explore(on_cpus(2), quick, [] {
        set_up = reports = 0;
        (void)cmwq::set_misuse_handler(second_handler);
        together({{0,
                   [&] {
                       set_up = 1;
                       (void)cmwq::set_misuse_handler(first_handler);
                   }},
                  {1,
                   [&] {
                       errand item;
                       for (int i = 0; i < 2; ++i) (void)item.enable();
                   }},
                  {1, [&] {
                       if (cmwq::set_misuse_handler(second_handler) == first_handler)
                           model::check(set_up == 1, "what its owner set up is seen");
                   }}});
        (void)cmwq::set_misuse_handler(nullptr);
    });
}

// ---- limits, rests -------------------------------------------------------------------------------------------------

/// A queue gets its first limit while items of it run: each counts, and gives its place back, once.
TEST(hand_over, of_running_items_to_a_limit) {
    for (const auto& how : {on_cpus(1), on_cpus(2)}) {
        explore(without_watchdog(how), quick, [] {
            tested_runtime rt;
            std::array<cmwq::owned_queue, 3> queues;
            for (auto& wq : queues) wq = rt.make_queue(cmwq::unbound{.name = "limited later"});
            std::array<errand, 6> items;
            std::array<gate, 3> begun;
            for (std::size_t i = 0; i < 3; ++i) items[i].body = [&begun, i] { begun[i].open(); };
            together({{0,
                       [&] {
                           for (std::size_t i = 0; i < 3; ++i) (void)queues[i]->enqueue(items[i]);
                       }},
                      {1, [&] {
                           for (std::size_t i = 0; i < 3; ++i) {
                               begun[i].wait();
                               (void)queues[i]->set_max_active(1);
                           }
                       }}});
            for (std::size_t i = 0; i < 3; ++i) (void)queues[i]->enqueue(items[3 + i]);
            for (auto& wq : queues) wq->flush();
            for (const errand& item : items) model::check(item.runs == 1, "each ran");
        });
    }
}

/// An item pushes another one to its worker's own list, and waits for it, just as the watchdog goes to rest: only the
/// watchdog can find that.
TEST(hand_over, of_a_local_push_to_a_watchdog_that_is_about_to_rest) {
    for (const auto& how : {on_cpus(1), without_fence_all_threads(on_cpus(1))}) {
        explore(how, 4 * quick, [] {
            tested_runtime rt{{.detect = cmwq::block_detection::watchdog}};
            errand first, second;
            gate open;
            first.body = [&] {
                model::burn(std::chrono::nanoseconds{9'999'500 + model::random_below(600)});
                (void)rt.system().enqueue(second);
                open.wait();
            };
            second.body = [&] { open.open(); };
            (void)rt.system().enqueue(first);
            rt.system().flush();
        });
    }
}

}  // namespace
