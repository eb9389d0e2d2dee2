// SPDX-License-Identifier: Apache-2.0
#include "engine/attributes.hpp"

#include "engine/limits.hpp"
#include "engine/memory.hpp"
#include "engine/misuse.hpp"
#include "engine/online_cpus.hpp"
#include "engine/runtime_state.hpp"

#include <algorithm>
#include <utility>

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

using platform::cpu_info;
using platform::topology;

/// The kernel's figure for a part of a large cache.
constexpr int cores_per_shard = 8;

template <class Visit>
void for_each_cpu(const topology& all, Visit visit) noexcept {
    for (int cpu = 0; cpu < all.nr_cpus; ++cpu) visit(cpu);
}

/// Which pod each CPU is in: equal numbers, same pod.
struct pods {
    int of[topology::max_cpus];
};

/// The number of its cache, and of its part of that cache: as many parts as come nearest to the figure, of sizes that
/// differ by one core at most.
void number_shards(pods& numbered, const topology& all) noexcept {
    bool first_of_core[topology::max_cpus];
    for_each_cpu(all, [&](int cpu) {
        const auto same = [&](const cpu_info& other) { return other.core == all.cpus[cpu].core; };
        first_of_core[cpu] = std::none_of(all.cpus, all.cpus + cpu, same);
    });
    for_each_cpu(all, [&](int cpu) {
        int cores = 0, before = 0;
        for_each_cpu(all, [&](int other) {
            if (!first_of_core[other] || all.cpus[other].cache != all.cpus[cpu].cache) return;
            ++cores;
            if (all.cpus[other].core < all.cpus[cpu].core) ++before;
        });
        const int shards = std::max(1, (cores + cores_per_shard / 2) / cores_per_shard);
        numbered.of[cpu] = all.cpus[cpu].cache * topology::max_cpus + before * shards / cores;
    });
}

void number_pods(pods& numbered, affinity_scope scope, const topology& all) noexcept {
    if (scope == affinity_scope::cache_shard) return number_shards(numbered, all);
    for_each_cpu(all, [&](int cpu) {
        const cpu_info& one = all.cpus[cpu];
        numbered.of[cpu] = scope == affinity_scope::cpu      ? cpu
                           : scope == affinity_scope::smt    ? one.core
                           : scope == affinity_scope::numa   ? one.node
                           : scope == affinity_scope::system ? 0
                                                             : one.cache;
    });
}

/// The CPU of the mask that is nearest to `cpu`: of its pod, else of its node, else the next one.
int nearest(const placement& rule, const topology& all, int cpu) noexcept {
    const auto next_where = [&](auto fits) {
        for (int step = 0; step < all.nr_cpus; ++step) {
            const int other = (cpu + step) % all.nr_cpus;
            if (rule.cpus.contains(other) && fits(other)) return other;
        }
        return -1;
    };
    int found = next_where([&](int other) { return rule.pod_of[other] == rule.pod_of[cpu]; });
    if (found < 0) found = next_where([&](int other) { return all.cpus[other].node == all.cpus[cpu].node; });
    return found >= 0 ? found : next_where([](int) { return true; });
}

cpu_mask online(const topology& all) noexcept {
    const platform::cpu_indices now = online_cpus::instance().all();
    cpu_mask made;
    for_each_cpu(all, [&](int cpu) {
        if (now.contains(cpu)) made.add(cpu);
    });
    return made;
}

/// Those of `named` that `all` has too; where that is none, `all` of them.
cpu_mask within(const cpu_mask& all, const cpu_mask& named) noexcept {
    if (named.empty()) return all;
    cpu_mask both;
    for (int cpu = 0; cpu < cpu_mask::max_cpus; ++cpu) {
        if (all.contains(cpu) && named.contains(cpu)) both.add(cpu);
    }
    return both.empty() ? all : both;
}

/// What the queue asks, as far as the runtime allows it and the CPUs are there, with nothing left by default.
attributes effective(const cmwq_queue& wq, const cpu_mask& there) noexcept {
    const runtime_options& given = wq.runtime->options;
    attributes wanted = wq.asked;
    wanted.cpus = within(within(there, given.unbound_cpus), wq.asked.cpus);
    if (wanted.affinity == affinity_scope::by_default) wanted.affinity = given.default_affinity;
    return wanted;
}

