// SPDX-License-Identifier: Apache-2.0
//
// The boundary between the typed headers and the engine: everything that a template in include/ may ask the
// compiled library to do. Nothing here is meant for users and nothing here is stable.
#pragma once

#include <cmwq/fwd.hpp>
#include <cmwq/misuse.hpp>

#include <cstddef>
#include <cstdint>

namespace cmwq {
inline namespace v1 {
namespace detail {

/// Runs between the claim of an item and its publication, on the enqueuing thread, or between the cancellation of an
/// item and its next claim, on the cancelling thread: nobody else can have the item before this returns. Must not
/// throw, block or enqueue.
struct prepare_step {
    void (*function)(void* context) noexcept = nullptr;
    void* context = nullptr;
};

/// Called for an item in place of its function, on a worker, the item idle: the callee has its owner.
struct item_receiver {
    void (*function)(work_base* item, const work_class& kind, void* context) noexcept = nullptr;
    void* context = nullptr;
};

/// Admits, claims and publishes `item`. On any value but `refusal::none` nothing has changed: the caller still owns the
/// item. Context: any thread, never blocks unless the queue has a bound that says so, never allocates once the queue's
/// pools exist.
/// Lifetime: after `refusal::none` the item may already have run and be gone.
CMWQ_EXPORT refusal submit(queue& wq, work_base& item, const char* file, const char* function, unsigned line) noexcept;

/// As submit, with `prepare` run once the item is claimed and before it is published.
CMWQ_EXPORT refusal submit_prepared(queue& wq, work_base& item, prepare_step prepare, const char* file,
                                    const char* function, unsigned line) noexcept;

/// Where an item is wished to run: on a CPU, or near a node's.
struct wished_place {
    static constexpr int any = -1;
    int cpu = any;   ///< the CPU's index
    int node = any;  ///< decides, if it is given
};

/// As submit_prepared, for a place.
CMWQ_EXPORT refusal submit_to(queue& wq, work_base& item, const wished_place& where, prepare_step prepare,
                              const char* file, const char* function, unsigned line) noexcept;

/// When and where a delayed item is to run.
struct due_time {
    std::int64_t
        nanoseconds;  ///< from now, or on the clock of std::chrono::steady_clock; zero, negative or past: at once
    bool absolute;
    int cpu;  ///< the CPU's index, or -1
};

/// As submit_prepared, but publishes `item` when its time has come; `item` has a timer_part. `prepare` is run at once.
/// Refuses with no_memory also when the thread that watches the clock cannot be started.
CMWQ_EXPORT refusal submit_delayed(queue& wq, work_base& item, const due_time& when, prepare_step prepare,
                                   const char* file, const char* function, unsigned line) noexcept;

/// What became of a request for another time. `why` other than `refusal::none`: nothing has changed.
struct modified {
    refusal why = refusal::none;
    bool was_pending = false;  ///< it was armed or in a queue already
};

/// Gives `item` a new time, whatever it waits for now, and `wq` as its queue. `prepare` is run if it was not pending.
CMWQ_EXPORT modified modify_delayed(queue& wq, work_base& item, const due_time& when, prepare_step prepare,
                                    const char* file, const char* function, unsigned line) noexcept;

/// Publishes `item` now if its timer is armed, and waits for its last instance. True: there was one to wait for.
CMWQ_EXPORT bool flush_delayed_item(work_base& item, call_site where) noexcept;

/// Waits for the last instance of `item`. True: there was one to wait for.
CMWQ_EXPORT bool flush_item(work_base& item, call_site where) noexcept;

/// Takes the pending instance of `item` off its queue. True: there was one; `take_back` has run, while nobody else
/// could claim the item. The form with `_sync` then waits for a running instance, and refuses enqueues meanwhile.
CMWQ_EXPORT bool cancel_item(work_base& item, prepare_step take_back) noexcept;
CMWQ_EXPORT bool cancel_item_sync(work_base& item, prepare_step take_back, call_site where) noexcept;

/// As these, and the item is refused until it was enabled as often as it was disabled.
CMWQ_EXPORT bool disable_item(work_base& item, prepare_step take_back, call_site where) noexcept;
CMWQ_EXPORT bool disable_item_sync(work_base& item, prepare_step take_back, call_site where) noexcept;
/// True: it is enabled now.
CMWQ_EXPORT bool enable_item(work_base& item, call_site where) noexcept;

/// Pending or running now? A hint: the answer may be old when it arrives.
CMWQ_EXPORT bool item_pending(const work_base& item) noexcept;
CMWQ_EXPORT bool item_busy(const work_base& item) noexcept;

/// Memory for try_spawn's closures. Null when there is none; never throws. `size` and `align` are the same in both
/// calls.
CMWQ_EXPORT void* allocate_block(std::size_t size, std::size_t align) noexcept;
CMWQ_EXPORT void release_block(void* block, std::size_t size, std::size_t align) noexcept;

/// Reports a broken contract found by a header (see misuse.hpp).
CMWQ_EXPORT void report_misuse(misuse_code code, const work_base* item, const queue* wq, call_site where) noexcept;

}  // namespace detail
}  // namespace v1
}  // namespace cmwq
