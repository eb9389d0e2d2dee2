// SPDX-License-Identifier: Apache-2.0
//
// A limit that is divided over the NUMA nodes: each node's items keep their part of it, whoever runs them, and the
// parts follow max_active, min_active and the queue's CPUs.
#include "model/engine_scenario.hpp"

#include <array>
#include <utility>
#include <vector>

namespace {

using namespace cmwq_test;

model::options four_cpus_on(int nodes) {
    model::options how = on_cpus(4);
    how.cpus = {.count = 4, .nodes = nodes, .caches = nodes};
    return how;
}

using batch = std::array<tested_item, 3>;

/// What was enqueued on one node.
struct node_items {
    batch items;
    crowd inside;

    node_items() {
        for (tested_item& item : items) {
            item.body = [this](tested_item&) {
                inside.enter();
                work_a_little();
                inside.leave();
            };
        }
    }
    void enqueue_to(cmwq::queue& wq) {
        for (tested_item& item : items) (void)wq.enqueue(item);
    }
    void check(int limit) {
        for (const tested_item& item : items) model::check(item.runs == 1, "each item ran");
        model::check(inside.most <= limit, "the node's part is kept");
    }
};

/// Of a max_active of 3 on 4 CPUs, rounded up.
int part_of_three(int nodes, int min_active) {
    const int share = nodes == 1 ? 3 : nodes == 2 ? 2 : 1;
    return share < min_active ? min_active : share;
}

TEST(limit_per_node, is_kept_on_each_node) {
    for (const int nodes : {1, 2, 4}) {
        for (const int min_active : {1, 2}) {
            explore(without_watchdog(four_cpus_on(nodes)), schedules / 2, [nodes, min_active] {
                tested_runtime rt;
                const auto wq = rt.make_queue(
                    cmwq::unbound{.name = "divided", .max_active = 3, .per_node = true, .min_active = min_active});
                node_items first, last;
                together({{0, [&] { first.enqueue_to(*wq); }}, {3, [&] { last.enqueue_to(*wq); }}});
                wq->flush();
                first.check(part_of_three(nodes, min_active));
                last.check(part_of_three(nodes, min_active));
            });
        }
    }
}

TEST(limit_per_node, lets_its_part_run_at_once_on_each_node) {
    for (const auto& [max_active, min_active] : {std::pair{3, 1}, std::pair{2, 2}}) {
        explore(four_cpus_on(2), schedules / 16, [max_active = max_active, min_active = min_active] {
            tested_runtime rt;
            const auto wq = rt.make_queue(
                cmwq::unbound{.name = "divided", .max_active = max_active, .per_node = true, .min_active = min_active});
            std::array<tested_item, 4> items;  // two on each node, and none ends before all have begun
            std::array<gate, 4> all_begun;
            unsigned begun = 0;
            for (std::size_t i = 0; i < items.size(); ++i) {
                items[i].body = [&, i](tested_item&) {
                    if (++begun == items.size()) {
                        for (gate& each : all_begun) each.open();
                    }
                    all_begun[i].wait();
                };
            }
            const auto enqueue = [&](std::size_t first) {
                (void)wq->enqueue(items[first]);
                (void)wq->enqueue(items[first + 1]);
            };
            together({{0, [&] { enqueue(0); }}, {3, [&] { enqueue(2); }}});
            wq->flush();
        });
    }
}

TEST(limit_per_node, follows_max_active_and_min_active) {
    for (const int nodes : {2, 4}) {
        explore(without_watchdog(four_cpus_on(nodes)), schedules, [] {
            tested_runtime rt;
            const auto wq =
                rt.make_queue(cmwq::unbound{.name = "divided", .max_active = 4, .per_node = true, .min_active = 1});
            node_items first, last;
            together({{0, [&] { first.enqueue_to(*wq); }},
                      {3, [&] { last.enqueue_to(*wq); }},
                      {-1, [&] {
                           (void)wq->set_max_active(2);
                           (void)wq->set_min_active(2);
                           (void)wq->set_max_active(4);
                           (void)wq->set_min_active(0);
                       }}});
            wq->flush();
            // The largest part there ever was: by the CPUs of one of two nodes, or by min_active.
            first.check(2);
            last.check(2);
            (void)wq->set_max_active(1);
            node_items later;
            together({{0, [&] { later.enqueue_to(*wq); }}});
            wq->flush();
            later.check(1);
        });
    }
}

TEST(limit_per_node, follows_the_cpus_of_the_queue) {
    explore(without_watchdog(four_cpus_on(2)), schedules, [] {
        tested_runtime rt;
        const auto wq =
            rt.make_queue(cmwq::unbound{.name = "divided", .max_active = 2, .per_node = true, .min_active = 1});
        node_items first, last;
        together({{0, [&] { first.enqueue_to(*wq); }},
                  {3, [&] { last.enqueue_to(*wq); }},
                  {-1, [&] {
                       (void)wq->apply_attributes({.cpus = cmwq::cpu_mask::of({2, 3})});
                   }}});
        wq->flush();
        first.check(1);
        last.check(2);  // all of it, once the other node has none of the queue's CPUs
    });
}

TEST(limit_per_node, freezes_and_ends_as_others_do) {
    explore(without_watchdog(four_cpus_on(2)), schedules, [] {
        tested_runtime rt;
        node_items first, last;
        {
            const auto wq = rt.make_queue(cmwq::unbound{
                .name = "divided", .max_active = 2, .freezable = true, .per_node = true, .min_active = 1});
            together({{0, [&] { first.enqueue_to(*wq); }},
                      {3, [&] { last.enqueue_to(*wq); }},
                      {-1, [&] {
                           rt.freeze();
                           while (!rt.frozen()) platform::yield();
                           model::check(first.inside.inside == 0 && last.inside.inside == 0, "quiet");
                           rt.thaw();
                       }}});
        }
        first.check(1);
        last.check(1);
    });
}

TEST(limit_per_node, holds_inside_a_parent) {
    explore(without_watchdog(four_cpus_on(2)), schedules, [] {
        tested_runtime rt;
        const auto parent = rt.make_queue(cmwq::unbound{.name = "parent", .max_active = 1});
        const auto wq = rt.make_queue(
            cmwq::unbound{.name = "divided", .max_active = 4, .parent = &*parent, .per_node = true, .min_active = 1});
        node_items first, last;
        crowd all;
        for (node_items* each : {&first, &last}) {
            for (tested_item& item : each->items) {
                item.body = [&all](tested_item&) {
                    all.enter();
                    work_a_little();
                    all.leave();
                };
            }
        }
        together({{0, [&] { first.enqueue_to(*wq); }}, {3, [&] { last.enqueue_to(*wq); }}});
        wq->flush();
        first.check(0);
        last.check(0);
        model::check(all.most == 1, "the parent's limit is kept");
    });
}

}  // namespace
