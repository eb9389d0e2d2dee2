// SPDX-License-Identifier: Apache-2.0
#include "engine/misuse.hpp"

#include "engine/queue_state.hpp"

#include <cstdio>
#include <cstdlib>
#include <new>

namespace cmwq {
inline namespace v1 {

namespace engine {

namespace {

constinit atomic<misuse_handler> chosen_handler{nullptr};
constinit mutex places_lock;

const char* sentence_for(misuse_code code) noexcept {
    switch (code) {
    case misuse_code::name_too_long: return "a name has more than 31 characters and was cut";
    case misuse_code::max_active_out_of_range:
        return "max_active is neither 0 (the default) nor in 1..2048; the nearest allowed value is used";
    case misuse_code::contradictory_options: return "options exclude each other; the later one is ignored";
    case misuse_code::enqueue_while_draining:
        return "an item was enqueued to a queue that is draining or being destroyed; it was refused";
    case misuse_code::flush_from_own_item:
        return "a work function waits for its own item, which would never end; it does not wait";
    case misuse_code::flush_own_queue:
        return "a work function flushes the queue that runs it, or one that needs its place, which would never end; it "
               "does "
               "not wait";
    case misuse_code::drain_own_queue:
        return "a work function drains the queue that runs it, or one that needs its place, which would never end; it "
               "does "
               "not wait";
    case misuse_code::destroy_own_queue: return "a work function destroys the queue that runs it";
    case misuse_code::null_item: return "a null pointer was enqueued";
    case misuse_code::cancel_sync_from_own_item:
        return "a work function cancels its own item and waits for its end, which would never come; it does not wait";
    case misuse_code::disable_sync_from_own_item:
        return "a work function disables its own item and waits for its end, which would never come; it does not wait";
    case misuse_code::enable_without_disable: return "an item that is not disabled was enabled; nothing changes";
    case misuse_code::disabled_too_often:
        return "an item was disabled 4095 times more often than it was enabled; this one does not count";
    case misuse_code::max_active_of_ordered_queue:
        return "the max_active of an ordered queue was to be changed; it stays one";
    case misuse_code::attributes_of_percpu_queue:
        return "the attributes of a per-CPU queue were to be changed; nothing changes";
    case misuse_code::node_of_percpu_queue:
        return "an item was enqueued to a node on a queue whose items belong to CPUs; it goes to the caller's CPU";
    case misuse_code::max_pending_out_of_range: return "max_pending is negative; the queue has no bound";
    case misuse_code::wait_for_own_queue:
        return "a work function would wait for room in the queue that runs it, or in one that needs its place, which "
               "might "
               "never come; its item was "
               "refused";
    case misuse_code::unfit_parent: return "a queue cannot have this parent; it has none";
    case misuse_code::option_of_parent:
        return "something was asked of a queue with a parent that its parent decides; the parent's choice holds";
    case misuse_code::queue_without_min_active:
        return "the min_active of a per-CPU or ordered queue was to be changed; it has none";
    case misuse_code::reclaim_waits_for_ordinary_queue:
        return "a work function of a mem_reclaim queue waits for items of a queue that is none, and may wait for what "
               "it is to provide";
    case misuse_code::parent_in_use: return "a queue is destroyed while it is the parent of others";
    case misuse_code::queue_in_use: return "a runtime is destroyed while queues made by it exist";
    case misuse_code::runtime_option_out_of_range: return "an option of a runtime is out of range";
    }
    return "unknown misuse";
}

/// Nothing sound can follow these: the program ends in every build.
bool is_fatal(misuse_code code) noexcept {
    return code == misuse_code::destroy_own_queue || code == misuse_code::queue_in_use ||
           code == misuse_code::parent_in_use;
}

void print(const misuse& found) noexcept {
    std::fprintf(stderr, "cmwq: misuse %d: %s (item \"%s\", queue \"%s\") at %s:%u in %s\n",
                 static_cast<int>(found.code), found.sentence, found.item, found.queue, found.where.file,
                 found.where.line, found.where.function);
}

/// Places already reported, so that a mistake in a loop is one line of log. A place that finds no room is printed each
/// time. Fixed size: reporting must not allocate.
bool first_time_at(const call_site& where) noexcept {
    struct place {
        const char* file;
        unsigned line;
    };
    static constinit place seen[64] = {};
    locked hold{places_lock};
    for (place& known : seen) {
        if (known.file == where.file && known.line == where.line) return false;
        if (known.file != nullptr) continue;
        known = {where.file, where.line};
        return true;
    }
    return true;
}

void default_handler(const misuse& found) noexcept {
#if defined(NDEBUG)
    if (first_time_at(found.where)) print(found);
#else
    (void)first_time_at;
    print(found);
    std::abort();
#endif
}

}  // namespace

void renew_reports_after_fork() noexcept {
    new (&places_lock) mutex;
}

void report(const misuse_report& found) noexcept {
    const char* sentence = found.sentence != nullptr ? found.sentence : sentence_for(found.code);
    const misuse told{found.code, sentence, found.item != nullptr ? found.item->name() : "",
                      found.queue != nullptr ? found.queue->name : "", found.where};
    // sync misuse.1: acquire; pairs with misuse.2; sees what the handler's owner set up for it
    const misuse_handler handler = chosen_handler.load(memory_order_acquire);
    (handler != nullptr ? handler : default_handler)(told);
    if (!is_fatal(found.code)) return;
    if (handler != nullptr) print(told);
    std::abort();
}

}  // namespace engine

misuse_handler set_misuse_handler(misuse_handler handler) noexcept {
    // sync misuse.2: acquire-release; pairs with misuse.1; publishes what the caller set up
    return engine::chosen_handler.exchange(handler, engine::memory_order_acq_rel);
}

namespace detail {

void report_misuse(misuse_code code, const work_base* item, const queue* wq, call_site where) noexcept {
    engine::report({code, item, static_cast<const cmwq_queue*>(wq), where});
}

}  // namespace detail
}  // namespace v1
}  // namespace cmwq
