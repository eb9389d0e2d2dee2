// SPDX-License-Identifier: Apache-2.0
#include "fuzz/reference.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace fuzz {

reference::reference(const rules& told, int cpus, std::vector<queue_nature> queues, int items)
    : told_{told}, items_(index(items)), cpus_{cpus} {
    for (const queue_nature& nature : queues) queues_.push_back({nature, std::vector<seat_state>(index(cpus)), {}, {}});
}

reference::seat_state& reference::seat(int queue, int cpu) {
    queue_state& wq = queues_[index(queue)];
    return wq.seats[index(wq.nature.percpu ? cpu : 0)];
}

// ---- enqueue
// ---------------------------------------------------------------------------------------------------------

answer reference::admits(int queue, int from) {
    if (!told_.draining_refuses || !is_draining(queue) || from == queue) return answer::accepted;
    ++misuses_;
    return answer::draining;
}

answer reference::claims(const item_state& item) const {
    if (item.where != place::nowhere && told_.pending_once) return answer::already_pending;
    return item.user_depth + item.sync_depth > 0 ? answer::disabled : answer::accepted;
}

bool reference::is_full(int queue) const {
    const int bound = queues_[index(queue)].nature.bound;
    if (bound == 0 || !told_.bounds_hold) return false;
    const auto takes_room = [queue](const item_state& item) {
        return item.queue == queue && (item.where == place::waiting || item.where == place::left);
    };
    return std::count_if(items_.begin(), items_.end(), takes_room) >= bound;
}

void reference::push(int item) {
    items_[index(item)].where = place::waiting;
    seat(items_[index(item)].queue, items_[index(item)].cpu).waiting.push_back(item);
}

void reference::put_into_queue(int item, int queue, int cpu) {
    item_state& one = items_[index(item)];
    one.queue = queue;
    one.cpu = cpu;
    push(item);
}

void reference::arm(int item, int queue, int cpu, std::int64_t due) {
    item_state& one = items_[index(item)];
    one.queue = queue;
    one.cpu = cpu;
    one.due = told_.delays_hold ? due : 0;
    one.armed_as = ++armed_so_far_;
    one.where = place::armed;
}

answer reference::enqueue(int item, int queue, int cpu, int from) {
    item_state& one = items_[index(item)];
    if (const answer why = admits(queue, from); why != answer::accepted) return why;
    if (const answer why = claims(one); why != answer::accepted) return why;
    if (is_full(queue)) return answer::full;
    (void)cancel(item);  // only where it was told that a pending item may be enqueued
    one.instance = ++last_instance_;
    put_into_queue(item, queue, cpu);
    return answer::accepted;
}

answer reference::enqueue_delayed(int item, int queue, int cpu, std::int64_t due) {
    item_state& one = items_[index(item)];
    if (const answer why = admits(queue, -1); why != answer::accepted) return why;
    if (const answer why = claims(one); why != answer::accepted) return why;
    (void)cancel(item);
    one.instance = ++last_instance_;
    arm(item, queue, cpu, due);
    return answer::accepted;
}

answer reference::mod_delayed(int item, int queue, int cpu, std::int64_t due, bool& was_pending) {
    item_state& one = items_[index(item)];
    was_pending = false;
    if (const answer why = admits(queue, -1); why != answer::accepted) return why;
    was_pending = one.where != place::nowhere;
    if (!was_pending) return due == 0 ? enqueue(item, queue, cpu) : enqueue_delayed(item, queue, cpu, due);
    (void)cancel(item);
    one.instance = ++last_instance_;
    if (due == 0) {
        put_into_queue(item, queue, cpu);
    } else {
        arm(item, queue, cpu, due);
    }
    return answer::accepted;
}

// ---- cancel, disable, enable
// -----------------------------------------------------------------------------------------

bool reference::cancel(int item) {
    item_state& one = items_[index(item)];
    if (one.where == place::nowhere) return false;
    if (!told_.cancel_takes_back && one.where == place::waiting) return true;
    if (one.where == place::waiting) std::erase(seat(one.queue, one.cpu).waiting, item);
    one.where = place::nowhere;
    return true;
}

bool reference::disable(int item) {
    ++items_[index(item)].user_depth;
    return cancel(item);
}

