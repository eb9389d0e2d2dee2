// SPDX-License-Identifier: Apache-2.0
//
// Beside stop 1: a delayed item enters.
//
//   enters   an item that its caller owns, a queue, and a time
//   leaves   the same item, claimed (pending, timer armed) and in a timer wheel; at once to the queue if the time is now
//   locks    the wheel's, for some ten nanoseconds
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

/// The instant meant, at the latest the end of the clock; `never`: at once. No clock is read where none is needed.
instant instant_of(const due_time& when) noexcept {
    if (when.nanoseconds <= 0) return never;
    if (when.absolute) return static_cast<instant>(when.nanoseconds);
    const std::int64_t now = platform::now().count();
    return static_cast<instant>(now + std::min(when.nanoseconds, end_of_time - now));
}

}  // namespace

refusal submit_delayed(queue& wq, work_base& item, const due_time& when, prepare_step prepare, const char* file,
                       const char* function, unsigned line) noexcept {
    cmwq_queue& target = as_engine(wq);
    const call_site where{file, function, line};
    if (const refusal why = admit(target, &item, where); why != refusal::none) return why;
    const instant due = instant_of(when);
    if (due != never && !timers::instance().ready()) return refusal::no_memory;
    const unsigned wheel = due != never ? timers::instance().wheel_for(item) : 0;
    const refusal why =
        due != never ? transition_to_armed(item, target.id, wheel) : transition_to_pending(item, target.id);
    if (why != refusal::none) return why;
    if (prepare.function != nullptr) prepare.function(prepare.context);
    if (due == never) {
        publish_on(target, item, when.cpu);
        return refusal::none;
    }
    engine_access::timer(item).due = due;
    engine_access::timer(item).cpu = when.cpu;
    timers::instance().insert(item, target, wheel);
    return refusal::none;
}

bool expire_now(work_base& item) noexcept {
    if (!timers_remove(item)) return false;
    transition_from_armed(item);
    // The queue is there as long as it has this instance.
    cmwq_queue* wq = registry::instance().queue_of(queue_of_word(word_of(item)));
    publish_on(*wq, item, engine_access::timer(item).cpu);
    return true;
}

}  // namespace detail
}  // namespace v1
}  // namespace cmwq
