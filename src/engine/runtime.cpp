// SPDX-License-Identifier: Apache-2.0
//
// The life of a runtime: started at first use, scopes made when a queue needs them, ended with its workers joined.
#include "engine/attributes.hpp"
#include "engine/collision.hpp"
#include "engine/environment.hpp"
#include "engine/flush.hpp"
#include "engine/fork.hpp"
#include "engine/manager.hpp"
#include "engine/memory.hpp"
#include "engine/misuse.hpp"
#include "engine/priority.hpp"
#include "engine/registry.hpp"
#include "engine/runtime_state.hpp"
#include "engine/timers.hpp"

#include <exception>
#include <new>
#include <type_traits>

namespace cmwq {
inline namespace v1 {

namespace engine {

namespace {

/// Under setup_lock.
void count_in_registry(runtime_state& runtime) noexcept {
    if (runtime.counted) return;
    runtime.counted = true;
    registry::instance().add_runtime();
}

template <class Visit>
void for_each_scope(const runtime_state& runtime, Visit visit) noexcept {
    for (const atomic<pool_scope*>& place : runtime.scopes) {
        // sync setup.5: acquire; pairs with setup.4; sees the scope as it was made
        if (pool_scope* scope = place.load(memory_order_acquire)) visit(*scope);
    }
}

void end_scope(pool_scope& scope) noexcept {
    for (int cpu = 0; cpu < scope.nr_pools; ++cpu) scope.pools[cpu].bird.end();
    // Again and again: a worker that is still on its way to idle may wake or make one in a pool that we have been to.
    while (scope.nr_workers.load(memory_order_relaxed) != 0) {
        for (int cpu = 0; cpu < scope.nr_pools; ++cpu) end_workers(scope.pools[cpu]);
    }
}

}  // namespace

namespace {

bool is_standard(const runtime_state& runtime) noexcept {
    return access::impl(runtime::standard()) == &runtime;
}

/// Under setup_lock. The view is into memory of the caller's, or into the environment.
void copy_name_prefix(runtime_state& runtime) noexcept {
    const std::string_view given = runtime.options.thread_name_prefix;
    const std::size_t length = given.copy(runtime.name_prefix, sizeof runtime.name_prefix - 1);
    runtime.options.thread_name_prefix = {runtime.name_prefix, length};
}

}  // namespace

bool settle(runtime_state& runtime, const runtime_options* given, const call_site& where) noexcept {
    // sync setup.6: acquire; pairs with setup.7; sees the options as they stay
    if (runtime.settled.load(memory_order_acquire)) [[likely]]
        return false;
    locked hold{runtime.setup_lock};
    if (runtime.settled.load(memory_order_relaxed)) return false;
    if (given != nullptr) runtime.options = *given;
    correct_options(runtime.options, where);
    if (is_standard(runtime)) {
        read_environment(runtime.options);
    } else {
        read_environment_for_automatic(runtime.options);
    }
    copy_name_prefix(runtime);
    if (runtime.options.power_efficient == power_saving::automatic) {
        runtime.options.power_efficient = platform::saves_power() ? power_saving::on : power_saving::off;
    }
    if (runtime.options.power_efficient == power_saving::on) {
        runtime.queues->power_efficient.kind = runtime.queues->freezable_power_efficient.kind = scope_kind::unbound;
    }
    runtime.settled.store(true, memory_order_release);  // sync setup.7: release; pairs with setup.6
    return true;
}

pool_scope* scope_of(runtime_state& runtime, scope_kind kind) noexcept {
    atomic<pool_scope*>& place = runtime.scopes[static_cast<unsigned>(kind)];
    locked hold{runtime.setup_lock};
    pool_scope* scope = place.load(memory_order_relaxed);
    if (scope != nullptr) return scope;
    count_in_registry(runtime);  // first: the first one looks which CPUs there are
    scope = create_scope(runtime, kind);
    if (scope == nullptr) return nullptr;
    give_way_in(*scope);
    // sync setup.4: release; pairs with setup.3, setup.5, setup.8, setup.9; publishes the scope and its pools
    place.store(scope, memory_order_release);
    return scope;
}

void end_runtime(runtime_state& runtime) noexcept {
    wait_for_senders(runtime);
    runtime.dog.end();  // before the scopes: it starts canaries
    for_each_scope(runtime, end_scope);
    for_each_scope(runtime, [](pool_scope& scope) { destroy_scope(&scope); });
    while (pool_workqueue* seats = runtime.closed_seats) {
        runtime.closed_seats = seats->next_closed;
        destroy_array(seats, static_cast<std::size_t>(seats->nr_in_array));
    }
    free_placements(runtime);
    if (runtime.counted) registry::instance().remove_runtime();
}

}  // namespace engine

namespace {

/// A runtime that is not the standard one: its state and its seven queues in one block.
struct own_runtime {
    engine::system_queue_set queues{&state};
    engine::runtime_state state{&queues};
};

[[noreturn]] void no_memory() {
#if defined(__cpp_exceptions)
    throw std::bad_alloc{};
#else
    std::terminate();
#endif
}

}  // namespace

runtime_options runtime_options::from_environment() noexcept {
    runtime_options found;
    engine::read_environment(found);
    return found;
}

bool runtime::configure_standard(const runtime_options& options, call_site where) noexcept {
    return engine::settle(*runtime::standard().impl_, &options, where);
}

runtime::runtime(const runtime_options& options, call_site where) : impl_{nullptr} {
    auto* made = engine::create<own_runtime>();
    if (made == nullptr) no_memory();
    impl_ = &made->state;
    (void)engine::settle(*impl_, &options, where);
    engine::list_runtime(*impl_);
}

runtime::~runtime() {
    engine::for_each_system_queue(*impl_->queues, [](cmwq_queue& wq) {
        if ((wq.state.load(engine::memory_order_relaxed) & cmwq_queue::ready) != 0) {
            engine::timers::instance().drop_armed_items(wq);
            engine::drain_queue(wq);
        }
        engine::retire_queue(wq);
    });
    if (impl_->all_queues != nullptr) engine::report({misuse_code::queue_in_use, nullptr, impl_->all_queues, {}});
    engine::unlist_runtime(*impl_);
    engine::end_runtime(*impl_);
    engine::destroy(reinterpret_cast<own_runtime*>(impl_->queues));
}

runtime_statistics runtime::statistics() const noexcept {
    constexpr auto relaxed = engine::memory_order_relaxed;
    const engine::statistics& now = impl_->counters;
    runtime_statistics told;
    told.workers_created = now.workers_created.load(relaxed);
    told.workers_destroyed = now.workers_destroyed.load(relaxed);
    told.worker_creation_failures = now.worker_creation_failures.load(relaxed);
    told.items_rescued = now.items_rescued.load(relaxed);
    told.items_dropped = now.items_dropped.load(relaxed);
    told.highpri_by_niceness = now.highpri_by_niceness.load(relaxed);
    told.highpri_by_preference = now.highpri_by_preference.load(relaxed);
    told.cpu_hogs = now.cpu_hogs.load(relaxed);
    told.flushes = now.flushes.load(relaxed);
    const auto tell = [](const engine::finds& by, std::uint64_t& count, std::chrono::nanoseconds& lateness,
                         std::chrono::nanoseconds& most_lateness) {
        count = by.count.load(relaxed);
        lateness = std::chrono::nanoseconds{by.lateness.load(relaxed)};
        most_lateness = std::chrono::nanoseconds{by.most_lateness.load(relaxed)};
    };
    tell(now.blocks_found[0], told.blocks_found_by_canary, told.canary_lateness, told.most_canary_lateness);
    tell(now.blocks_found[1], told.blocks_found_by_batch_canary, told.batch_canary_lateness,
         told.most_batch_canary_lateness);
    tell(now.blocks_found[2], told.blocks_found_by_watchdog, told.watchdog_lateness, told.most_watchdog_lateness);
    told.blocks_found_by_worker = now.blocks_found_by_worker.load(relaxed);
    told.canaries_starved = now.canaries_starved.load(relaxed);
    told.detection_losses = now.detection_losses.load(relaxed);
    engine::for_each_scope(*impl_, [&](engine::pool_scope& scope) {
        told.pools += static_cast<unsigned>(scope.nr_in_use());
        for (int cpu = 0; cpu < scope.nr_in_use(); ++cpu) {
            told.workers += scope.pools[cpu].nr_workers.load(relaxed);
            told.idle_workers += scope.pools[cpu].nr_idle.load(relaxed);
        }
        for (int index = 0; index < scope.nr_neighbourhoods; ++index) {
            told.items_stolen += scope.neighbourhoods[index].counters.items_stolen.load(relaxed);
            told.wakeups += scope.neighbourhoods[index].counters.wakeups.load(relaxed);
        }
    });
    return told;
}

}  // namespace v1
}  // namespace cmwq
