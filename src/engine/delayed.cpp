// SPDX-License-Identifier: Apache-2.0
//
// Beside stop 1: a delayed item enters.
//
//   enters   an item that its caller owns, a queue, and a time
//   leaves   the same item, claimed (pending, timer armed) and in a timer wheel; at once to the queue if the time is
//            now
//   locks    the wheel's, for some ten nanoseconds
#include "engine/cancel.hpp"
#include "engine/registry.hpp"
#include "engine/submit.hpp"
#include "engine/timers.hpp"

#include <algorithm>

namespace cmwq {
inline namespace v1 {

namespace detail {

using namespace engine;

namespace {

constexpr std::int64_t end_of_time = static_cast<std::int64_t>(last_instant);

/// The instant meant, at the latest the end of the clock; `never`: at once. No clock is read for a punctual item with a
/// time point: one that has passed is out of its wheel again at once. A deferrable one would wait there for an
/// occasion.
inline instant instant_of(const due_time& when, bool deferrable) noexcept {
    if (when.nanoseconds <= 0) return never;
    if (when.absolute && !deferrable) return static_cast<instant>(when.nanoseconds);
    const std::int64_t now = platform::now().count();
    if (when.absolute) return when.nanoseconds > now ? static_cast<instant>(when.nanoseconds) : never;
    return static_cast<instant>(now + std::min(when.nanoseconds, end_of_time - now));
}

/// Where an item goes: into a wheel, or to its queue at once.
struct destination {
    cmwq_queue* wq = nullptr;
    instant due = never;  ///< never: at once
    unsigned wheel = 0;
    int cpu = -1;

    std::uint64_t place() const noexcept { return due != never ? in_wheel(wq->id, wheel) : in_queue(wq->id); }

    /// Claims the item and sends it. What is to run at once needs room in a bounded queue; what has a time does not.
    [[gnu::always_inline]] refusal submit(work_base& item, const prepare_step& prepare,
                                          const call_site& where) const noexcept {
        if (due == never && wq->bound != nullptr) return submit_bounded(*wq, item, prepare, cpu, where);
        if (const refusal why = claim_for(item, place()); why != refusal::none) return why;
        if (prepare.function != nullptr) prepare.function(prepare.context);
        send(item);
        return refusal::none;
    }

    /// By whoever has the claim. Lifetime: the item may have run and be gone when this returns.
    [[gnu::always_inline]] void send(work_base& item) const noexcept {
        if (due == never) return publish_on(*wq, item, cpu);
        engine_access::timer(item).due = due;
        engine_access::timer(item).cpu = cpu;
        timers::instance().insert(item, *wq, wheel);
    }
};

/// Everything that can be refused, but for the item's own state.
[[gnu::always_inline]] inline refusal find_destination(destination& to, queue& wq, work_base& item,
                                                       const due_time& when, const call_site& where) noexcept {
    to.wq = &as_engine(wq);
    // sync queue.9: acquire; pairs with queue.4; as queue.1
    if (!is_plain(to.wq->state.load(memory_order_acquire))) [[unlikely]] {
        if (const refusal why = admit(*to.wq, &item, where); why != refusal::none) return why;
    }
    to.cpu = when.cpu;
    to.due = instant_of(when, engine_access::timer(item).deferrable);
    if (to.due == never) return refusal::none;
    if (!timers::instance().ready(*to.wq)) return refusal::no_memory;
    to.wheel = timers::instance().wheel_for(item);
    return refusal::none;
}

/// An armed item goes to its queue now. False: it was not armed.
bool expire_now(work_base& item) noexcept {
    if (!timers_remove(item)) return false;
    cmwq_queue* wq = registry::instance().queue_of(queue_of_word(word_of(item)));
    const int cpu = engine_access::timer(item).cpu;
    transition_from_taken(item);
    publish_on(*wq, item, cpu);
    return true;
}

}  // namespace

refusal submit_delayed(queue& wq, work_base& item, const due_time& when, prepare_step prepare, const char* file,
                       const char* function, unsigned line) noexcept {
    destination to;
    if (const refusal why = find_destination(to, wq, item, when, {file, function, line}); why != refusal::none) {
        return why;
    }
    return to.submit(item, prepare, {file, function, line});
}

modified modify_delayed(queue& wq, work_base& item, const due_time& when, prepare_step prepare, const char* file,
                        const char* function, unsigned line) noexcept {
    destination to;
    if (const refusal why = find_destination(to, wq, item, when, {file, function, line}); why != refusal::none) {
        return {why, false};
    }
    const taken_step move{[](work_base& taken, void* context) noexcept {
                              const auto& there = *static_cast<destination*>(context);
                              transition_to_moved(taken, there.place());
                              there.send(taken);
                          },
                          &to};
    for (;;) {
        if (take_pending(item, move)) return {refusal::none, true};
        const refusal why = to.submit(item, prepare, {file, function, line});
        if (why != refusal::already_pending) return {why, false};
        // Somebody else was first: moved from there, then.
    }
}

bool flush_delayed_item(work_base& item, call_site where) noexcept {
    const bool own = is_inside(item);
    const bool expired = !own && expire_now(item);
    return flush_item(item, where) || expired;
}

}  // namespace detail
}  // namespace v1
}  // namespace cmwq
