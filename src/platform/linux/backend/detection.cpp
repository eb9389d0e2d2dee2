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
constexpr int tries = 5;

/// One try. Every field stands for itself and is read again until it is there, so no order between them is needed; the
/// result is read after both threads were joined.
struct trial {
    std::atomic<int> worker_id{0}, canary_id{0};
    std::atomic<bool> over{false};
    std::atomic<std::int64_t> blocked_at{0};  // the worker's, just before it sleeps
    std::int64_t noticed_at = 0;              // the canary's, when it first ran after that
    bool seen_blocked = false;                // the canary's
    bool cheap_enough = false;                // the worker's

    bool passed() const noexcept {
        const nanoseconds delay{noticed_at - blocked_at.load(std::memory_order_relaxed)};
        return cheap_enough && noticed_at != 0 && delay < most_delay && seen_blocked;
    }
};

constexpr auto relaxed = std::memory_order_relaxed;

void canary_body(void* raw) noexcept {
    auto& t = *static_cast<trial*>(raw);
    t.canary_id.store(current_thread_id(), relaxed);
    while (!t.over.load(relaxed)) {
        if (t.blocked_at.load(relaxed) != 0 && t.noticed_at == 0) {
            t.seen_blocked = task_state_of(t.worker_id.load(relaxed)) == task_state::blocked;
            t.noticed_at = now().count();
        }
        yield();
    }
}

void compute_until(nanoseconds when) noexcept {
    while (now() < when) pause();
}

void worker_body(void* raw) noexcept {
    auto& t = *static_cast<trial*>(raw);
    t.worker_id.store(current_thread_id(), relaxed);
    const nanoseconds deadline = now() + milliseconds{50};
    while (t.canary_id.load(relaxed) == 0 && now() < deadline) yield();
    const nanoseconds before = cpu_time_of(t.canary_id.load(relaxed));
    compute_until(now() + compute_time);
    t.cheap_enough = cpu_time_of(t.canary_id.load(relaxed)) - before < compute_time / 10;
    t.blocked_at.store(now().count(), relaxed);
    const timespec nap{0, block_time.count()};
    nanosleep(&nap, nullptr);
    t.over.store(true, relaxed);
}

bool try_once(thread_policy policy, int cpu) noexcept {
    trial t;
    thread canary{}, worker{};
    if (!canary.start({.name = "cmwq/probe", .cpu = cpu, .policy = policy}, canary_body, &t)) return false;
    const bool started = worker.start({.name = "cmwq/probe", .cpu = cpu}, worker_body, &t);
    if (started) worker.join();
    t.over.store(true, relaxed);
    canary.join();
    return started && t.passed();
}

}  // namespace

bool detects_blocks(thread_policy policy, int cpu) noexcept {
    for (int i = 0; i < tries; ++i) {
        if (try_once(policy, cpu)) return true;
    }
    return false;
}

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
