// SPDX-License-Identifier: Apache-2.0
//
// Queues with a parent: the items of the family never run in greater number than the parent allows, no item sleeps in
// a seat inside a seat, and queues end whatever the parent is doing.
#include "model/engine_scenario.hpp"

#include <array>
#include <vector>

namespace {

using namespace cmwq_test;

/// Items that count how many of their queue and of the whole family are inside.
struct family {
    crowd all;

    void visit(tested_item& item, crowd& own) {
        item.body = [this, &own](tested_item&) {
            all.enter();
            own.enter();
            work_a_little();
            own.leave();
            all.leave();
        };
    }
};

template <std::size_t Count>
void enqueue_all(cmwq::queue& wq, std::array<tested_item, Count>& items) {
    for (tested_item& item : items) (void)wq.enqueue(item);
}

std::vector<model::options> machines() {
    return {on_cpus(1), on_cpus(2), without_fence_all_threads(on_cpus(2))};
}

TEST(nested_limit, holds_for_parent_and_children_together) {
    for (const auto& how : machines()) {
        explore(without_watchdog(how), schedules, [] {
            tested_runtime rt;
            const auto parent = rt.make_queue(cmwq::unbound{.name = "parent", .max_active = 2});
            const auto narrow = rt.make_queue(cmwq::unbound{.name = "narrow", .max_active = 1, .parent = &*parent});
            const auto wide = rt.make_queue(cmwq::unbound{.name = "wide", .parent = &*parent});
            family members;
            crowd in_parent, in_narrow, in_wide;
            std::array<tested_item, 3> items[3];
            for (tested_item& item : items[0]) members.visit(item, in_parent);
            for (tested_item& item : items[1]) members.visit(item, in_narrow);
            for (tested_item& item : items[2]) members.visit(item, in_wide);
            together({{0,
                       [&] {
                           enqueue_all(*narrow, items[1]);
                           enqueue_all(*parent, items[0]);
                       }},
                      {1, [&] { enqueue_all(*wide, items[2]); }}});
            narrow->flush();
            wide->flush();
            parent->flush();
            model::check(members.all.most <= 2, "the parent's limit is kept");
            model::check(in_narrow.most <= 1, "the child's limit is kept");
            for (const auto& some : items) check_each_ran(some);
        });
    }
}

TEST(nested_limit, holds_while_limits_change) {
    for (const auto& how : machines()) {
        explore(without_watchdog(how), schedules, [] {
            tested_runtime rt;
            const auto parent = rt.make_queue(cmwq::unbound{.name = "parent", .max_active = 3});
            const auto child = rt.make_queue(cmwq::unbound{.name = "child", .max_active = 2, .parent = &*parent});
            family members;
            crowd in_parent, in_child;
            std::array<tested_item, 4> items[2];
            for (tested_item& item : items[0]) members.visit(item, in_parent);
            for (tested_item& item : items[1]) members.visit(item, in_child);
            together({{0, [&] { enqueue_all(*parent, items[0]); }},
                      {1, [&] { enqueue_all(*child, items[1]); }},
                      {-1,
                       [&] {
                           for (const int limit : {1, 3, 2}) (void)parent->set_max_active(limit);
                       }},
                      {-1, [&] {
                           for (const int limit : {1, 2}) (void)child->set_max_active(limit);
                       }}});
            child->flush();
            parent->flush();
            model::check(members.all.most <= 3, "the parent's highest limit is kept");
            model::check(in_child.most <= 2, "the child's highest limit is kept");
            for (const auto& some : items) check_each_ran(some);
            members.all.most = 0;
            (void)parent->set_max_active(1);
            enqueue_all(*child, items[1]);
            enqueue_all(*parent, items[0]);
            child->flush();
            parent->flush();
            model::check(members.all.most == 1, "the last limit holds");
        });
    }
}

TEST(nested_limit, of_an_ordered_parent_excludes_and_an_ordered_child_keeps_its_order) {
    for (const auto& how : machines()) {
        explore(without_watchdog(how), schedules, [] {
            tested_runtime rt;
            const auto parent = rt.make_queue(cmwq::ordered{.name = "parent"});
            const auto strand = rt.make_queue(cmwq::ordered{.name = "strand", .parent = &*parent});
            const auto other = rt.make_queue(cmwq::unbound{.name = "other", .parent = &*parent});
            family members;
            crowd in_other;
            std::array<tested_item, 4> in_order;
            std::array<tested_item, 3> others;
            std::size_t next = 0;
            for (tested_item& item : in_order) {
                item.body = [&](tested_item& self) {
                    model::check(&self == &in_order[next++], "in the order of enqueuing");
                    members.all.enter();
                    work_a_little();
                    members.all.leave();
                };
            }
            for (tested_item& item : others) members.visit(item, in_other);
            together({{0, [&] { enqueue_all(*strand, in_order); }}, {1, [&] { enqueue_all(*other, others); }}});
            strand->flush();
            other->flush();
            model::check(members.all.most == 1, "one item of the family at a time");
            model::check(next == in_order.size(), "each item ran");
            check_each_ran(others);
        });
    }
}

TEST(nested_limit, holds_at_each_of_several_levels) {
    explore(without_watchdog(on_cpus(2)), schedules, [] {
        tested_runtime rt;
        const auto outer = rt.make_queue(cmwq::unbound{.name = "outer", .max_active = 3});
        const auto middle = rt.make_queue(cmwq::unbound{.name = "middle", .max_active = 2, .parent = &*outer});
        const auto inner = rt.make_queue(cmwq::ordered{.name = "inner", .parent = &*middle});
        family members;
        crowd in_outer, in_middle, in_inner;
        std::array<tested_item, 3> items[3];
        for (tested_item& item : items[0]) members.visit(item, in_outer);
        for (tested_item& item : items[1]) members.visit(item, in_middle);
        for (tested_item& item : items[2]) members.visit(item, in_inner);
        together({{0,
                   [&] {
                       enqueue_all(*inner, items[2]);
                       enqueue_all(*outer, items[0]);
                   }},
                  {1, [&] { enqueue_all(*middle, items[1]); }},
                  {-1, [&] {
                       for (const int limit : {1, 2}) (void)middle->set_max_active(limit);
                   }}});
        inner->flush();
        middle->flush();
        outer->flush();
        model::check(members.all.most <= 3 && in_inner.most <= 1, "limits are kept");
        model::check(in_middle.most <= 2, "limits are kept");
        for (const auto& some : items) check_each_ran(some);
    });
}

TEST(nested_limit, is_kept_by_items_that_still_run_elsewhere) {
    for (const bool ordered : {false, true}) {
        explore(without_watchdog(on_cpus(2)), schedules, [ordered] {
            tested_runtime rt;
            const auto parent = rt.make_queue(cmwq::unbound{.name = "parent", .max_active = 2});
            const auto child = ordered ? rt.make_queue(cmwq::ordered{.name = "child", .parent = &*parent})
                                       : rt.make_queue(cmwq::unbound{.name = "child", .parent = &*parent});
            tested_item shared;
            std::array<tested_item, 3> others;
            std::vector<const tested_item*> order;
            shared.body = [](tested_item&) { work_a_little(6); };
            for (tested_item& item : others) item.body = [&](tested_item& self) { order.push_back(&self); };
            int taken[2] = {};
            together({{0,
                       [&] {
                           taken[0] = accepted(*child, shared, 2);
                           enqueue_all(*child, others);
                       }},
                      {1, [&] { taken[1] = accepted(rt.system_unbound(), shared, 3); }}});
            child->flush();
            rt.system_unbound().flush();
            child->flush();
            model::check(shared.runs == taken[0] + taken[1], "each accepted enqueue ran");
            check_each_ran(others);
            for (std::size_t i = 0; ordered && i < order.size(); ++i) {
                model::check(order[i] == &others[i], "in the order of enqueuing");
            }
        });
    }
}

TEST(nested_limit, comes_to_a_parent_whose_items_are_in_the_pools) {
    for (const auto& how : {on_cpus(2), on_two_nodes()}) {
        explore(without_watchdog(how), schedules, [] {
            tested_runtime rt;
            const auto parent = rt.make_queue(cmwq::unbound{.name = "without a limit"});
            std::array<tested_item, 4> items;
            std::array<tested_item, 3> nested;
            together({{0, [&] { enqueue_all(*parent, items); }},
                      {1, [&] {
                           const auto child = rt.make_queue(cmwq::ordered{.name = "child", .parent = &*parent});
                           enqueue_all(*child, nested);
                       }}});
            parent->flush();
            check_each_ran(items);
            check_each_ran(nested);
        });
    }
}

TEST(nested_limit, raised_for_the_parent_is_raised_for_its_children) {
    explore(on_cpus(1), schedules / 4, [] {
        tested_runtime rt;
        const auto parent = rt.make_queue(cmwq::unbound{.name = "parent", .max_active = 1});
        const auto child = rt.make_queue(cmwq::unbound{.name = "child", .parent = &*parent});
        meeting<2> both;
        enqueue_all(*child, both.items);
        model::check(parent->set_max_active(2), "there is memory");
        child->flush();
        both.check_each_came();
    });
}

/// Of two children that have a place of the parent's each, one has to give it back with its present item.
TEST(nested_limit, lowered_for_the_parent_ends_the_turn_of_a_child) {
    explore(on_cpus(2), schedules / 4, [] {
        tested_runtime rt;
        const auto parent = rt.make_queue(cmwq::unbound{.name = "parent", .max_active = 2});
        const auto one = rt.make_queue(cmwq::ordered{.name = "one", .parent = &*parent});
        const auto other = rt.make_queue(cmwq::ordered{.name = "other", .parent = &*parent});
        held_item active[2];
        std::array<tested_item, 2> waiting[2];
        crowd inside;
        for (auto& some : waiting) {
            for (tested_item& item : some) make_sleeper(item, inside);
        }
        const auto enqueue = [&](cmwq::queue& child, std::size_t which) {
            model::check(child.enqueue(active[which]), "an idle item is accepted");
            enqueue_all(child, waiting[which]);
        };
        together({{0, [&] { enqueue(*one, 0); }}, {1, [&] { enqueue(*other, 1); }}});
        for (held_item& item : active) item.wait_until_begun();
        model::check(parent->set_max_active(1), "a lower limit needs no memory");
        for (held_item& item : active) item.end.open();
        one->flush();
        other->flush();
        model::check(inside.most == 1, "of two that were active one goes on");
        for (const auto& some : waiting) check_each_ran(some);
    });
}

/// Freezes and thaws while two producers enqueue to the parent and to the child.
void freeze_a_family(bool parent_freezes, bool child_freezes) {
    tested_runtime rt;
    const auto parent = rt.make_queue(cmwq::unbound{.name = "parent", .max_active = 2, .freezable = parent_freezes});
    const auto child = rt.make_queue(cmwq::ordered{.name = "child", .freezable = child_freezes, .parent = &*parent});
    bool quiet = false;
    std::array<tested_item, 3> items, nested;
    for (tested_item& item : items) {
        item.body = [&](tested_item&) { model::check(!quiet || !parent_freezes, "the parent is frozen"); };
    }
    for (tested_item& item : nested) {
        item.body = [&](tested_item&) { model::check(!quiet, "the child is frozen, or held back by its parent"); };
    }
    together({{0, [&] { enqueue_all(*parent, items); }},
              {1, [&] { enqueue_all(*child, nested); }},
              {-1, [&] { freeze_for_a_while(rt, quiet); }}});
    child->flush();
    parent->flush();
    check_each_ran(items);
    check_each_ran(nested);
}

TEST(nested_limit, holds_a_frozen_family_back_and_forgets_nothing) {
    for (const auto& how : {on_cpus(1), on_cpus(2)}) {
        explore(without_watchdog(how), schedules / 3, [] { freeze_a_family(true, false); });
        explore(without_watchdog(how), schedules / 3, [] { freeze_a_family(false, true); });
        explore(without_watchdog(how), schedules / 3, [] { freeze_a_family(true, true); });
    }
}

TEST(nested_limit, lets_a_child_end_while_others_have_the_places) {
    for (const auto& how : machines()) {
        explore(without_watchdog(how), schedules, [] {
            tested_runtime rt;
            const auto parent = rt.make_queue(cmwq::ordered{.name = "parent"});
            std::array<tested_item, 3> items;
            int cancelled = 0, runs = 0;
            const auto end_some = [&] {
                for (int i = 0; i < 3; ++i) {
                    const auto child = rt.make_queue(cmwq::unbound{.name = "child", .parent = &*parent});
                    tested_item item;
                    (void)child->enqueue(item);
                    cancelled += item.cancel_sync() ? 1 : 0;
                    runs += item.runs;
                }
            };
            together({{0, [&] { enqueue_all(*parent, items); }}, {1, end_some}});
            parent->flush();
            check_each_ran(items);
            model::check(runs + cancelled == 3, "run or cancelled");
        });
    }
}

/// The parent's only place is taken until the child is gone: a token of the child's must not have to wait for it.
TEST(nested_limit, lets_a_child_end_whose_token_waits_for_a_place) {
    explore(on_cpus(2), schedules, [] {
        tested_runtime rt;
        const auto parent = rt.make_queue(cmwq::ordered{.name = "parent"});
        tested_item holder, item;
        gate inside, let_go;
        holder.body = [&](tested_item&) {
            inside.open();
            let_go.wait();
        };
        (void)parent->enqueue(holder);
        inside.wait();
        {
            const auto child = rt.make_queue(cmwq::ordered{.name = "child", .parent = &*parent});
            together({{0, [&] { (void)child->enqueue(item); }}, {1, [&] { (void)item.cancel(); }}});
            (void)item.cancel();
        }
        let_go.open();
        parent->flush();
        model::check(item.runs == 0 && holder.runs == 1, "the place was taken");
    });
}

TEST(nested_limit, obeys_the_rule_of_the_parent_about_cpus) {
    explore(without_watchdog(on_two_nodes()), schedules, [] {
        tested_runtime rt;
        const auto parent = rt.make_queue(cmwq::unbound{.name = "parent", .max_active = 2});
        const auto child = rt.make_queue(cmwq::ordered{.name = "child", .parent = &*parent});
        std::array<tested_item, 4> before, after;
        (void)parent->apply_attributes({.cpus = cmwq::cpu_mask::of({1, 2})});
        for (tested_item& item : after) {
            item.body = [](tested_item&) { model::check(platform::current_cpu() == 3, "the parent's mask"); };
        }
        together({{0, [&] { enqueue_all(*child, before); }}, {3, [&] {
                                                                  (void)parent->apply_attributes(
                                                                      {.cpus = cmwq::cpu_mask::of({3})});
                                                                  enqueue_all(*child, after);
                                                              }}});
        child->flush();
        check_each_ran(before);
        check_each_ran(after);
    });
}

TEST(nested_limit, keeps_items_of_a_strict_parent_on_the_node_of_their_enqueuer) {
    explore(without_watchdog(on_two_nodes()), schedules, [] {
        tested_runtime rt;
        const auto parent = rt.make_queue(cmwq::unbound{
            .name = "near", .max_active = 1, .affinity = cmwq::affinity_scope::numa, .affinity_strict = true});
        const auto child = rt.make_queue(cmwq::unbound{.name = "child", .parent = &*parent});
        std::array<tested_item, 3> low, high;
        for (tested_item& item : low) {
            item.body = [](tested_item&) { model::check(platform::current_cpu() < 2, "on node 0"); };
        }
        for (tested_item& item : high) {
            item.body = [](tested_item&) { model::check(platform::current_cpu() >= 2, "on node 1"); };
        }
        together({{0, [&] { enqueue_all(*child, low); }}, {3, [&] { enqueue_all(*child, high); }}});
        child->flush();
        check_each_ran(low);
        check_each_ran(high);
    });
}

TEST(nested_limit, is_rescued_with_its_parent) {
    model::options how = on_cpus(2);
    how.failing_thread_starts.from = 2;  // the first one is the rescuer
    how.step_limit = 2'000'000;
    explore(how, schedules, [] {
        tested_runtime rt;
        const auto parent = rt.make_queue(cmwq::unbound{.name = "reclaim", .max_active = 2, .mem_reclaim = true});
        const auto child = rt.make_queue(cmwq::ordered{.name = "child", .parent = &*parent});
        std::array<tested_item, 3> items;
        enqueue_all(*child, items);
        child->flush();
        check_each_ran(items);
    });
}

}  // namespace
