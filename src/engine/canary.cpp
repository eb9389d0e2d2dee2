// SPDX-License-Identifier: Apache-2.0
#include "engine/canary.hpp"

#include "engine/concurrency.hpp"
#include "engine/enqueue.hpp"
#include "engine/manager.hpp"
#include "engine/pinning.hpp"
#include "engine/registry.hpp"
#include "engine/runtime_state.hpp"
#include "engine/thread_name.hpp"
#include "engine/wake.hpp"

#include <algorithm>
#include <utility>

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

/// Two missed blocks this close together are no accident (docs/adr/0008-the-canary.md).
constexpr unsigned ticks_remembered = 32;
constexpr std::chrono::nanoseconds shortest_batch_service = std::chrono::seconds{1};
constexpr std::chrono::nanoseconds longest_batch_service = std::chrono::seconds{16};

/// Looks without finding anything to do, before it parks.
constexpr unsigned fruitless_looks = 2;

constexpr std::chrono::nanoseconds no_time{};
constexpr std::chrono::nanoseconds near_enough = std::chrono::microseconds{10};

/// On its CPU, a canary looks at a running worker a few hundred times a second: the kernel gives it no more. One that
/// gets to look more often has a CPU that is idle, although its worker does not block in an item: the worker waits for
/// something between two items, or threads cannot be pinned here. Then it naps, so as not to burn that CPU, ever
/// longer.
class restraint {
public:
    std::chrono::nanoseconds nap_after_look_between_items() noexcept {
        return nap_every(16, one_ms, looks_between_items_);
    }
    std::chrono::nanoseconds nap_after_look_at_running() noexcept {
        return nap_every(1000, 500 * one_ms, looks_at_running_);
    }

private:
    static constexpr std::chrono::nanoseconds one_ms = std::chrono::milliseconds{1};
    static constexpr std::chrono::nanoseconds shortest_nap = std::chrono::microseconds{50};
    static constexpr std::chrono::nanoseconds longest_nap = std::chrono::milliseconds{5};

    /// `round` looks in less than `least_time` are too many.
    std::chrono::nanoseconds nap_every(unsigned round, std::chrono::nanoseconds least_time, unsigned& looks) noexcept {
        if (++looks < round) return no_time;
        looks = 0;
        const std::chrono::nanoseconds now = platform::now();
        const bool too_fast = now - round_began_ < least_time;
        nap_ = !too_fast ? no_time : std::clamp(nap_ * 2, shortest_nap, longest_nap);
        round_began_ = now + nap_;
        return nap_;
    }

    unsigned looks_between_items_ = 0;
    unsigned looks_at_running_ = 0;
    std::chrono::nanoseconds round_began_{0};
    std::chrono::nanoseconds nap_{0};
};

}  // namespace

bool canary::start_thread(bird_thread& bird, detector tier) noexcept {
    bird.owner = this;
    bird.tier = tier;
    const thread_name name{*pool_.scope->runtime, "c%s%d", pool_.scope->unbound() ? "u" : "", pool_.cpu % 1000};
    const platform::thread_options options{
        .name = name.text,
        .cpu = cpu_to_pin_to(pool_.cpu),
        .policy = tier == detector::canary ? platform::thread_policy::idle : platform::thread_policy::batch,
        .stack_size = 64 * 1024,
    };
    const bool up = bird.thread.start(options, thread_main, &bird);
    bird.up.store(up, memory_order_relaxed);
    return up;
}

void canary::arm_if_wanted() noexcept {
    if (pool_.nr_running.load(memory_order_relaxed) != 0 && work_waits()) arm();
}

void canary::employ(detector tier) noexcept {
    if (employed_as_ == tier || !hand_over_to(tier)) return;  // no thread to be had: the next tick tries again
    employed_as_ = tier;
    batch_until_ = {};
}

void canary::pin_again() noexcept {
    for (const bird_thread& bird : threads_) {
        const int id = bird.up.load(memory_order_relaxed) ? bird.thread_id.load(memory_order_relaxed) : 0;
        if (id != 0) platform::pin_thread(id, cpu_to_pin_to(pool_.cpu));
    }
}

