// SPDX-License-Identifier: Apache-2.0
#include "engine/timers.hpp"

#include "engine/drop.hpp"
#include "engine/registry.hpp"
#include "engine/runtime_state.hpp"
#include "engine/stand_in.hpp"
#include "engine/submit.hpp"

#include <algorithm>

namespace cmwq {
inline namespace v1 {
namespace engine {

constinit timers the_timers;

namespace {

instant now() noexcept {
    return static_cast<instant>(platform::now().count());
}

}  // namespace

bool timers::start(const cmwq_queue& wq) noexcept {
    locked hold{start_lock_};
    if (started_.load(memory_order_relaxed)) return true;
    nr_wheels_ = std::min(static_cast<unsigned>(platform::discover_topology().nr_cpus), most_wheels);
    for (locked_wheel& wheel : wheels_) wheel.items.start_at(now());
    advance_ = timer_advance{static_cast<instant>(wq.runtime->options.timer_advance.count())};
    // It delays every item there is, so it goes before them where that is permitted.
    const platform::thread_options options{.name = "cmwq/timers", .nice = -20, .exact_timers = true};
    if (!thread_.start(options, thread_main, this)) return false;
    // sync timers.2: release; pairs with timers.1; publishes the number of wheels
    started_.store(true, memory_order_release);
    return true;
}

void timers::renew_after_fork() noexcept {
    if (started_.load(memory_order_relaxed)) {
        new (this) timers;
    } else {
        new (&start_lock_) mutex;
    }
}

void timers::end() noexcept {
    locked hold{start_lock_};
    if (!started_.load(memory_order_relaxed)) return;
    // sync timers.7: release; pairs with timers.8; everything that was armed is gone
    ending_.store(true, memory_order_release);
    parker_.unpark();
    thread_.join();
    ending_.store(false, memory_order_relaxed);
    started_.store(false, memory_order_relaxed);
}

void timers::insert(work_base& item, cmwq_queue& wq, unsigned wheel) noexcept {
    // Before the look at `closing` below: either whoever closes the queue sees that it has had timers, or we see it
    // closing.
    if ((wq.state.load(memory_order_relaxed) & cmwq_queue::has_timers) == 0) {
        wq.state.fetch_or(cmwq_queue::has_timers, memory_order_relaxed);
    }
    const instant due = access::timer(item).due;
    locked_wheel& to = wheels_[wheel];
    bool is_earliest = false;
    to.lock.lock();
    const bool closing = (wq.state.load(memory_order_relaxed) & cmwq_queue::closing) != 0;
    if (!closing) [[likely]] {
        to.items.insert(item);
        is_earliest = earlier(due, to.earliest.load(memory_order_relaxed));
        // sync timers.3: seq_cst store; pairs with timers.4; the race: this store and the load of the alarm in
        // wake_for, against the thread's store of the alarm and its second look at all wheels
        if (is_earliest) to.earliest.store(due, memory_order_seq_cst);
    } else {
        transition_from_armed_to_taken(item, wheel);
    }
    to.lock.unlock();
    if (closing) return drop_instance(item);
    if (is_earliest && wheel != deferrable_wheel) wake_for(due);
}

void timers::wake_for(instant due) noexcept {
    // sync timers.5: seq_cst load; pairs with timers.6; the other half of that race
    if (!earlier(due, alarm_.load(memory_order_seq_cst))) return;
    if (alarm_.exchange(awake, memory_order_relaxed) != awake) parker_.unpark();
}

void timers::expire_deferrable() noexcept {
    const instant due = wheels_[deferrable_wheel].earliest.load(memory_order_relaxed);
    if (due == never || due > now()) return;
    if (alarm_.exchange(awake, memory_order_relaxed) != awake) parker_.unpark();
}

bool timers::stand_in() noexcept {
    if (!started_.load(memory_order_relaxed)) return false;
    wake_for(now());
    return true;
}

bool timers::remove(work_base& item) noexcept {
    for (;;) {
        const std::uint64_t word = as_seen_here(armed_word_of(item));
        if (!is_armed(word)) return false;
        const unsigned wheel = wheel_of_word(word);
        locked_wheel& from = wheels_[wheel];
        {
            locked hold{from.lock};
            // Armed with this wheel in its word: only holders of this lock touch the links from here on.
            const std::uint64_t again = armed_word_of(item);
            if (is_armed(again) && wheel_of_word(again) == wheel && timer_wheel::contains(item)) {
                from.items.remove(item);
                transition_from_armed_to_taken(item, wheel);
                return true;
            }
        }
        platform::yield();  // claimed by somebody who is about to insert it, or just expired
    }
}

void timers::drop_armed_items(cmwq_queue& wq) noexcept {
    const unsigned before = wq.state.fetch_or(cmwq_queue::closing, memory_order_relaxed);
    if ((before & cmwq_queue::has_timers) == 0) return;
    for (locked_wheel& wheel : wheels_) drop_items_of(wq, wheel);
    wait_until_not_in_hand(wq.id);
}

void timers::drop_items_of(cmwq_queue& wq, locked_wheel& wheel) noexcept {
    const bool received = wq.ending.load(memory_order_relaxed) != nullptr;
    const queue_id id = wq.id;
    work_base* chosen = nullptr;
    {
        locked hold{wheel.lock};
        wheel.items.gather(chosen, [id](work_base& item) { return queue_of_word(word_of(item)) == id; });
    }
    // One by one: an owner that is released may cancel others of them on its way out.
    for (;;) {
        work_base* item = nullptr;
        {
            locked hold{wheel.lock};
            item = timer_wheel::pop(chosen);
            if (item == nullptr) return;
            transition_from_armed_to_taken(*item, wheel_of_word(word_of(*item)));
        }
        if (!received) {
            drop_instance(*item);
            continue;
        }
        transition_from_taken(*item);
        publish(wq, *item);  // the queue's workers hand it to the receiver, like all others
    }
}

void timers::wait_until_not_in_hand(queue_id id) noexcept {
    // sync timers.9: acquire; pairs with timers.10; the thread does not touch the queue any more
    while (queue_in_hand_.load(memory_order_acquire) == id) platform::yield();
}

// ---- the thread ----------------------------------------------------------------------------------------------------

void timers::thread_main(void* self) noexcept {
    static_cast<timers*>(self)->watch();
}

void timers::watch() noexcept {
    for (;;) {
        alarm_.store(awake, memory_order_relaxed);
        expire(now());
        stand_in_if_due();
        const instant next = next_look();
        // sync timers.6: seq_cst store; pairs with timers.5; who arms something earlier from here on wakes us; what was
        // armed before is seen by the second look
        alarm_.store(next, memory_order_seq_cst);
        if (earlier(next_look(), next)) continue;
        if (ending_.load(memory_order_acquire)) return;  // sync timers.8: acquire; pairs with timers.7
        if (next == never) {
            parker_.park();
        } else {
            sleep_until(next);
        }
    }
}

/// Or until somebody arms something earlier. What is waited after an early wake is some microseconds, seldom.
void timers::sleep_until(instant due) noexcept {
    const instant alarm = advance_.alarm_for(due, now());
    if (parker_.park_until(std::chrono::nanoseconds{alarm})) return;
    advance_.learn(now() - alarm);
    (void)parker_.spin_until(std::chrono::nanoseconds{due});
}

void timers::stand_in_if_due() noexcept {
    if (!stand_ins_needed.load(memory_order_relaxed) || now() < next_stand_in_) [[likely]]
        return;
    look_for_watchdogs(false);
    next_stand_in_ = now() + static_cast<instant>(time_between_ticks.count());
}

/// When something is due that somebody wants to be woken for.
instant timers::next_look() const noexcept {
    // sync stand-in.3: seq_cst load; pairs with stand-in.1; as timers.4: the alarm is stored before the second look
    instant next = stand_ins_needed.load(memory_order_seq_cst) ? next_stand_in_ : never;
    for (unsigned i = 0; i < nr_wheels_; ++i) {
        // sync timers.4: seq_cst load; pairs with timers.3; see there
        const instant earliest = wheels_[i].earliest.load(memory_order_seq_cst);
        if (earlier(earliest, next)) next = earliest;
    }
    return next;
}

/// Everything that is due now, in the order of its times, whatever wheels it is in.
void timers::expire(instant now) noexcept {
    instant first[most_wheels + 1];
    for (unsigned i = 0; i <= deferrable_wheel; ++i) {
        first[i] = i < nr_wheels_ || i == deferrable_wheel ? collect(wheels_[i], now) : never;
    }
    for (;;) {
        const auto next = std::min_element(first, first + deferrable_wheel + 1, earlier);
        if (*next == never) return;
        *next = expire_first(wheels_[next - first]);
    }
}

/// Returns the time of the first item that is due, if there is one.
instant timers::collect(locked_wheel& wheel, instant now) noexcept {
    const instant earliest = wheel.earliest.load(memory_order_relaxed);
    if (earliest == never || earliest > now) return never;
    locked hold{wheel.lock};
    wheel.items.collect_due(now);
    wheel.earliest.store(wheel.items.earliest(), memory_order_relaxed);
    return wheel.items.first_due();
}

/// One item: from the wheel to its queue. Returns the time of the next one.
instant timers::expire_first(locked_wheel& wheel) noexcept {
    work_base* item = nullptr;
    cmwq_queue* wq = nullptr;
    instant following = never;
    {
        locked hold{wheel.lock};
        item = wheel.items.pop_due();
        following = wheel.items.first_due();
        if (following == never) wheel.earliest.store(wheel.items.earliest(), memory_order_relaxed);
        if (item == nullptr) return never;
        // The queue is there: whoever destroys it takes its items out first, under this lock, and then waits for us.
        wq = registry::instance().queue_of(queue_of_word(word_of(*item)));
        queue_in_hand_.store(wq->id, memory_order_relaxed);
        transition_from_armed(*item);
    }
    publish_on(*wq, *item, access::timer(*item).cpu);
    // sync timers.10: release; pairs with timers.9; the queue is not touched after this
    queue_in_hand_.store(0, memory_order_release);
    return following;
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