bool reference::enable(int item) {
    item_state& one = items_[index(item)];
    if (disabled(item) == 0) {
        ++misuses_;
        return false;
    }
    one.user_depth = told_.disables_add_up ? one.user_depth - 1 : 0;
    return disabled(item) == 0;
}

// ---- runs
// ------------------------------------------------------------------------------------------------------------

int reference::limit_of(int queue) const {
    const queue_nature& nature = queues_[index(queue)].nature;
    if (nature.freezable && frozen_ && told_.freezing_holds) return 0;
    if (nature.ordered) return 1;
    return nature.limit == 0 || !told_.limits_hold ? std::numeric_limits<int>::max() : nature.limit;
}

void reference::start(int item) {
    item_state& one = items_[index(item)];
    one.where = place::nowhere;
    one.running = true;
    one.run_queue = one.queue;
    one.run_cpu = one.cpu;
    one.run_instance = one.instance;
    ++one.runs;
    ++seat(one.run_queue, one.run_cpu).active;
    if (!one.holds) finish(item);
}

void reference::finish(int item) {
    item_state& one = items_[index(item)];
    one.running = false;
    --seat(one.run_queue, one.run_cpu).active;
    if (one.where == place::left) push(item);
}

void reference::release(int item) {
    finish(item);
}

/// An item that still runs waits until it has ended: in an ordered queue where it is, with all behind it; elsewhere out
/// of the way of others, and then at the end.
bool reference::start_next(int queue, seat_state& from) {
    if (from.waiting.empty() || from.active >= limit_of(queue)) return false;
    const int next = told_.in_order ? from.waiting.front() : from.waiting.back();
    const bool runs = items_[index(next)].running && told_.not_beside_itself;
    if (runs && queues_[index(queue)].nature.ordered) return false;
    std::erase(from.waiting, next);
    if (runs) {
        items_[index(next)].where = place::left;
    } else {
        start(next);
    }
    return true;
}

bool reference::start_any() {
    for (std::size_t queue = 0; queue < queues_.size(); ++queue) {
        for (seat_state& from : queues_[queue].seats) {
            if (start_next(static_cast<int>(queue), from)) return true;
        }
    }
    return false;
}

void reference::settle() {
    while (start_any() || let_waiters_go()) {}
}

// ---- time
// ------------------------------------------------------------------------------------------------------------

/// The item that is due first, -1: none is.
int reference::next_due(std::int64_t now) const {
    int first = -1;
    for (int item = 0; index(item) < items_.size(); ++item) {
        const item_state& one = items_[index(item)];
        if (one.where != place::armed || one.due > now) continue;
        if (first < 0 ||
            std::pair{one.due, one.armed_as} < std::pair{items_[index(first)].due, items_[index(first)].armed_as}) {
            first = item;
        }
    }
    return first;
}

void reference::advance_to(std::int64_t now) {
    for (int item = next_due(now); item >= 0; item = next_due(now)) {
        push(item);
        settle();
    }
}

// ---- those who wait
// --------------------------------------------------------------------------------------------------

bool reference::is_alive(int instance) const {
    return std::any_of(items_.begin(), items_.end(), [instance](const item_state& item) {
        return (item.where != place::nowhere && item.instance == instance) ||
               (item.running && item.run_instance == instance);
    });
}

bool reference::all_over(const std::vector<int>& instances) const {
    return !told_.flush_waits ||
           std::none_of(instances.begin(), instances.end(), [this](int instance) { return is_alive(instance); });
}

/// Pending, and not only armed; and the running one.
std::vector<int> reference::instances_of_item(int item) const {
    const item_state& one = items_[index(item)];
    std::vector<int> found;
    if (one.where == place::waiting || one.where == place::left) found.push_back(one.instance);
    if (one.running) found.push_back(one.run_instance);
    return found;
}

std::vector<int> reference::instances_of_queue(int queue) const {
    std::vector<int> found;
    for (const item_state& one : items_) {
        if (one.queue == queue && (one.where == place::waiting || one.where == place::left)) {
            found.push_back(one.instance);
        }
        if (one.running && one.run_queue == queue) found.push_back(one.run_instance);
    }
    return found;
}

int reference::join_rounds(int queue, bool drains) {
    using enum waiter::kind;
    waiters_.push_back({drains ? drain : flush_queue, queue, {}, false, false, false, false});
    return static_cast<int>(waiters_.size()) - 1;
}