void canary::dismiss() noexcept {
    if (!employed_as_) return;
    employed_as_.reset();
    serving_.store(nobody, memory_order_relaxed);
    armed_.store(true, memory_order_relaxed);
}

/// The thread looks at once: it may have to find what the one before it missed. It disarms when there is nothing to
/// see.
bool canary::hand_over_to(detector tier) noexcept {
    const int index = index_of(tier);
    bird_thread& bird = threads_[index];
    if (!bird.up.load(memory_order_relaxed) && !start_thread(bird, tier)) return false;
    serving_.store(index, memory_order_relaxed);
    armed_at_.store(platform::now().count(), memory_order_relaxed);
    bird.parker.unpark();
    return true;
}

void canary::wake_up() noexcept {
    // sync canary.2: acquire-release read-modify-write; pairs with canary.3; one caller wakes it, and sees who is in
    // service
    if (armed_.exchange(true, memory_order_acq_rel)) return;
    armed_at_.store(platform::now().count(), memory_order_relaxed);
    const int serving = serving_.load(memory_order_relaxed);
    if (serving != nobody) threads_[serving].parker.unpark();
}

void canary::thread_main(void* self) noexcept {
    auto& bird = *static_cast<bird_thread*>(self);
    bird.thread_id.store(platform::current_thread_id(), memory_order_relaxed);
    bird.owner->watch(bird);
}

/// The other twin is in service, or nobody: this one parks and leaves the pool to it.
bool canary::relieved(const bird_thread& self) const noexcept {
    return serving_.load(memory_order_relaxed) != index_of(self.tier);
}

void canary::watch(bird_thread& self) noexcept {
    // sync canary.4: acquire; pairs with canary.5
    while (!ending_.load(memory_order_acquire)) {
        self.parker.park();
        stay_awake(self);
        if (relieved(self)) continue;  // still armed: the twin was woken when it took over
        // sync canary.3: seq_cst read-modify-write; pairs with canary.2; the race of resting against a push: an
        // enqueuer that saw us armed pushed before this and is seen below; one that pushes with plain stores at just
        // this moment is left to the watchdog
        armed_.exchange(false, memory_order_seq_cst);
        platform::fence_after_rmw();
        // Even where nobody counts: one whom we took out pushes to his own list without a look at the count, and may
        // block again. Nobody else would come round to that.
        if (pool_.nr_running.load(memory_order_relaxed) == 0) (void)look(self);
        arm_if_wanted();
    }
}

void canary::stay_awake(bird_thread& self) noexcept {
    unsigned fruitless = 0;
    restraint held_back;
    while (fruitless < fruitless_looks && !relieved(self) && !ending_.load(memory_order_relaxed)) {
        return_to_policy(self);
        const sight seen = look(self);
        fruitless = seen == sight::nothing ? fruitless + 1 : 0;
        // Not after a wake: the woken worker preempts anyway, and beside busy threads each yield costs a turn,
        // milliseconds.
        if (seen == sight::acted) continue;
        const std::chrono::nanoseconds nap = seen == sight::between_items ? held_back.nap_after_look_between_items()
                                             : seen == sight::running     ? held_back.nap_after_look_at_running()
                                                                          : no_time;
        if (nap == no_time) {
            platform::yield();
        } else {
            (void)self.parker.park_until(platform::now() + nap);
        }
    }
}

bool canary::work_waits() const noexcept {
    const pool_scope& scope = *pool_.scope;
    // The workers of a CPU that is gone take nothing from other pools.
    if (!online_cpus::instance().contains(pool_.cpu)) return pool_.list.has_work();
    if (pool_.list.has_work() || work_waits_at(*pool_.near)) return true;
    const neighbourhood& helped = scope.neighbourhoods[pool_.helps.load(memory_order_relaxed)];
    return &helped != pool_.near && work_waits_at(helped);
}

/// For the workers of this pool, in other ones.
bool canary::work_waits_at(const neighbourhood& around) const noexcept {
    const pool_scope& scope = *pool_.scope;
    const int in_use = scope.nr_in_use();
    for (int step = 0; step < around.size; ++step) {
        const worker_pool& pool = scope.pools[around.cpu_at(pool_.position + step)];
        if (&pool == &pool_ || pool.cpu >= in_use) continue;
        if (pool.list.has_work() && !pool.left_to_owner.load(memory_order_relaxed)) return true;
    }
    return false;
}

