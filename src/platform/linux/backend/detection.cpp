// SPDX-License-Identifier: Apache-2.0
#include "backend/detection.hpp"

#include "backend/atomic.hpp"
#include "backend/clock.hpp"
#include "backend/task_state.hpp"
#include "backend/thread.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <ctime>

namespace cmwq {
inline namespace v1 {
namespace platform {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr nanoseconds compute_time = milliseconds{2};
constexpr nanoseconds block_time = milliseconds{2};
constexpr nanoseconds most_delay = milliseconds{1};
constexpr nanoseconds most_wait =
    milliseconds{50};  ///< for the CPU: who gets less than that says nothing about policies
constexpr int tries = 5;

/// This long after it said that it sleeps, a thread does sleep, and goes on sleeping for most of block_time.
constexpr nanoseconds asleep_for_sure = microseconds{200};
constexpr int looks_that_prove = 3;

constexpr auto relaxed = std::memory_order_relaxed;

/// One try. Every field stands for itself and is read again until it is there, so no order between them is needed; the
/// result is read after the canary has ended.
struct attempt {
    int sleeper_id = 0;  // set before the canary starts
    std::atomic<int> canary_id{0};
    std::atomic<bool> over{false};
    std::atomic<bool> ended{false};
    std::atomic<std::int64_t> blocked_at{0};  // the sleeper's, just before it sleeps
    std::int64_t noticed_at = 0;              // the canary's, when it first saw the sleeper blocked after that
    int wrong_looks = 0;                      // the canary's: the sleeper slept and was called running
};

void look(attempt& t) noexcept {
    const std::int64_t blocked_at = t.blocked_at.load(relaxed);
    if (blocked_at == 0 || t.noticed_at != 0) return;
    const task_state seen = task_state_of(t.sleeper_id);
    const nanoseconds since = now() - nanoseconds{blocked_at};
    if (seen == task_state::blocked) t.noticed_at = blocked_at + since.count();
    if (seen == task_state::running && since > asleep_for_sure && since < block_time) ++t.wrong_looks;
}

void canary_body(void* raw) noexcept {
    auto& t = *static_cast<attempt*>(raw);
    t.canary_id.store(current_thread_id(), relaxed);
    while (!t.over.load(relaxed)) {
        look(t);
        yield();
    }
    // sync trial.4: release; pairs with trial.5; the last touch of the attempt, which is on its owner's stack
    t.ended.store(true, std::memory_order_release);
}

void sleep_for(nanoseconds time) noexcept {
    const timespec nap{0, time.count()};
    nanosleep(&nap, nullptr);
}

/// In place of a join: where a process ends while a thread waits to be joined, ThreadSanitizer says that it leaks one.
void wait_for_end(const attempt& t) noexcept {
    // sync trial.5: acquire; pairs with trial.4; what the canary saw is read after this
    while (!t.ended.load(std::memory_order_acquire)) sleep_for(microseconds{100});
}

/// False: the canary did not run in time although this thread sleeps.
bool wait_for_canary(const attempt& t) noexcept {
    const nanoseconds limit = now() + most_wait;
    while (t.canary_id.load(relaxed) == 0) {
        if (now() >= limit) return false;
        sleep_for(milliseconds{1});
    }
    return true;
}

/// Computes for compute_time of this thread's own CPU time. False: it did not get that much.
bool compute() noexcept {
    const int self = current_thread_id();
    const nanoseconds enough = cpu_time_of(self) + compute_time;
    const nanoseconds limit = now() + most_wait;
    while (cpu_time_of(self) < enough) {
        if (now() >= limit) return false;
    }
    return true;
}

/// What the canary did beside a thread that computed and then slept. By that thread.
trial_outcome observe(attempt& t) noexcept {
    if (!wait_for_canary(t)) return trial_outcome::inconclusive;
    const int canary_id = t.canary_id.load(relaxed);
    const nanoseconds before = cpu_time_of(canary_id);
    if (!compute()) return trial_outcome::inconclusive;
    const bool takes_cpu = cpu_time_of(canary_id) - before >= compute_time / 10;
    t.blocked_at.store(now().count(), relaxed);
    sleep_for(block_time);
    return takes_cpu ? trial_outcome::takes_cpu : trial_outcome::works;
}

trial_outcome try_once(thread_policy policy, int cpu) noexcept {
    attempt t;
    t.sleeper_id = current_thread_id();
    thread canary{};
    if (!canary.start({.name = "cmwq/trial", .cpu = cpu, .policy = policy}, canary_body, &t))
        return trial_outcome::inconclusive;
    canary.detach();
    const trial_outcome seen = observe(t);
    t.over.store(true, relaxed);
    wait_for_end(t);
    if (seen != trial_outcome::works) return seen;
    if (t.noticed_at == 0 && t.wrong_looks >= looks_that_prove) return trial_outcome::misreads;
    const nanoseconds delay{t.noticed_at - t.blocked_at.load(relaxed)};
    // Late, or never: that is what a busy CPU looks like, too.
    return t.noticed_at != 0 && delay < most_delay ? trial_outcome::works : trial_outcome::inconclusive;
}

/// One success is enough; a failure counts only if all tries agree on it.
trial_outcome best_of_tries(thread_policy policy, int cpu) noexcept {
    trial_outcome agreed = trial_outcome::none;
    for (int i = 0; i < tries; ++i) {
        const trial_outcome now = try_once(policy, cpu);
        if (now == trial_outcome::works) return now;
        if (i != 0 && now != agreed) agreed = trial_outcome::inconclusive;
        if (i == 0) agreed = now;
    }
    return agreed;
}

/// The trial of this process. What it tries is written by whoever took `under_way`, before the thread starts.
struct process_trial {
    std::atomic<bool> under_way{false};
    std::atomic<trial_outcome> outcome{trial_outcome::none};
    thread_policy policy = thread_policy::normal;
    int cpu = 0;
};
constinit process_trial trial;

void trial_main(void*) noexcept {
    widen_file_table();  // takes its time, and this thread has some
    trial.outcome.store(best_of_tries(trial.policy, trial.cpu), relaxed);
    // sync trial.1: release; pairs with trial.2; whoever starts the next trial does so after this one is through
    trial.under_way.store(false, std::memory_order_release);
}

}  // namespace

bool start_trial(thread_policy policy, int cpu) noexcept {
    // sync trial.2: acquire read-modify-write; pairs with trial.1, trial.3
    if (trial.under_way.exchange(true, std::memory_order_acquire)) return false;
    trial.policy = policy;
    trial.cpu = cpu;
    trial.outcome.store(trial_outcome::none, relaxed);
    thread runner{};
    if (runner.start({.name = "cmwq/trial", .cpu = cpu}, trial_main, nullptr)) {
        runner.detach();
        return true;
    }
    trial.outcome.store(trial_outcome::inconclusive, relaxed);
    // sync trial.3: release; pairs with trial.2; as trial.1
    trial.under_way.store(false, std::memory_order_release);
    return false;
}

void forget_trial() noexcept {
    if (trial.under_way.load(relaxed)) trial.outcome.store(trial_outcome::none, relaxed);
    trial.under_way.store(false, relaxed);
}

trial_outcome last_trial() noexcept {
    return trial.outcome.load(relaxed);
}

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
