// SPDX-License-Identifier: Apache-2.0
#include "model/engine_memory.hpp"

#include "model/invariants.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace cmwq_test {

namespace {

using cmwq::model::detail::operation;
using cmwq::model::detail::trace_entry;
using engine::pool_scope;
using engine::worker;
using engine::worker_pool;

constexpr engine_part everything{.everything = true};

std::uintptr_t address(const void* object) {
    return reinterpret_cast<std::uintptr_t>(object);
}

template <class Visit>
void for_each_scope(Visit visit) {
    for (engine::runtime_state* runtime : watched_runtimes()) {
        for (const auto& place : runtime->scopes) {
            if (pool_scope* scope = peek(place)) visit(*scope);
        }
    }
}

template <class Visit>
void for_each_worker_of(const worker_pool& pool, Visit visit) {
    for (worker* one = pool.workers; one != nullptr; one = one->next_in_pool) visit(*one);
}

/// Another one when a scope, a worker, a queue or seats have come or gone.
std::uintptr_t fingerprint() {
    std::uintptr_t sum = 0;
    const auto add = [&sum](const void* object) { sum = sum * 31 + address(object); };
    for_each_scope([&](pool_scope& scope) {
        add(&scope);
        for (int cpu = 0; cpu < scope.nr_pools; ++cpu) {
            for_each_worker_of(scope.pools[cpu], [&](worker& one) { add(&one); });
        }
    });
    for (engine::runtime_state* runtime : watched_runtimes()) {
        engine::for_each_queue(*runtime, [&](cmwq_queue& wq) {
            add(&wq);
            add(peek(wq.seats));
        });
    }
    return sum;
}

/// Where the things of the watched runtimes are.
class engine_memory {
public:
    engine_part at(const void* object) {
        if (stale_) map();
        answer& known = answers_[address(object) / sizeof(std::uint64_t) % answers_.size()];
        if (known.object != object) known = {object, find(object), is_landmark(object)};
        if (!known.landmark || fingerprint() == mapped_) return regions_[known.region].part;
        stale_ = true;
        return everything;
    }
    void forget() { stale_ = true; }

private:
    struct region {
        std::uintptr_t begin, end;
        engine_part part;
    };
    struct answer {
        const void* object;
        std::uint32_t region;
        bool landmark;
    };

    /// The region that it is in; that of nothing: none.
    std::uint32_t find(const void* object) const {
        const auto after = std::upper_bound(regions_.begin() + 1, regions_.end(), address(object),
                                            [](std::uintptr_t value, const region& one) { return value < one.begin; });
        const bool inside = address(object) < (after - 1)->end;
        return inside ? static_cast<std::uint32_t>(after - 1 - regions_.begin()) : 0;
    }
    bool is_landmark(const void* object) const {
        return std::find(landmarks_.begin(), landmarks_.end(), object) != landmarks_.end();
    }

    void map() {
        regions_.assign(1, {0, 0, {}});  // of nothing
        landmarks_.clear();
        answers_ = {};
        for_each_scope([this](pool_scope& scope) { add_scope(scope); });
        for (engine::runtime_state* runtime : watched_runtimes()) add_queues(*runtime);
        std::sort(regions_.begin(), regions_.end(), [](auto& a, auto& b) { return a.begin < b.begin; });
        mapped_ = fingerprint();
        stale_ = false;
    }
    template <class Thing>
    void add(const Thing& thing, const engine_part& part) {
        regions_.push_back({address(&thing), address(&thing + 1), part});
    }
    void add_scope(pool_scope& scope) {
        add(scope, {.scope = &scope});
        for (int cpu = 0; cpu < scope.nr_pools; ++cpu) {
            worker_pool& pool = scope.pools[cpu];
            add(pool, {.pool = &pool});
            landmarks_.push_back(&pool.workers_lock);
            for_each_worker_of(pool, [&](worker& one) { add(one, {.pool = &pool}); });
        }
    }
    void add_queues(engine::runtime_state& runtime) {
        add(runtime.setup_lock, everything);  // guards the freeze
        landmarks_.push_back(&runtime.setup_lock);
        for (const auto& place : runtime.scopes) landmarks_.push_back(&place);
        engine::for_each_queue(runtime, [this](cmwq_queue& wq) {
            add(wq, {.queue = &wq});
            landmarks_.push_back(&wq.seats);
            const engine::pool_workqueue* seats = peek(wq.seats);
            for (int seat = 0; seats != nullptr && seat < wq.nr_seats; ++seat) add(seats[seat], {.queue = &wq});
        });
    }

    std::vector<region> regions_;
    std::vector<const void*> landmarks_;  ///< what changes when something comes or goes
    std::array<answer, 256> answers_ = {};
    std::uintptr_t mapped_ = 0;  ///< the fingerprint of what is mapped
    bool stale_ = true;
};

engine_memory memory;

}  // namespace

engine_part part_changed_by(const trace_entry& step) {
    switch (step.kind) {
    case operation::store:
    case operation::exchange:
    case operation::fetch_add:
    case operation::fetch_sub:
    case operation::fetch_or:
    case operation::fetch_and:
    case operation::fetch_xor:
    case operation::compare_exchange:
    case operation::mutex_unlock: return memory.at(step.object);
    case operation::note: return everything;  // a scenario's own step
    default: return {};                       // waits, and what makes or ends waiting
    }
}

void forget_engine_memory() {
    memory.forget();
}

}  // namespace cmwq_test