int reference::flush_item(int item) {
    std::vector<int> instances = instances_of_item(item);
    const bool some = !instances.empty();
    waiters_.push_back({waiter::kind::item, item, std::move(instances), false, false, some, false});
    return static_cast<int>(waiters_.size()) - 1;
}

int reference::flush_delayed(int item) {
    const bool was_armed = armed(item);
    if (was_armed) push(item);
    const int number = flush_item(item);
    waiters_[index(number)].result |= was_armed;
    return number;
}

int reference::cancel_sync(int item) {
    ++items_[index(item)].sync_depth;
    const bool taken = cancel(item);
    waiters_.push_back({waiter::kind::cancel_sync, item, instances_of_item(item), false, false, taken, taken});
    return static_cast<int>(waiters_.size()) - 1;
}

int reference::disable_sync(int item) {
    const bool taken = disable(item);
    const int number = flush_item(item);
    waiters_[index(number)].result = waiters_[index(number)].has_owner = taken;
    return number;
}

/// Flushes of one queue go in rounds. One that comes while a round is on shares the next with others that came.
bool reference::begin_round(int queue) {
    queue_state& wq = queues_[index(queue)];
    if (wq.flushing) return false;
    for (waiter& one : waiters_) {
        const bool of_queue = one.what == waiter::kind::flush_queue || one.what == waiter::kind::drain;
        if (one.over || !of_queue || one.target != queue) continue;
        wq.flushing = one.in_round = true;
    }
    if (wq.flushing) wq.round = instances_of_queue(queue);
    return wq.flushing;
}

bool reference::end_round(int queue) {
    queue_state& wq = queues_[index(queue)];
    if (!wq.flushing || !all_over(wq.round)) return false;
    wq.flushing = false;
    for (waiter& one : waiters_) {
        const bool of_queue = one.what == waiter::kind::flush_queue || one.what == waiter::kind::drain;
        if (!one.in_round || !of_queue || one.target != queue) continue;
        one.in_round = false;
        // A drain goes on until there is nothing to wait for.
        one.over = one.what == waiter::kind::flush_queue || wq.round.empty() || !told_.flush_waits;
    }
    return true;
}

bool reference::let_waiters_go() {
    bool any = false;
    for (int queue = 0; index(queue) < queues_.size(); ++queue) any |= end_round(queue) || begin_round(queue);
    for (waiter& one : waiters_) {
        if (one.over || one.what == waiter::kind::flush_queue || one.what == waiter::kind::drain) continue;
        if (!all_over(one.instances)) continue;
        one.over = any = true;
        if (one.what == waiter::kind::cancel_sync) --items_[index(one.target)].sync_depth;
    }
    return any;
}

bool reference::anybody_waits() const {
    return std::any_of(waiters_.begin(), waiters_.end(), [](const waiter& one) { return !one.over; });
}

// ---- what can be seen
// ------------------------------------------------------------------------------------------------

int reference::owners(int item) const {
    const auto holds_one = [item](const waiter& one) { return one.has_owner && !one.over && one.target == item; };
    return (pending(item) ? 1 : 0) + (running(item) ? 1 : 0) +
           static_cast<int>(std::count_if(waiters_.begin(), waiters_.end(), holds_one));
}

bool reference::is_draining(int queue) const {
    return std::any_of(waiters_.begin(), waiters_.end(), [queue](const waiter& one) {
        return !one.over && one.what == waiter::kind::drain && one.target == queue;
    });
}

bool reference::is_idle(int queue) const {
    return instances_of_queue(queue).empty();
}

bool reference::frozen() const {
    const auto quiet = [](const queue_state& wq) {
        return !wq.nature.freezable ||
               std::all_of(wq.seats.begin(), wq.seats.end(), [](const seat_state& seat) { return seat.active == 0; });
    };
    return frozen_ && std::all_of(queues_.begin(), queues_.end(), quiet);
}

void reference::renew(int queue, const queue_nature& nature) {
    for (item_state& one : items_) {
        if (one.where == place::armed && one.queue == queue) one.where = place::nowhere;
    }
    queues_[index(queue)] = {nature, std::vector<seat_state>(index(cpus_)), {}, {}};
}

}  // namespace fuzz
