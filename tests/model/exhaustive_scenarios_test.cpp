// SPDX-License-Identifier: Apache-2.0
//
// The smallest parts of the engine under every schedule with at most two preemptions: an item's state word, the inbox,
// the worklist with its biased lock, the idle stack, the bound. What is whole enough for a runtime is too long for this
// and is explored by chance.
#include "engine/bound.hpp"
#include "engine/manager.hpp"
#include "engine/registry.hpp"
#include "engine/worklist.hpp"
#include "model/engine_scenario.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace {

using namespace cmwq_test;

constexpr int preemptions = 2;
constexpr std::uint64_t most_schedules = 200'000;
constexpr auto relaxed = std::memory_order_relaxed;

struct plain_item : cmwq::work<plain_item> {
    static void run(plain_item&) {}
};

bool claim(plain_item& item, engine::queue_id id) {
    return engine::transition_to_pending(item, id) == cmwq::refusal::none;
}

bool start(plain_item& item, engine::worker_id me) {
    std::uint64_t seen = engine::word_of(item);
    while ((seen & engine::work_word::pending) != 0) {
        if (engine::transition_to_running(item, seen, me)) return true;
    }
    return false;
}

/// What was pushed, in one list, in order. The list is held.
std::string names_in(engine::item_list& list, std::initializer_list<plain_item*> items) {
    std::string names;
    for (auto* item = list.front(); item != nullptr; item = engine::item_list::next(*item)) {
        char name = 'a';
        for (const plain_item* one : items) {
            if (one == item) names += name;
            ++name;
        }
    }
    return names;
}

TEST(exhaustive, of_three_that_claim_an_item_one_has_it) {
    explore_all(on_cpus(1), preemptions, most_schedules, [] {
        plain_item item;
        std::array<int, 3> has{};
        together({{0, [&] { has[0] = claim(item, 1); }},
                  {0, [&] { has[1] = claim(item, 2); }},
                  {0, [&] { has[2] = claim(item, 3); }}});
        model::check(has[0] + has[1] + has[2] == 1, "one of them has it");
        const auto queue = engine::queue_of_word(engine::word_of(item));
        model::check(has[queue - 1] == 1, "and the word names its queue");
        (void)start(item, 1);
    });
}

/// As in the child of a fork: the queues below `id` were the parent's.
class first_queue_is {
public:
    explicit first_queue_is(engine::queue_id id) { engine::first_queue_here.store(id, relaxed); }
    ~first_queue_is() { engine::first_queue_here.store(1, relaxed); }
};

TEST(exhaustive, of_two_that_claim_what_is_pending_in_the_parent_one_has_it) {
    explore_all(on_cpus(1), preemptions, most_schedules, [] {
        plain_item item;
        model::check(claim(item, 1), "the parent's instance");
        const first_queue_is child{2};
        std::array<int, 2> has{};
        together({{0, [&] { has[0] = claim(item, 2); }}, {0, [&] { has[1] = claim(item, 3); }}});
        model::check(has[0] + has[1] == 1, "one of them has it");
        model::check(engine::queue_of_word(engine::word_of(item)) == (has[0] != 0 ? 2u : 3u),
                     "and the word names its queue");
        model::check(start(item, 1), "it can start");
    });
}

TEST(exhaustive, every_claim_is_followed_by_a_start) {
    explore_all(on_cpus(1), preemptions, most_schedules, [] {
        plain_item item;
        int claimed = 0, started = 0;
        const auto claim_twice = [&] {
            for (int i = 0; i < 2; ++i) claimed += claim(item, 1) ? 1 : 0;
        };
        together({{0, claim_twice}, {0, claim_twice}, {0, [&] {
                                                           for (int i = 0; i < 2; ++i)
                                                               started += start(item, 7) ? 1 : 0;
                                                       }}});
        started += start(item, 7) ? 1 : 0;
        model::check(claimed == started, "as many starts as claims");
        model::check(claimed >= 1, "the first claim is accepted");
    });
}

