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

/// One try. The fields are written by one of the two threads and read by the other, with default order: no hot path.
struct trial {
    std::atomic<int> worker_id{0}, canary_id{0};
    std::atomic<bool> over{false};
    std::atomic<std::int64_t> blocked_at{0};  // the worker's, just before it sleeps
    std::atomic<std::int64_t> noticed_at{0};  // the canary's, when it first ran after that
    std::atomic<bool> seen_blocked{false};
    bool cheap_enough = false;

    bool passed() const noexcept {
        const nanoseconds delay{noticed_at.load() - blocked_at.load()};
        return cheap_enough && noticed_at.load() != 0 && delay < most_delay && seen_blocked.load();
    }
};

void canary_body(void* raw) noexcept {
    auto& t = *static_cast<trial*>(raw);
    t.canary_id = current_thread_id();
    while (!t.over) {
        if (t.blocked_at != 0 && t.noticed_at == 0) {
            t.seen_blocked = task_state_of(t.worker_id) == task_state::blocked;
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
    t.worker_id = current_thread_id();
    const nanoseconds deadline = now() + milliseconds{50};
    while (t.canary_id == 0 && now() < deadline) yield();
    const nanoseconds before = cpu_time_of(t.canary_id);
    compute_until(now() + compute_time);
    t.cheap_enough = cpu_time_of(t.canary_id) - before < compute_time / 10;
    t.blocked_at = now().count();
    const timespec nap{0, block_time.count()};
    nanosleep(&nap, nullptr);
    t.over = true;
}

bool try_once(thread_policy policy, int cpu) noexcept {
    trial t;
    thread canary{}, worker{};
    if (!canary.start({.name = "cmwq/probe", .cpu = cpu, .policy = policy}, canary_body, &t)) return false;
    const bool started = worker.start({.name = "cmwq/probe", .cpu = cpu}, worker_body, &t);
    if (started) worker.join();
    t.over = true;
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