/// Under setup_lock. The one that was made before, or a new one; null: no memory.
const placement* intern(runtime_state& runtime, const attributes& wanted, const topology& all) noexcept {
    for (placement* made = runtime.placements; made != nullptr; made = made->next) {
        if (made->asked == wanted) return made;
    }
    auto* made = create<placement>();
    if (made == nullptr) return nullptr;
    make_placement(*made, wanted, all);
    made->next = std::exchange(runtime.placements, made);
    return made;
}

bool is_one_pod(const cpu_mask& there, affinity_scope scope, const topology& all) noexcept {
    pods numbered;
    number_pods(numbered, scope, all);
    int first = 0;
    while (first < all.nr_cpus - 1 && !there.contains(first)) ++first;
    bool one = true;
    for_each_cpu(all, [&](int cpu) { one = one && (!there.contains(cpu) || numbered.of[cpu] == numbered.of[first]); });
    return one;
}

}  // namespace

void make_placement(placement& made, const attributes& wanted, const topology& all) noexcept {
    made.kind = wanted.affinity_strict ? placement::rule::pod : placement::rule::within;
    made.asked = wanted;
    made.cpus = wanted.cpus;
    pods numbered;
    number_pods(numbered, wanted.affinity, all);
    for_each_cpu(all, [&](int cpu) {  // a pod is called by its first CPU
        const int* first = std::find(numbered.of, numbered.of + cpu, numbered.of[cpu]);
        made.pod_of[cpu] = static_cast<std::uint16_t>(first - numbered.of);
    });
    for_each_cpu(all, [&](int cpu) { made.start[cpu] = static_cast<std::uint16_t>(nearest(made, all, cpu)); });
}

bool find_placement(cmwq_queue& wq) noexcept {
    if (wq.parent != nullptr) {
        wq.where = wq.parent->where;
        return true;
    }
    const topology& all = platform::discover_topology();
    const cpu_mask there = online(all);
    const attributes wanted = effective(wq, there);
    const bool anywhere = !wanted.affinity_strict || is_one_pod(there, wanted.affinity, all);
    if (wq.binds_to_cpu() || (anywhere && wanted.cpus == there)) {
        wq.where = nullptr;
        return true;
    }
    const placement* found = intern(*wq.runtime, wanted, all);
    if (found == nullptr) return false;
    wq.where = found;
    return true;
}

void free_placements(runtime_state& runtime) noexcept {
    while (placement* gone = runtime.placements) {
        runtime.placements = gone->next;
        destroy(gone);
    }
}

namespace {

cpu_mask exchange_unbound_cpus(runtime_state& runtime, const cpu_mask& cpus) noexcept {
    locked hold{runtime.setup_lock};
    return std::exchange(runtime.options.unbound_cpus, cpus);
}

}  // namespace
}  // namespace engine

bool runtime::set_unbound_cpus(const cpu_mask& cpus) noexcept {
    (void)engine::settle(*impl_);
    const cpu_mask former = engine::exchange_unbound_cpus(*impl_, cpus);
    if (engine::place_queues(*impl_)) return true;
    (void)engine::exchange_unbound_cpus(*impl_, former);
    (void)engine::place_queues(*impl_);  // the former rules are there still
    return false;
}

bool queue::apply_attributes(const attributes& wanted, call_site where) noexcept {
    cmwq_queue& wq = engine::as_engine(*this);
    if (!engine::make_ready(wq)) return false;
    if (wq.binds_to_cpu()) {
        engine::report({misuse_code::attributes_of_percpu_queue, nullptr, &wq, where});
        return false;
    }
    if (wq.parent != nullptr) {
        engine::report({misuse_code::option_of_parent, nullptr, &wq, where});
        return false;
    }
    attributes taken = wanted;
    if (taken.affinity_strict && taken.affinity == affinity_scope::system) {
        engine::report({misuse_code::contradictory_options, nullptr, &wq, where});
        taken.affinity_strict = false;
    }
    return engine::set_attributes(wq, taken);
}

}  // namespace v1
}  // namespace cmwq