TEST(exhaustive, a_disabled_item_is_claimed_by_nobody) {
    explore_all(on_cpus(1), preemptions, most_schedules, [] {
        plain_item item;
        bool disabled = false, claimed_while_disabled = false;
        int claimed = 0;
        together({{0,
                   [&] {
                       model::check(engine::transition_to_disabled(item), "it is not too deep");
                       disabled = (engine::word_of(item) & engine::work_word::pending) == 0;
                       model::interrupt();
                       disabled = false;
                       (void)engine::transition_to_enabled(item);
                   }},
                  {0, [&] {
                       for (int i = 0; i < 2; ++i) {
                           const bool before = disabled;
                           const bool has = claim(item, 1);
                           claimed += has ? 1 : 0;
                           claimed_while_disabled = claimed_while_disabled || (has && before && disabled);
                       }
                   }}});
        model::check(!claimed_while_disabled, "nobody claims it meanwhile");
        model::check(claimed <= 1, "and once, as it never starts");
        model::check(claim(item, 1) == (claimed == 0), "afterwards it is as before");
        (void)start(item, 1);
    });
}

TEST(exhaustive, an_item_that_is_held_is_started_by_nobody) {
    explore_all(on_cpus(1), preemptions, most_schedules, [] {
        plain_item item;
        (void)claim(item, 5);
        bool held = false, cancelled = false, started = false;
        together({{0,
                   [&] {
                       if (!engine::transition_to_held(item, 5)) return;
                       held = true;
                       model::interrupt();
                       held = false;
                       engine::transition_to_taken(item);
                       cancelled = true;
                       engine::transition_to_cancelled(item);
                   }},
                  {0, [&] {
                       std::uint64_t seen = engine::word_of(item);
                       for (int tries = 0; tries < 3 && (seen & engine::work_word::pending) != 0; ++tries) {
                           if ((seen & engine::work_word::taken) != 0) return;
                           started = engine::transition_to_running(item, seen, 1);
                           model::check(!started || !held, "it is not started while it is held");
                           if (started) return;
                       }
                   }}});
        model::check(!(cancelled && started), "it is cancelled or started");
        model::check(cancelled || started || (engine::word_of(item) & engine::work_word::pending) != 0,
                     "or still pending");
        if (!cancelled && !started) (void)start(item, 1);
    });
}

TEST(exhaustive, the_inbox_loses_nothing_and_keeps_the_order_of_each_producer) {
    explore_all(on_cpus(1), preemptions, most_schedules, [] {
        engine::inbox box;
        engine::item_list taken;
        plain_item a, b, c;
        together({{0,
                   [&] {
                       box.push(a);
                       box.push(b);
                   }},
                  {0, [&] { box.push(c); }},
                  {0, [&] {
                       box.take_all(taken);
                       box.take_all(taken);
                   }}});
        box.take_all(taken);
        const std::string names = names_in(taken, {&a, &b, &c});
        model::check(names == "abc" || names == "acb" || names == "cab", "all three, and a before b");
        while (taken.pop_front() != nullptr) {}
    });
}

void lock_and_count(engine::worklist& list, crowd& inside) CMWQ_NO_THREAD_SAFETY_ANALYSIS {
    list.lock();
    inside.enter();
    model::interrupt();
    inside.leave();
    list.unlock();
}

TEST(exhaustive, the_owner_of_a_biased_list_and_others_are_never_in_it_at_once) {
    explore_all(on_cpus(1), preemptions, most_schedules, [] {
        engine::worklist list;
        engine::biased_entry owner;
        crowd inside;
        plain_item item;
        list.push(item);
        list.adopt(owner, false);
        int popped = 0;
        together({{0,
                   [&] {
                       const auto pick = [&](cmwq::work_base&) {
                           inside.enter();
                           model::interrupt();
                           inside.leave();
                           ++popped;
                       };
                       (void)list.pop(owner, pick);
                       (void)list.pop(owner, pick);
                   }},
                  {0, [&] { lock_and_count(list, inside); }}});
        model::check(inside.most == 1, "one at a time");
        model::check(popped == 1, "the item is popped once");
    });
}

