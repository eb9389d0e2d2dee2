// SPDX-License-Identifier: Apache-2.0
//
// What a few items and queues do, in plain C++ without threads: the promises of the public headers and nothing of the
// engine. One call after the other, each followed by settle(): then everything has happened that can happen until
// somebody calls again, or time passes.
//
// An item is idle, armed, waiting in a queue, or left (popped while it still ran); besides, it may be running. A
// running item holds until it is released, if it is told to hold, else it ends at once.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

namespace fuzz {

/// What the reference is told. One that is told something wrong must be found out: see operations_replay.cpp.
struct rules {
    bool pending_once = true;       ///< an item that is pending is refused
    bool not_beside_itself = true;  ///< an item that runs does not start
    bool limits_hold = true;        ///< no more than max_active are active
    bool in_order = true;           ///< what waits starts in the order of coming
    bool disables_add_up = true;    ///< enabled only when enabled as often as disabled
    bool delays_hold = true;        ///< an armed item does not start before its time
    bool freezing_holds = true;     ///< nothing of a freezable queue starts while it is frozen
    bool draining_refuses = true;   ///< a queue that drains takes nothing from outside
    bool bounds_hold = true;        ///< a full queue refuses
    bool flush_waits = true;        ///< a flush waits for what there is
    bool cancel_takes_back = true;  ///< a cancelled instance does not run
};

enum class answer { accepted, already_pending, disabled, draining, full };

struct queue_nature {
    bool percpu = false;
    bool ordered = false;
    bool freezable = false;
    int limit = 0;  ///< 0: none
    int bound = 0;  ///< most pending items; 0: any number
};

class reference {
public:
    reference(const rules& told, int cpus, std::vector<queue_nature> queues, int items);

    // ---- calls -----------------------------------------------------------------------------------------------------

    /// `from`: the queue whose item calls, -1: nobody's.
    answer enqueue(int item, int queue, int cpu, int from = -1);
    answer enqueue_delayed(int item, int queue, int cpu, std::int64_t due);
    /// `due` 0: at once.
    answer mod_delayed(int item, int queue, int cpu, std::int64_t due, bool& was_pending);
    bool cancel(int item);
    bool disable(int item);
    /// True: it may be enqueued again.
    bool enable(int item);
    void hold(int item, bool holds) { items_[index(item)].holds = holds; }
    void release(int item);
    void set_limit(int queue, int limit) { queues_[index(queue)].nature.limit = limit; }
    void set_frozen(bool frozen) { frozen_ = frozen; }
    /// Items whose time comes are enqueued, in the order of their times.
    void advance_to(std::int64_t now);
    void settle();
    /// A queue that is_idle is destroyed and made anew. What is armed for it is dropped.
    void renew(int queue, const queue_nature& nature);

    // ---- calls that wait: each returns a number to ask with
    // ----------------------------------------------------------

    int flush_queue(int queue) { return join_rounds(queue, false); }
    int drain(int queue) { return join_rounds(queue, true); }
    int flush_item(int item);
    int flush_delayed(int item);
    int cancel_sync(int item);
    int disable_sync(int item);
    bool is_over(int waiter) const { return waiters_[index(waiter)].over; }
    /// What such a call returns: had it something to wait for, or to take back?
    bool result_of(int waiter) const { return waiters_[index(waiter)].result; }
    bool anybody_waits() const;

    // ---- what can be seen
    // ---------------------------------------------------------------------------------------------

    bool pending(int item) const { return items_[index(item)].where != place::nowhere; }
    bool armed(int item) const { return items_[index(item)].where == place::armed; }
    bool running(int item) const { return items_[index(item)].running; }
    int queue_of_run(int item) const { return items_[index(item)].run_queue; }
    int runs(int item) const { return items_[index(item)].runs; }
    int disabled_by_user(int item) const { return items_[index(item)].user_depth; }
    int disabled(int item) const { return items_[index(item)].user_depth + items_[index(item)].sync_depth; }
    /// Those of the item, besides the user's: each instance has one, and whoever takes one back has it until he is
    /// done.
    int owners(int item) const;
    bool frozen() const;
    bool is_idle(int queue) const;
    bool is_draining(int queue) const;
    /// Reports of misuse that there should have been.
    int misuses() const { return misuses_; }

private:
    enum class place { nowhere, armed, waiting, left };

    struct item_state {
        bool holds = true;
        place where = place::nowhere;
        int queue = 0, cpu = 0;
        std::int64_t due = 0, armed_as = 0;
        int instance = 0;  ///< the pending one
        bool running = false;
        int run_queue = 0, run_cpu = 0, run_instance = 0;
        int user_depth = 0, sync_depth = 0;
        int runs = 0;
    };

    struct seat_state {
        std::deque<int> waiting;
        int active = 0;
    };

    struct queue_state {
        queue_nature nature;
        std::vector<seat_state> seats;
        bool flushing = false;
        std::vector<int> round;  ///< the instances that the present round waits for
    };

    struct waiter {
        enum class kind { flush_queue, drain, item, cancel_sync } what;
        int target = 0;
        std::vector<int> instances;
        bool in_round = false;
        bool over = false;
        bool result = false;
        bool has_owner = false;  ///< it took an owner back, and hands it over at its end
    };

    static std::size_t index(int number) { return static_cast<std::size_t>(number); }
    seat_state& seat(int queue, int cpu);
    answer admits(int queue, int from);
    answer claims(const item_state& item) const;
    bool is_full(int queue) const;
    void arm(int item, int queue, int cpu, std::int64_t due);
    void put_into_queue(int item, int queue, int cpu);
    void push(int item);
    int limit_of(int queue) const;
    bool start_next(int queue, seat_state& from);
    bool start_any();
    void start(int item);
    void finish(int item);
    int next_due(std::int64_t now) const;
    bool is_alive(int instance) const;
    bool all_over(const std::vector<int>& instances) const;
    std::vector<int> instances_of_queue(int queue) const;
    std::vector<int> instances_of_item(int item) const;
    int join_rounds(int queue, bool drains);
    bool end_round(int queue);
    bool begin_round(int queue);
    bool let_waiters_go();

    rules told_;
    std::vector<item_state> items_;
    std::vector<queue_state> queues_;
    std::vector<waiter> waiters_;
    int cpus_;
    bool frozen_ = false;
    int last_instance_ = 0;
    std::int64_t armed_so_far_ = 0;
    int misuses_ = 0;
};

}  // namespace fuzz
