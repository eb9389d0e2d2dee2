// SPDX-License-Identifier: Apache-2.0
//
// The raw level: items with their own way of being enqueued and of finding back from the address of a work_base. For
// awaiters, operation states and owners that work_pointer_traits cannot describe.
//
//     struct wakeup : cmwq::work_base {
//         wakeup() : work_base{kind} {}
//         static void run(cmwq::work_base* item) { static_cast<wakeup*>(item)->handle.resume(); }
//         static void drop(cmwq::work_base* item) noexcept { static_cast<wakeup*>(item)->handle.destroy(); }
//         static constinit inline const cmwq::work_class kind{&run, &drop, "wakeup"};
//         std::coroutine_handle<> handle;
//     };
//
//     if (cmwq::raw_enqueue(q, item) != cmwq::refusal::none) { … resume it here … }
#pragma once

#include <cmwq/call_site.hpp>
#include <cmwq/detail/engine.hpp>
#include <cmwq/fwd.hpp>
#include <cmwq/work_base.hpp>

#include <memory>
#include <utility>

namespace cmwq {
inline namespace v1 {

/// Enqueues a raw item: its class's `run` or `drop` will be called with it, once. On any value but `refusal::none`
/// nothing has changed and the caller still has the item; a draining queue is also reported as misuse.
/// Context: any thread; never blocks, but on a queue whose bound says so (pending_bound).
/// Lifetime: after `refusal::none` the item may already have run and be gone.
inline refusal raw_enqueue(queue& wq, work_base& item, call_site where = call_site::current()) noexcept {
    return detail::submit(wq, item, where.file, where.function, where.line);
}

/// Takes a pending raw item off its queue. True: it was pending; neither `run` nor `drop` will be called for that
/// enqueue, and the caller has the item again. A running instance is not disturbed. Context: any thread; waits for
/// nothing but moments.
inline bool raw_cancel(work_base& item) noexcept {
    return detail::cancel_item(item, {});
}

/// As raw_enqueue, to a CPU (queue::enqueue_on).
inline refusal raw_enqueue_on(int cpu, queue& wq, work_base& item, call_site where = call_site::current()) noexcept {
    return detail::submit_to(wq, item, {.cpu = cpu}, {}, where.file, where.function, where.line);
}

/// As raw_enqueue, near a node (queue::enqueue_node).
inline refusal raw_enqueue_node(int node, queue& wq, work_base& item, call_site where = call_site::current()) noexcept {
    return detail::submit_to(wq, item, {.node = node}, {}, where.file, where.function, where.line);
}

/// As raw_cancel, and waits until it does not run any more; enqueues are refused meanwhile. Context: may block.
inline bool raw_cancel_sync(work_base& item, call_site where = call_site::current()) noexcept {
    return detail::cancel_item_sync(item, {}, where);
}

/// As raw_cancel, and the item is refused (refusal::disabled) until raw_enable was called as often.
inline bool raw_disable(work_base& item, call_site where = call_site::current()) noexcept {
    return detail::disable_item(item, {}, where);
}

/// As raw_disable, and waits until it does not run any more. Context: may block.
inline bool raw_disable_sync(work_base& item, call_site where = call_site::current()) noexcept {
    return detail::disable_item_sync(item, {}, where);
}

/// Takes one disable back. True: the item may be enqueued again.
inline bool raw_enable(work_base& item, call_site where = call_site::current()) noexcept {
    return detail::enable_item(item, where);
}

/// Waits until the item is neither pending nor running. True: there was something to wait for. Context: may block.
inline bool raw_flush(work_base& item, call_site where = call_site::current()) noexcept {
    return detail::flush_item(item, where);
}

/// One enqueue to one queue, ready to be made: what a raw_work_item's raw_enqueue receives. Call it at most once,
/// before raw_enqueue returns. Not calling it is allowed: then nothing is enqueued, and what raw_enqueue returns has to
/// say so.
class queue_work_on {
public:
    /// As raw_enqueue above.
    refusal operator()(work_base& item) const noexcept { return submit(item, {}); }

    /// As above, and calls `prepare()` once the item is claimed and before anybody can run it: the place to write what
    /// two enqueuers of one item must not both write. It is not called if the item is refused. It must not throw, block
    /// or enqueue.
    template <class Prepare>
    refusal operator()(work_base& item, Prepare prepare) const noexcept {
        const detail::prepare_step step{[](void* context) noexcept { (*static_cast<Prepare*>(context))(); },
                                        std::addressof(prepare)};
        return submit(item, step);
    }

private:
    friend struct detail::access;

    queue_work_on(queue& wq, detail::wished_place wished, call_site where) noexcept
        : queue_{&wq}, wished_{wished}, where_{where} {}

    refusal submit(work_base& item, detail::prepare_step step) const noexcept {
        if (wished_.cpu == detail::wished_place::any && wished_.node == detail::wished_place::any)
            return detail::submit_prepared(*queue_, item, step, where_.file, where_.function, where_.line);
        return detail::submit_to(*queue_, item, wished_, step, where_.file, where_.function, where_.line);
    }

    queue* queue_;
    detail::wished_place wished_;
    call_site where_;
};

/// A type that enqueues itself: `q.enqueue<Id>(std::move(r))` calls `std::move(r).raw_enqueue(work_id<Id>{}, on)` with
/// a queue_work_on, and returns what that returns. The work_base it passes on must live until its function is called,
/// or its work_class's `drop`.
template <class R, std::uint64_t Id = 0>
concept raw_work_item = requires(R r, queue_work_on on) {
    std::move(r).raw_enqueue(work_id<Id>{}, on);
};

}  // namespace v1
}  // namespace cmwq