TEST(exhaustive, a_list_gets_its_next_owner_when_the_former_one_is_not_in_it) {
    explore_all(on_cpus(1), preemptions, most_schedules, [] {
        engine::worklist list;
        engine::biased_entry former, next;
        crowd inside;
        plain_item items[2];
        for (plain_item& item : items) list.push(item);
        list.adopt(former, false);
        int popped = 0;
        const auto pick = [&](cmwq::work_base&) {
            inside.enter();
            model::interrupt();
            inside.leave();
            ++popped;
        };
        together({{0, [&] { (void)list.pop(former, pick); }}, {0, [&] {
                                                                   list.adopt(next, false);
                                                                   (void)list.pop(next, pick);
                                                               }}});
        model::check(inside.most == 1, "one at a time");
        model::check(popped == 2, "each has popped an item");
    });
}

TEST(exhaustive, of_two_workers_that_pop_one_has_the_item) {
    explore_all(on_cpus(1), preemptions, most_schedules, [] {
        engine::worklist list;
        engine::biased_entry first, second;
        plain_item item;
        list.push(item);
        list.adopt(first, false);
        int popped = 0;
        const auto pick = [&](cmwq::work_base&) { ++popped; };
        together({{0, [&] { (void)list.pop(first, pick); }}, {0, [&] { (void)list.pop(second, pick); }}});
        model::check(popped == 1, "the item is popped once");
    });
}

/// Workers without a thread, on the idle stack of a pool that nobody uses.
struct sleepers {
    cmwq::runtime rt;
    engine::worker_pool* pool = nullptr;
    std::array<engine::worker*, 3> all{};
    std::array<bool, 3> awake{};

    sleepers() {
        model::check(engine::make_ready(engine::as_engine(rt.system())), "there is memory");
        pool = &engine::as_engine(rt.system()).scope->pools[0];
        for (engine::worker*& each : all) {
            each = engine::registry::instance().acquire_worker();
            each->pool = pool;
            engine::push_idle(*each);
        }
    }
    ~sleepers() {
        for (engine::worker* each : all) engine::registry::instance().release_worker(*each);
    }

    /// False: nobody is idle.
    bool wake(engine::worker*& woken) {
        woken = engine::pop_idle(*pool);
        if (woken == nullptr) return false;
        bool& is_awake = awake[static_cast<std::size_t>(std::find(all.begin(), all.end(), woken) - all.begin())];
        model::check(!std::exchange(is_awake, true), "nobody is woken twice");
        return true;
    }
    void rest(engine::worker& woken) {
        awake[static_cast<std::size_t>(std::find(all.begin(), all.end(), &woken) - all.begin())] = false;
        engine::push_idle(woken);
    }
};

TEST(exhaustive, each_idle_worker_is_woken_once_though_one_comes_back_meanwhile) {
    explore_all(on_cpus(1), preemptions, most_schedules, [] {
        sleepers idle;
        together({{0,
                   [&] {
                       engine::worker* woken = nullptr;
                       (void)idle.wake(woken);
                   }},
                  {0, [&] {
                       engine::worker *first = nullptr, *second = nullptr;
                       if (!idle.wake(first) || !idle.wake(second)) return;
                       idle.rest(*first);
                   }}});
        engine::worker* last = nullptr;
        while (idle.wake(last)) {}
        model::check(idle.awake == std::array{true, true, true}, "nobody is forgotten");
        model::check(idle.pool->ended_stack.load(relaxed) == 0, "and nobody taken for one whose thread has ended");
    });
}

TEST(exhaustive, a_bounded_queue_never_has_more_than_its_bound) {
    explore_all(on_cpus(1), preemptions, most_schedules, [] {
        engine::queue_bound bound{cmwq::pending_bound{.max_pending = 1}};
        int inside = 0, most = 0;
        const auto use = [&] {
            if (!engine::take_room(bound)) return;
            most = std::max(most, ++inside);
            model::interrupt();
            --inside;
            engine::give_back_room(bound);
        };
        together({{0, use}, {0, use}, {0, use}});
        model::check(most == 1, "one at a time, and one at least");
        model::check(bound.nr_pending.load(relaxed) == 0, "all room is given back");
    });
}

}  // namespace
