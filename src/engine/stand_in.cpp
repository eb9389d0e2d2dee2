// SPDX-License-Identifier: Apache-2.0
#include "engine/stand_in.hpp"

#include "engine/fork.hpp"
#include "engine/registry.hpp"
#include "engine/report_names.hpp"
#include "engine/timers.hpp"
#include "engine/wake.hpp"

#include <cstdio>

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

template <class Visit>
bool any_pool(const runtime_state& runtime, Visit visit) noexcept {
    for (const atomic<pool_scope*>& place : runtime.scopes) {
        // sync setup.9: acquire; pairs with setup.4; sees the scope as it was made
        pool_scope* scope = place.load(memory_order_acquire);
        for (int cpu = 0; scope != nullptr && cpu < scope->nr_pools; ++cpu) {
            if (visit(scope->pools[cpu])) return true;
        }
    }
    return false;
}

/// Of the first item that waits there. Empty: none does any more.
queue_name name_of_waiting_queue(worker_pool& pool) noexcept CMWQ_NO_THREAD_SAFETY_ANALYSIS {
    worker* me = this_worker_slot();
    worklist* list = &pool.list;
    list->lock(me != nullptr ? &me->entry : nullptr);
    const work_base* first = list->take_inbox().front();
    pool_workqueue* seat = first != nullptr && is_token(*first) ? static_cast<const token*>(first)->seat : nullptr;
    queue_id id = first != nullptr && seat == nullptr ? queue_of_word(word_of(const_cast<work_base&>(*first))) : 0;
    if (seat != nullptr) {
        seat->items.lock();
        first = seat->items.take_inbox().front();
        if (first != nullptr && !is_token(*first)) id = queue_of_word(word_of(const_cast<work_base&>(*first)));
        seat->items.unlock();
    }
    list->unlock();
    return name_of_queue(id);
}

bool has_workers(const runtime_state& runtime) noexcept {
    return any_pool(runtime, [](worker_pool& pool) { return pool.nr_workers.load(memory_order_relaxed) != 0; });
}

/// Once. A worker that is busy looks when it lies down; but its item may wait for one of those that nobody begins.
void tell_that_nobody_looks(runtime_state& runtime) noexcept {
    const char* also = has_workers(runtime) ? "a worker has nothing else to do or " : "";
    (void)any_pool(runtime, [&](worker_pool& pool) {
        if (!pool.list.has_work() || !runtime.dog.has_to_tell()) return false;
        char line[256];
        std::snprintf(line, sizeof line,
                      "cmwq: no thread could be created, and none is free to try again: items of queue \"%s\" wait "
                      "until %sthe program calls the library again",
                      name_of_waiting_queue(pool).text, also);
        platform::say(line);
        return true;
    });
}

}  // namespace

void call_stand_in(runtime_state& runtime) noexcept {
    // sync stand-in.1: seq_cst store; pairs with stand-in.2, stand-in.3, stand-in.4; the race: this store and the looks
    // below at who sleeps, against a worker (or the timers' thread) that lies down and then looks at the flag
    stand_ins_needed.store(true, memory_order_seq_cst);
    // All of them: some may get work before they lie down again.
    bool anybody = timers::instance().stand_in();
    (void)any_pool(runtime, [&](worker_pool& pool) {
        anybody = rouse_idle(pool) || anybody;
        return false;
    });
    if (!anybody) tell_that_nobody_looks(runtime);
}

bool stand_in_until_woken(worker& self) noexcept {
    while (stand_ins_needed.load(memory_order_relaxed)) {
        if (self.parker.park_until(platform::now() + time_between_ticks)) return true;
        look_for_watchdogs(false);
    }
    return false;
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
