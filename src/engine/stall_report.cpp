// SPDX-License-Identifier: Apache-2.0
#include "engine/stall_report.hpp"

#include "engine/report_names.hpp"
#include "engine/runtime_state.hpp"

#include <cinttypes>
#include <cstdio>

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

std::int64_t whole_seconds(std::chrono::nanoseconds time) noexcept {
    return std::chrono::duration_cast<std::chrono::seconds>(time).count();
}

/// Under workers_lock.
void report_worker(const worker& stuck, std::chrono::nanoseconds now) noexcept {
    const work_class* kind = stuck.current_kind.load(memory_order_relaxed);
    if (stuck.current.load(memory_order_relaxed) == nullptr || kind == nullptr) return;
    const queue_name queue = name_of_queue(stuck.current_queue.load(memory_order_relaxed));
    const int thread_id = stuck.thread_id.load(memory_order_relaxed);
    char place[256];
    platform::describe_place(thread_id, place);
    const bool seen = stuck.seen_item == stuck.item_number.load(memory_order_relaxed);
    const bool described = stuck.described_item == stuck.item_number.load(memory_order_relaxed);
    char line[512];
    std::snprintf(line, sizeof line, "cmwq:   thread %d: item \"%s\" of queue \"%s\"%s%s%s, for %s%" PRId64 " s, %s",
                  thread_id, name_of(*kind), queue.text, described ? " (" : "", described ? stuck.description : "",
                  described ? ")" : "", seen ? "" : "less than ", seen ? whole_seconds(now - stuck.seen_since) : 1,
                  place);
    platform::say(line);
}

}  // namespace

void report_stall(worker_pool& pool, std::chrono::nanoseconds stalled_for, std::chrono::nanoseconds now) noexcept {
    char line[256];
    std::snprintf(line, sizeof line,
                  "cmwq: the %s%s pool of CPU %d has begun no item for %" PRId64
                  " s although items wait (%zu or more); %u workers, %u of them idle",
                  pool.scope->unbound() ? "unbound" : "per-CPU", pool.scope->highpri() ? " highpri" : "", pool.cpu,
                  whole_seconds(stalled_for), pool.list.listed() + 1, pool.nr_workers.load(memory_order_relaxed),
                  pool.nr_idle.load(memory_order_relaxed));
    platform::say(line);
    locked hold{pool.workers_lock};
    for (const worker* other = pool.workers; other != nullptr; other = other->next_in_pool) report_worker(*other, now);
}

void report_long_drain(const cmwq_queue& wq, std::uint64_t rounds) noexcept {
    // The kernel's figures: at the tenth attempt, then at each hundredth up to the thousandth.
    const bool told = rounds == 10 || (rounds % 100 == 0 && rounds <= 1000);
    if (!told || wq.runtime->options.report_stalls_after.count() == 0) return;
    char line[256];
    std::snprintf(line, sizeof line,
                  "cmwq: draining queue \"%s\" has taken %" PRIu64
                  " rounds and is not at its end: its items enqueue others",
                  wq.name, rounds);
    platform::say(line);
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
