// SPDX-License-Identifier: Apache-2.0
#include "model/invariants.hpp"

#include "backend/scheduler.hpp"
#include "engine/registry.hpp"
#include "model.hpp"
#include "model/engine_memory.hpp"

#include <algorithm>
#include <array>
#include <bitset>
#include <cstdlib>
#include <deque>
#include <utility>

namespace cmwq_test {

namespace model = cmwq::model;
namespace work_word = engine::work_word;

using cmwq::work_base;
using engine::pool_scope;
using engine::pool_workqueue;
using engine::runtime_state;
using engine::worker;
using engine::worker_pool;
using engine::worklist;

namespace {

/// Of a step, what weak memory needs to tell whether it happened before another thread's; nothing in other runs.
using moment = model::detail::sight;

/// What is remembered of one item from step to step.
struct watched_item {
    cmwq::work_base* item = nullptr;
    const int* runs = nullptr;    ///< how often its function was entered, as the item counts
    const int* inside = nullptr;  ///< how many calls of it are inside just now
    std::uint64_t word = 0;
    const void* word_place = nullptr;  ///< what a step names that changes it
    int runs_seen = 0;                 ///< as of the last look
    int inside_seen = 0;
    bool published = false;     ///< the pending instance has been pushed to a list
    moment pushed;              ///< when it was
    bool in_seat = false;       ///< the pending instance went to a seat: it counts against a limit from its start on
    bool awaits_flush = false;  ///< a round of its queue's flush waits for the pending instance
    int begun = 0;              ///< instances that left "pending" to run
    engine::worker* runner = nullptr;
    std::uint64_t runner_number = 0;  ///< the runner's item_number
    engine::queue_id runner_queue = 0;
    bool runner_had_seat = false;
    moment runner_pushed;         ///< when the running instance was
    bool runner_awaited = false;  ///< a round of its queue's flush waits for the running instance
};

/// What is remembered of a list that items are pushed to.
struct watched_list {
    const worklist* list = nullptr;
    work_base* newest = nullptr;
};

/// Of an ordered queue's seat: what was pushed and has not begun, oldest first.
struct watched_order {
    const pool_workqueue* seat = nullptr;
    engine::queue_id id = 0;
    bool strangers = false;  // an item that is not watched was among them: nothing can be said
    std::deque<work_base*> waiting;
};

/// Of a queue: its round of flushing.
struct watched_flush {
    engine::queue_id id = 0;
    std::size_t remaining = 0;
};

/// Of a pool: since when it has had work, an idle worker, and nobody running.
struct watched_neglect {
    const worker_pool* pool = nullptr;
    std::int64_t since = 0;
    unsigned steps = 0;
};

/// What is remembered of things that are met in about the same order at each step.
template <class Element>
class table {
public:
    /// The element with that key, made if need be.
    template <class Key>
    Element& operator()(Key Element::*member, Key key) {
        if (next_ < all_.size() && all_[next_].*member == key) return all_[next_++];
        next_ = 0;
        while (next_ < all_.size() && all_[next_].*member != key) ++next_;
        if (next_ == all_.size()) all_.emplace_back().*member = key;
        return all_[next_++];
    }
    auto begin() { return all_.begin(); }
    auto end() { return all_.end(); }
    void clear() {
        all_.clear();
        next_ = 0;
    }

private:
    std::vector<Element> all_;
    std::size_t next_ = 0;
};

/// A set of addresses that may say yes to a few others, too.
class set_of_places {
public:
    void add(const void* object) { seen_[index_of(object)] = true; }
    bool may_contain(const void* object) const { return seen_[index_of(object)]; }

private:
    static std::size_t index_of(const void* object) {
        return reinterpret_cast<std::uintptr_t>(object) / sizeof(std::uint64_t) % 4096;
    }
    std::bitset<4096> seen_;
};

struct watch {
    std::vector<runtime_state*> runtimes;
    std::vector<bool> quiet;  // of each runtime: it is frozen, and nothing of it was active any more
    std::vector<watched_item> items;
    set_of_places places_of_items;  // what a step names that begins or ends an instance
    table<watched_list> lists;
    table<watched_order> orders;
    table<watched_flush> flushes;
    table<watched_neglect> neglected;
    bool neglects = false;         // there is a pool that each step is counted for
    bool something_ended = false;  // a queue that hands its items to a receiver was seen
};

std::uint64_t nr_runs = 0;

std::uint64_t asked_for() {
    const char* const nth = std::getenv("CMWQ_MODEL_INVARIANTS");
    const std::uint64_t asked = nth != nullptr ? std::strtoull(nth, nullptr, 0) : 0;
    return std::max(asked, std::uint64_t{1});
}
std::uint64_t each_run = asked_for();

bool looks = true;  // at this run

bool is_looked_at() {
    return looks;
}

/// As model::check, and no refusal excuses it.
inline void require(bool condition, const char* sentence) {
    if (!condition) [[unlikely]]
        model::fail(sentence);
}

watch everything;

watch& seen() {
    return everything;
}

/// Null: there is none yet.
inline const model::detail::trace_entry* last_step() {
    auto& steps = model::detail::scheduler_of_run()->steps();
    return steps.size() != 0 ? &steps.entry(steps.size() - 1) : nullptr;
}

watched_item* find_watched(const work_base* item) {
    for (watched_item& one : seen().items) {
        if (one.item == item) return &one;
    }
    return nullptr;
}

cmwq_queue* queue_of(engine::queue_id id) {
    return engine::registry::instance().queue_of(id);
}

pool_workqueue* first_seat(const cmwq_queue& wq) {
    return peek(wq.seats);
}

bool is_ready(const cmwq_queue& wq) {
    return (peek(wq.state) & cmwq_queue::ready) != 0;
}

bool is_watched(const runtime_state* runtime) {
    return std::find(seen().runtimes.begin(), seen().runtimes.end(), runtime) != seen().runtimes.end();
}

template <class Visit>
void for_each_watched_pool(Visit visit) {
    for (const runtime_state* runtime : seen().runtimes) {
        for (const auto& place : runtime->scopes) {
            pool_scope* scope = peek(place);
            for (int cpu = 0; scope != nullptr && cpu < scope->nr_pools; ++cpu) visit(scope->pools[cpu]);
        }
    }
}

template <class Visit>
void for_each_ready_queue(Visit visit) {
    for (runtime_state* runtime : seen().runtimes) {
        engine::for_each_queue(*runtime, [&](cmwq_queue& wq) {
            if (is_ready(wq)) visit(wq, *runtime);
        });
    }
}

template <class Visit>
void for_each_seat_of(const cmwq_queue& wq, Visit visit) {
    pool_workqueue* first = first_seat(wq);
    for (int seat = 0; first != nullptr && seat < wq.nr_seats; ++seat) visit(first[seat]);
}

bool is_or_descends_from(const cmwq_queue* wq, const cmwq_queue& elder) {
    while (wq != nullptr && wq != &elder) wq = wq->parent;
    return wq != nullptr;
}

// ---- 1. pending-once: an accepted instance runs once ---------------------------------------------------------------

void check_pending_once(const watched_item& one) {
    require(*one.runs <= one.begun, "1 pending-once: no item runs more often than it was accepted");
}

// ---- 2. non-reentrancy: an item runs on one worker at a time -------------------------------------------------------

void check_non_reentrancy(const watched_item& one) {
    require(*one.inside >= 0 && *one.inside <= 1, "2 non-reentrancy: an item is inside its function once");
    require(*one.inside == 0 || one.runner != nullptr, "2 non-reentrancy: a worker says which item it runs");
}

void check_non_reentrancy_at_start(const watched_item& one) {
    require(one.runner == nullptr, "2 non-reentrancy: no item starts while another worker runs it");
}

// ---- 3. no loss: what was accepted is run, or cancelled, before it goes away ---------------------------------------

void check_no_loss_at_end(const watched_item& one) {
    const std::uint64_t word = engine::access::word(*one.item);
    require((word & work_word::pending) == 0, "3 no loss: no item goes away while it is pending");
    require(*one.inside == 0, "3 no loss: no item goes away while it runs");
    require(*one.runs == one.begun || seen().something_ended, "3 no loss: an instance that began was run");
}

// ---- 4. max_active: no more run than tokens are out, and no more tokens are out than the limit allows ---------------

void check_max_active(const pool_workqueue& seat) {
    if (seat.tokens_lock.owner() != 0) return;
    const auto out = static_cast<std::int64_t>(seat.nr_out);
    const auto limit = static_cast<std::int64_t>(peek(seat.limit));
    require(out + peek(seat.nr_free) == limit, "4 max_active: places out and places free are the limit");
    require(out <= static_cast<std::int64_t>(seat.nr_tokens) || peek(seat.nr_free) < 0 || limit == 0,
            "4 max_active: no more places are out than there are tokens");
}

void check_max_active_at_start(const cmwq_queue& wq) {
    for (const cmwq_queue* of = &wq; of != nullptr; of = of->parent) {
        std::size_t places = 0, running = 0;
        bool all_limited = first_seat(*of) != nullptr;
        for_each_seat_of(*of, [&](const pool_workqueue& seat) {
            places += seat.nr_out;
            // Without a limit it is frozen, or gets its first one and what runs is not counted yet.
            all_limited = all_limited && peek(seat.limit) != 0;
        });
        if (!all_limited) continue;
        for (const watched_item& one : seen().items) {
            const bool counts = one.runner != nullptr && one.runner_had_seat;
            if (counts && is_or_descends_from(queue_of(one.runner_queue), *of)) ++running;
        }
        require(running <= places, "4 max_active: no more items run than places are out");
    }
}

// ---- 5. order: an ordered queue starts its items as they were pushed -----------------------------------------------

watched_order& order_of(const cmwq_queue& wq) {
    const pool_workqueue* seat = first_seat(wq);
    watched_order& order = seen().orders(&watched_order::seat, seat);
    if (order.id != wq.id) order = {order.seat, wq.id, false, {}};
    return order;
}

void note_push_in_order(const cmwq_queue& wq, work_base& item) {
    watched_order& order = order_of(wq);
    order.strangers = order.strangers || find_watched(&item) == nullptr;
    order.waiting.push_back(&item);
}

void check_order_at_start(const cmwq_queue& wq, const work_base& item) {
    watched_order& order = order_of(wq);
    if (order.strangers) return;
    require(!order.waiting.empty() && order.waiting.front() == &item,
            "5 order: an ordered queue starts its items in the order in which they came");
    order.waiting.pop_front();
}

void forget_in_order(const work_base& item) {
    for (watched_order& order : seen().orders) std::erase(order.waiting, &item);
}

// ---- 6. flush completeness: a round of flushing ends after all that was queued or ran before it ---------------------

/// The moment of the last step.
moment last_moment() {
    auto* const memory = model::detail::scheduler_of_run()->memory();
    const auto* const step = last_step();
    return memory != nullptr && step != nullptr ? memory->moment_of(step->fiber) : moment{};
}

/// With weak memory a flush waits for what C++ says was queued before it. The order of the steps says more: nothing
/// makes one thread know of what another one has just done.
bool is_known_to(int thread, const moment& pushed) {
    auto* const memory = model::detail::scheduler_of_run()->memory();
    return memory == nullptr || memory->happened_before(pushed, thread);
}

void begin_round(engine::queue_id id) {
    const int caller = platform::current_thread_id();
    for (watched_item& one : seen().items) {
        const bool pending = (one.word & work_word::pending) != 0 && !engine::is_armed(one.word);
        const bool waits = pending && one.published && engine::queue_of_word(one.word) == id;
        if (waits && is_known_to(caller, one.pushed)) one.awaits_flush = true;
        const bool others = one.runner != nullptr && peek(one.runner->thread_id) != caller;
        if (others && one.runner_queue == id && is_known_to(caller, one.runner_pushed)) one.runner_awaited = true;
    }
}

void end_round(engine::queue_id id) {
    for (watched_item& one : seen().items) {
        const bool of_queue = engine::queue_of_word(one.word) == id;
        require(!one.awaits_flush || !of_queue,
                "6 flush completeness: what was queued before a flush has begun at its end");
        require(!one.runner_awaited || one.runner_queue != id,
                "6 flush completeness: what was queued before a flush has ended at its end");
    }
}

void check_flush_completeness(const cmwq_queue& wq) {
    watched_flush& flush = seen().flushes(&watched_flush::id, wq.id);
    const std::size_t remaining = peek(wq.flush_remaining);
    const std::size_t before = std::exchange(flush.remaining, remaining);
    if (before == 0 && remaining == 1) begin_round(wq.id);
    if (before != 0 && remaining == 0) end_round(wq.id);
}

// ---- 7. freeze: once all is quiet, nothing of a freezable queue starts until the thaw -------------------------------

bool is_quiet(runtime_state& runtime) {
    bool quiet = true;
    engine::for_each_queue(runtime, [&](cmwq_queue& wq) {
        if (!wq.freezable) return;
        for_each_seat_of(wq, [&](const pool_workqueue& seat) {
            quiet = quiet && seat.nr_out == 0 && peek(seat.limit) == 0;
        });
    });
    return quiet;
}

void follow_freeze(std::size_t index) {
    runtime_state& runtime = *seen().runtimes[index];
    if (!runtime.frozen) {
        seen().quiet[index] = false;
    } else if (!seen().quiet[index] && runtime.setup_lock.owner() == 0) {
        seen().quiet[index] = is_quiet(runtime);
    }
}

void check_freeze_at_start(const cmwq_queue& wq) {
    for (std::size_t i = 0; i < seen().runtimes.size(); ++i) {
        const bool held_back = wq.freezable && wq.runtime == seen().runtimes[i] && seen().quiet[i];
        require(!held_back, "7 freeze: nothing of a frozen queue starts");
    }
}

// ---- 8. disable: an item that is disabled is not accepted ----------------------------------------------------------

void check_disable_at_accept(std::uint64_t before) {
    require((before & work_word::disable_depth) == 0, "8 disable: an item that is disabled is not accepted");
}

// ---- 9. worker bound: no scope has more workers than its runtime allows --------------------------------------------

void check_worker_bound(const pool_scope& scope) {
    const unsigned workers = peek(scope.nr_workers);
    require(workers <= scope.runtime->options.max_workers, "9 worker bound: no more workers than max_workers");
    unsigned in_pools = 0;
    for (int cpu = 0; cpu < scope.nr_pools; ++cpu) in_pools += peek(scope.pools[cpu].nr_workers);
    require(in_pools <= workers, "9 worker bound: each worker of a pool is counted in its scope");
}

// ---- 10. running count: whoever is counted as running is in the count, and who is idle has no item ------------------

void check_running_count(const worker_pool& pool) {
    int counted = 0;
    for (const worker* one = pool.workers; one != nullptr; one = one->next_in_pool) {
        if ((peek(one->counted) & engine::counted_in::running) != 0) ++counted;
        const bool idle = peek(one->idle) == engine::idle_state::idle;
        require(!idle || peek(one->current) == nullptr, "10 running count: an idle worker has no item");
    }
    require(counted <= peek(pool.nr_running), "10 running count: every worker that runs is in its pool's count");
}

// ---- 11. no idle worker beside runnable work -----------------------------------------------------------------------

/// Longer than the watchdog may need, and for more than the steps of those who are just about to look: time may leap.
constexpr std::int64_t longest_neglect = 50'000'000;
constexpr unsigned steps_of_neglect = 1'000;

bool has_idle_worker(const worker_pool& pool) {
    for (const worker* one = pool.workers; one != nullptr; one = one->next_in_pool) {
        if (peek(one->idle) == engine::idle_state::idle) return true;
    }
    return false;
}

void check_no_idle_worker_beside_work(const worker_pool& pool, bool has_work) {
    watched_neglect& neglect = seen().neglected(&watched_neglect::pool, &pool);
    if (!has_work || peek(pool.nr_running) != 0 || !has_idle_worker(pool)) {
        neglect.steps = 0;
        return;
    }
    const std::int64_t now = platform::now().count();
    if (neglect.steps++ == 0) neglect.since = now;
    seen().neglects = true;
    require(now - neglect.since < longest_neglect || neglect.steps < steps_of_neglect,
            "11 no idle worker beside work: an item waits, a worker is idle, and nobody is woken");
}

// ---- 12. lists: an item in a list is pending, and linked to its neighbours -----------------------------------------

/// Of a long list the head: items are linked at the ends.
constexpr int listed_items_seen = 4;

void check_list(worklist& list) CMWQ_NO_THREAD_SAFETY_ANALYSIS {
    const engine::item_list& items = list.held_items();
    const work_base* before = nullptr;
    int left = listed_items_seen;
    for (work_base* item = items.front(); item != nullptr && left != 0; item = engine::item_list::next(*item), --left) {
        const std::uintptr_t home = engine::access::prev_and_home(*item);
        require((home & engine::home::linked) != 0, "12 lists: an item in a list says that it is linked");
        require(engine::home::prev(*item) == before, "12 lists: neighbours in a list name each other");
        require(engine::is_token(*item) || (engine::access::word(*item) & work_word::pending) != 0,
                "12 lists: an item in a list is pending");
        before = item;
    }
}

// ---- what happens to items, step by step ---------------------------------------------------------------------------

void follow_runner(watched_item& one) {
    const worker* runner = one.runner;
    if (runner == nullptr) return;
    if (peek(runner->current) == one.item && peek(runner->item_number) == one.runner_number) return;
    one.runner = nullptr;
    one.runner_awaited = false;
}

void note_start(watched_item& one, std::uint64_t now) {
    check_non_reentrancy_at_start(one);
    ++one.begun;
    one.runner = engine::registry::instance().worker_of(engine::last_worker_of_word(now));
    require(one.runner != nullptr, "2 non-reentrancy: a worker says which item it runs");
    one.runner_number = peek(one.runner->item_number);
    seen().places_of_items.add(&one.runner->current);  // of a rescuer or guest, too
    seen().places_of_items.add(&one.runner->item_number);
    one.runner_queue = engine::queue_of_word(now);
    one.runner_pushed = one.pushed;
    one.runner_awaited = std::exchange(one.awaits_flush, false);
    one.runner_had_seat = std::exchange(one.in_seat, false);
    const cmwq_queue* wq = queue_of(one.runner_queue);
    if (wq == nullptr || !is_watched(wq->runtime)) return;
    if (wq->one_at_a_time) check_order_at_start(*wq, *one.item);
    check_max_active_at_start(*wq);
    check_freeze_at_start(*wq);
}

void note_cancel(watched_item& one) {
    one.awaits_flush = false;
    forget_in_order(*one.item);
}

void follow_word(watched_item& one) {
    const std::uint64_t now = engine::access::word(*one.item);
    if (now == one.word) return;
    const std::uint64_t before = std::exchange(one.word, now);
    const bool was_pending = (before & work_word::pending) != 0;
    const bool is_pending = (now & work_word::pending) != 0;
    if (!was_pending && is_pending) check_disable_at_accept(before);
    if (was_pending == is_pending && (now & work_word::taken) == 0) return;
    one.published = false;
    if (is_pending && (now & work_word::taken) != 0) note_cancel(one);  // or moved to another queue
    if (was_pending && !is_pending && (before & work_word::taken) == 0) note_start(one, now);
}

/// Has something been pushed since the last step?
work_base* pushed_to(const worklist& list) {
    watched_list& known = seen().lists(&watched_list::list, &list);
    work_base* newest = list.newest();
    const bool same = std::exchange(known.newest, newest) == newest;
    return same ? nullptr : newest;
}

void follow_pushes_to(const worklist& list, bool of_seat, const cmwq_queue* in_order) {
    work_base* pushed = pushed_to(list);
    if (pushed == nullptr || engine::is_token(*pushed)) return;
    if (watched_item* one = find_watched(pushed)) {
        one->published = true;
        one->pushed = last_moment();
        one->in_seat = of_seat;
    }
    if (in_order != nullptr) note_push_in_order(*in_order, *pushed);
}

// ---- all of them ---------------------------------------------------------------------------------------------------

void look_at_item(watched_item& one) {
    follow_runner(one);
    follow_word(one);
    check_pending_once(one);
    check_non_reentrancy(one);
    one.runs_seen = *one.runs;
    one.inside_seen = *one.inside;
}

/// Begins or ends an instance with a change of that place?
bool is_place_of(const watched_item& one, const void* changed) {
    if (changed == one.word_place) return true;
    const worker* runner = one.runner;
    return runner != nullptr && (changed == &runner->current || changed == &runner->item_number);
}

void look_at_items_by(const void* changed) {
    if (!seen().places_of_items.may_contain(changed)) return;
    for (watched_item& one : seen().items) {
        if (is_place_of(one, changed)) look_at_item(one);
    }
}

/// Only those that the last step, or what is plain, can have brought into another state: there are many items.
void look_at_items(const void* changed) {
    for (watched_item& one : seen().items) {
        const bool counted = *one.runs != one.runs_seen || *one.inside != one.inside_seen;
        if (counted || is_place_of(one, changed)) look_at_item(one);
    }
}

void follow_freezes() {
    for (std::size_t i = 0; i < seen().runtimes.size(); ++i) follow_freeze(i);
}

void look_at_pool(worker_pool& pool) {
    follow_pushes_to(pool.list, false, nullptr);
    check_running_count(pool);
    check_no_idle_worker_beside_work(pool, pool.list.newest() != nullptr || pool.list.listed() != 0);
    check_list(pool.list);
}

void look_at_pools() {
    seen().neglects = false;
    for_each_watched_pool([](worker_pool& pool) {
        look_at_pool(pool);
        if (pool.cpu == 0) check_worker_bound(*pool.scope);
    });
}

void look_at_queue(cmwq_queue& wq) {
    for_each_seat_of(wq, [&](pool_workqueue& seat) {
        follow_pushes_to(seat.items, true, wq.one_at_a_time ? &wq : nullptr);
        check_max_active(seat);
        check_list(seat.items);
    });
    check_flush_completeness(wq);
    seen().something_ended = seen().something_ended || peek(wq.ending) != nullptr;
}

void look_at_queues() {
    for_each_ready_queue([](cmwq_queue& wq, runtime_state&) { look_at_queue(wq); });
}

/// What was pushed is known before what begins, and what begins and ends before a round of flushing ends.
void look_at_everything(const void* changed) {
    look_at_pools();
    follow_freezes();
    look_at_items(changed);
    look_at_queues();
}

void look_at_part(const engine_part& part, const void* changed) {
    if (part.pool != nullptr) {
        look_at_pool(*part.pool);
        if (changed == &part.pool->nr_workers) check_worker_bound(*part.pool->scope);
    }
    if (part.scope != nullptr) check_worker_bound(*part.scope);
    if (part.queue != nullptr) follow_freezes();
    look_at_items_by(changed);
    if (part.queue != nullptr && is_ready(*part.queue)) look_at_queue(*part.queue);
}

}  // namespace

void look_at_each(std::uint64_t nth) {
    each_run = nth != 0 ? nth : asked_for();
    looks = nr_runs % each_run == 0;
}

void count_run() {
    ++nr_runs;
    looks = nr_runs % each_run == 0;
}

bool last_step_is_change() {
    const auto* const step = last_step();
    return step == nullptr || is_change(*step);
}

// What a thread does to plain variables is looked at with its next step that changes something.
void check_invariants() {
    if (!is_looked_at()) return;
    const auto* const step = last_step();
    if (step == nullptr) return look_at_everything(nullptr);
    if (!is_change(*step)) return;
    const engine_part part = part_changed_by(*step);
    if (part.everything || seen().neglects) return look_at_everything(step->object);
    look_at_part(part, step->object);
}

under_watch::under_watch(work_base& item, const int& runs, const int& inside) : item_{&item} {
    if (!is_looked_at()) return;
    watched_item one;
    one.item = &item;
    one.runs = &runs;
    one.inside = &inside;
    one.word = engine::access::word(item);
    one.word_place = &engine::access::word(item);
    seen().places_of_items.add(one.word_place);
    seen().items.push_back(one);
}

under_watch::~under_watch() {
    const auto one = std::find_if(seen().items.begin(), seen().items.end(), [&](auto& i) { return i.item == item_; });
    if (one == seen().items.end()) return;
    follow_runner(*one);
    follow_word(*one);
    check_no_loss_at_end(*one);
    forget_in_order(*item_);
    seen().items.erase(one);
}

void watch_runtime(runtime_state& runtime) {
    forget_engine_memory();
    seen().runtimes.push_back(&runtime);
    seen().quiet.push_back(false);
}

void forget_runtime(runtime_state& runtime) {
    forget_engine_memory();
    auto& all = seen().runtimes;
    const auto at = std::find(all.begin(), all.end(), &runtime);
    if (at == all.end()) return;
    seen().quiet.erase(seen().quiet.begin() + (at - all.begin()));
    all.erase(at);
    if (!all.empty()) return;
    seen().lists.clear();
    seen().orders.clear();
    seen().flushes.clear();
    seen().neglected.clear();
    seen().something_ended = false;
}

const std::vector<runtime_state*>& watched_runtimes() {
    return seen().runtimes;
}

void forget_all_watched() {
    forget_engine_memory();
    seen() = {};
}

}  // namespace cmwq_test