canary::sight canary::look(bird_thread& self) noexcept {
    if (!work_waits()) return sight::nothing;
    if (pool_.nr_running.load(memory_order_relaxed) == 0) {
        // The CPU is free and nobody was woken for the work, because a thief was to come round to it.
        return wake_worker(self) ? sight::acted : sight::nothing;
    }
    worker* latest = latest_worker(pool_);
    if (latest == nullptr) return sight::between_items;
    if (counts_in(pool_, *latest)) return look_at_worker(self, *latest);
    worker* other = counted_worker();
    return other != nullptr ? look_at_worker(self, *other) : sight::between_items;
}

/// A worker of this pool that counts as running: one that left the count, came back and is not the latest. By way of
/// the registry, whose slots need no lock to be looked at; rare.
worker* canary::counted_worker() noexcept {
    worker* found = nullptr;
    registry::instance().for_each_worker([&](worker& other) {
        if (counts_in(pool_, other)) found = &other;
    });
    return found;
}

canary::sight canary::look_at_worker(bird_thread& self, worker& other) noexcept {
    const std::optional<sighting> seen = sight_in_item(pool_, other);
    if (!seen) return sight::between_items;  // or waking up: it wants the CPU and gets it now
    if (!is_blocked(other)) {
        self.awake.remember(other);
        return sight::running;
    }
    return take_out_and_replace(self, *seen);
}

canary::sight canary::take_out_and_replace(bird_thread& self, const sighting& blocked) noexcept {
    const std::chrono::nanoseconds late = lateness_of(self, *blocked.other);
    const unsigned left = take_out(self, blocked);
    if (left == 0) return sight::running;
    pool_.scope->runtime->counters.blocks_found[static_cast<unsigned>(self.tier)].add(late);
    const bool woken = wake_worker(self);
    make_up_elsewhere(left);
    return woken ? sight::acted : sight::nothing;
}

/// Enqueuers where the worker looked relied on it. The one woken in its place looks there too, if that is at home and
/// this pool helps nobody. Else whoever is needed there is left to the watchdog, at once and not at its next tick: a
/// canary that loses the CPU with another pool's token in hand could not be told from one that does not.
void canary::make_up_elsewhere(unsigned left) noexcept {
    if ((left & counted_in::looking) == 0) return;
    const neighbourhood& looked = looked_at(pool_, left);
    if (&looked == pool_.near && pool_.helps.load(memory_order_relaxed) == pool_.near->index) return;
    for (int position = 0; position < looked.size; ++position) {
        const worker_pool& pool = pool_.scope->pools[looked.cpus[position]];
        if (nobody_runs(pool) && pool.list.has_work()) return pool_.scope->runtime->dog.look_now();
    }
}

void canary::known_awake::remember(const worker& other) noexcept {
    *this = {&other, platform::now(), platform::cpu_time_of(other.thread_id.load(memory_order_relaxed))};
}

/// How long the worker has been off the CPU, at most: since it was last known to be awake, less what it computed since.
/// If nothing was known of it since the canary was armed: since then, because before that nobody waited. Less than
/// `near_enough` is not worth a system call between one block and the next start.
std::chrono::nanoseconds canary::lateness_of(const bird_thread& self, const worker& other) const noexcept {
    const std::chrono::nanoseconds now = platform::now();
    const std::chrono::nanoseconds armed_at{armed_at_.load(memory_order_relaxed)};
    if (self.awake.who != &other || self.awake.at < armed_at) return now - std::max(self.awake.at, armed_at);
    if (now - self.awake.at < near_enough) return now - self.awake.at;
    const auto computed = platform::cpu_time_of(other.thread_id.load(memory_order_relaxed)) - self.awake.cpu_time;
    return std::max(now - self.awake.at - computed, no_time);
}

/// False: there is no idle worker. The watchdog is asked to make one, and the pool remembers to keep a spare from now
/// on.
bool canary::wake_worker(bird_thread& self) noexcept {
    // Asked now, not with the token in hand: a canary that has to give up the CPU then holds up its pool.
    if (const worker* next = top_idle(pool_)) self.awake.remember(*next);
    if (have_somebody_run(self)) return true;
    pool_.wants_spare.store(true, memory_order_relaxed);
    pool_.scope->runtime->dog.look_now();
    return false;
}

unsigned canary::take_out(bird_thread& self, const sighting& blocked) noexcept {
    const act whole{self};
    return take_out_of_counts(pool_, blocked);
}

bool canary::have_somebody_run(bird_thread& self) noexcept {
    const act whole{self};
    return !take_running_token(pool_) || pass_token_on();
}

bool canary::pass_token_on() noexcept {
    if (worker* sleeper = pop_idle(pool_)) {
        pool_.near->counters.wakeups.fetch_add(1, memory_order_relaxed);
        sleeper->parker.unpark();
        return true;
    }
    give_back_running_token(pool_);
    return false;
}

/// Some hundred instructions, which the thread has begun and not ended since the last tick: the CPU was taken from it,
/// and beside busy threads the idle policy gets it back in seconds. The policy is lifted until its next look, where
/// that is permitted; else somebody else has to be found (keeps_token).
void canary::help_if_it_gets_stuck() noexcept {
    bird_thread& bird = threads_[index_of(detector::canary)];
    const unsigned act = bird.acts.load(memory_order_relaxed);
    const bool same_as_before = act == std::exchange(act_seen_, act);
    ticks_in_act_ = act % 2 == 0 ? 0 : same_as_before ? ticks_in_act_ + 1 : 1;
    if (ticks_in_act_ < 2) token_replaced_ = false;
    if (ticks_in_act_ != 2) return;
    platform::leave_idle_policy(bird.thread_id.load(memory_order_relaxed));
    // sync canary.11: release; pairs with canary.12; whoever sees it returns after the policy was lifted, not before
    bird.out_of_policy.store(true, memory_order_release);
}

bool canary::keeps_token() const noexcept {
    return employed() && ticks_in_act_ > 2 && !token_replaced_ &&
           threads_[index_of(detector::canary)].acts.load(memory_order_relaxed) == act_seen_;
}

void canary::return_to_policy(bird_thread& self) noexcept {
    // sync canary.12: acquire; pairs with canary.11
    if (!self.out_of_policy.load(memory_order_acquire)) [[likely]]
        return;
    self.out_of_policy.store(false, memory_order_relaxed);
    platform::take_idle_policy();
}

void canary::tick() noexcept {
    help_if_it_gets_stuck();
    if (++ticks_since_miss_ > ticks_remembered) {
        missed_ = false;
        if (batch_until_ == std::chrono::nanoseconds::zero()) batch_service_ = {};
    }
    if (batch_until_ == std::chrono::nanoseconds::zero() || platform::now() < batch_until_) return;
    if (!hand_over_to(detector::canary)) return;
    batch_until_ = {};
    ticks_since_miss_ = 0;
}

bool canary::missed_a_block(std::chrono::nanoseconds now) noexcept {
    const bool again = missed_;
    missed_ = true;
    ticks_since_miss_ = 0;
    if (!again || employed_as_ != detector::canary || batch_until_ != std::chrono::nanoseconds::zero()) return false;
    if (!hand_over_to(detector::batch_canary)) return false;
    // Starved again as soon as it was back: the CPU stays busy, and each return costs some ticks of late finds.
    batch_service_ = std::clamp(batch_service_ * 2, shortest_batch_service, longest_batch_service);
    batch_until_ = now + batch_service_;
    return true;
}

void canary::end() noexcept {
    // sync canary.5: release; pairs with canary.4
    ending_.store(true, memory_order_release);
    for (bird_thread& bird : threads_) {
        if (!bird.up.load(memory_order_relaxed)) continue;
        // Beside busy threads it would take seconds to notice, and we wait for it.
        if (const int id = bird.thread_id.load(memory_order_relaxed)) platform::leave_idle_policy(id);
        bird.parker.unpark();
        bird.thread.join();
    }
    platform::close_task_files();
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
