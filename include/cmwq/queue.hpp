// SPDX-License-Identifier: Apache-2.0
//
// The queue: where items are given to the workers.
//
//     cmwq::queue& q = cmwq::system();
//     (void)q.enqueue(cmwq::make_arc<job>());          // an item that is shared
//     (void)q.enqueue(std::make_unique<job>());        // an item that the queue alone owns
//     q.enqueue(item);                                 // an item that stays where it is
//     (void)q.try_spawn([] { do_something(); });       // a function, in memory that the queue finds
//     q.flush();                                       // all of these have run
//
// A queue has no thread of its own. Workers are shared by all queues of a runtime: they are created when items wait and
// the existing ones are blocked or busy, and end after being idle. What a queue decides is where its items run and how
// many of them at once (options.hpp).
#pragma once

#include <cmwq/attributes.hpp>
#include <cmwq/call_site.hpp>
#include <cmwq/delayed_work.hpp>
#include <cmwq/detail/closure.hpp>
#include <cmwq/detail/enqueue.hpp>
#include <cmwq/detail/enqueue_delayed.hpp>
#include <cmwq/fwd.hpp>
#include <cmwq/spawn.hpp>
#include <cmwq/work.hpp>

#include <cstdint>
#include <memory>
#include <utility>

namespace cmwq {
inline namespace v1 {

/// A queue of items. Always used by reference: the object behind it is the engine's. It comes from make_queue, from the
/// system queues, or from a native handle. All members may be called on any thread, also at the same time.
///
/// Order: a queue made with `ordered` runs one item at a time in the order of enqueuing. All others start items in
/// about that order, and several at once.
class queue {
public:
    queue(const queue&) = delete;
    queue& operator=(const queue&) = delete;

    /// The queue of a handle that came from native(). The handle must not be null, and the queue must outlive every use
    /// of the reference: nothing is counted here.
    CMWQ_EXPORT static queue& from_native(cmwq_queue* handle) noexcept;

    /// The handle for C code, which owns nothing.
    CMWQ_EXPORT cmwq_queue* native() noexcept;

    /// The name it was made with; lives as long as the queue.
    CMWQ_EXPORT const char* name() const noexcept;

    /// Enqueues an item by its work with this id. `x` is one of
    /// - the pointer that the item's `run` takes (arc<T>, std::unique_ptr<T>, …): it goes to the queue and from there
    ///   to `run`. Returns enqueue_result<P>; a refused pointer comes back in it.
    /// - an item by reference, or by `T*`, if its `run` takes `T&` or `T*`: the caller keeps it alive. Returns bool,
    ///   true: accepted.
    /// - a raw_work_item: returns what its raw_enqueue returns.
    ///
    /// An item that is pending already is refused and nothing changes, its place included: the coming run sees
    /// everything that was stored before this call. A running item may be enqueued; it runs again after its present
    /// run, never beside it. A null pointer is misuse (misuse_code::null_item) and refused, and so is a queue that
    /// drains (misuse_code::enqueue_while_draining).
    ///
    /// A queue with a bound may refuse (refusal::queue_full), wait, or run the item here (pending_bound).
    ///
    /// Context: any thread, work functions included. Never blocks on a queue without a bound, never throws, and does
    /// not allocate once the queue is in use. Lifetime: after acceptance the item may already have run and be gone
    /// when this returns.
    template <std::uint64_t Id = 0, class X>
    auto enqueue(X&& x, call_site where = call_site::current()) noexcept {
        return detail::enqueue<Id>(*this, std::forward<X>(x), detail::at_once{}, where);
    }

    /// As enqueue, to a CPU by its index (cpus.hpp). An item of a percpu queue runs on that CPU and on no other,
    /// behind what was enqueued there before, however long that takes; only when the process loses the CPU does it run
    /// elsewhere. An item of an unbound or ordered queue starts there, or as near as the
    /// queue's attributes allow, and another CPU may take it. An index that no CPU has, -1 for one: as enqueue.
    template <std::uint64_t Id = 0, class X>
    auto enqueue_on(int cpu, X&& x, call_site where = call_site::current()) noexcept {
        return detail::enqueue<Id>(*this, std::forward<X>(x), detail::at_place{{.cpu = cpu}}, where);
    }

    /// As enqueue, near a NUMA node: to the calling thread's CPU if it is of that node, else to the node's first. For
    /// unbound and ordered queues; of a percpu queue it is misuse (misuse_code::node_of_percpu_queue). A number that no
    /// node has, -1 for one: as enqueue.
    template <std::uint64_t Id = 0, class X>
    auto enqueue_node(int node, X&& x, call_site where = call_site::current()) noexcept {
        return detail::enqueue<Id>(*this, std::forward<X>(x), detail::at_place{{.node = node}}, where);
    }

    /// Enqueues an item whose work is a delayed_work, after `wait`: any duration or time point (delay.hpp); zero and
    /// less mean at once. `x` and what is returned are as with enqueue. Until its time the item is pending, with its
    /// timer armed: other enqueues are refused and change nothing, its time included; its owner stays with it; it can
    /// be cancelled. At its time it is enqueued, never earlier, and runs as soon as a worker gets to it.
    ///
    /// Context: any thread, work functions included; blocks at most for a moment. The first delayed item of the process
    /// starts a thread; if there is none to be had the item is refused (refusal::no_memory).
    template <std::uint64_t Id = 0, class X>
    auto enqueue_delayed(X&& x, delay wait, call_site where = call_site::current()) noexcept {
        return detail::enqueue<Id>(*this, std::forward<X>(x), detail::later{wait, -1}, where);
    }

    /// As enqueue_delayed, and when its time has come the item goes to that CPU as with enqueue_on.
    template <std::uint64_t Id = 0, class X>
    auto enqueue_delayed_on(int cpu, X&& x, delay wait, call_site where = call_site::current()) noexcept {
        return detail::enqueue<Id>(*this, std::forward<X>(x), detail::later{wait, cpu}, where);
    }

    /// Gives a delayed item the time `wait` from now, whatever it does: an idle or running item is armed, as with
    /// enqueue_delayed; an armed one gets the new time; one that waits in a queue is taken off and armed, or with a
    /// wait of zero goes to the end of this queue. `x` is as with enqueue. For owners it returns mod_result<P>: if the
    /// item was pending it had its owner already, and the one given comes back. For items that their caller keeps alive
    /// a bool, true: it was pending. A disabled item is refused. Context: as enqueue_delayed; the caller, or the owner
    /// given, keeps the item alive.
    template <std::uint64_t Id = 0, class X>
    auto mod_delayed(X&& x, delay wait, call_site where = call_site::current()) noexcept {
        return detail::enqueue<Id>(*this, std::forward<X>(x), detail::at_new_time{wait, -1}, where);
    }

    /// As mod_delayed; the CPU as with enqueue_delayed_on.
    template <std::uint64_t Id = 0, class X>
    auto mod_delayed_on(int cpu, X&& x, delay wait, call_site where = call_site::current()) noexcept {
        return detail::enqueue<Id>(*this, std::forward<X>(x), detail::at_new_time{wait, cpu}, where);
    }

    /// Enables an item that was disabled and, if it may be enqueued then, enqueues it. `x` (an owner, or an item by
    /// reference) and what is returned are as with enqueue; an item that is still disabled is refused
    /// (refusal::disabled). Context: as enqueue; without a
    /// disable it is misuse (misuse_code::enable_without_disable), and the item is enqueued if it can be.
    template <std::uint64_t Id = 0, class X>
    auto enable_and_enqueue(X&& x, call_site where = call_site::current()) noexcept {
        if (work_base* work = detail::work_in<Id>(x)) {
            (void)detail::enable_item(*work, where);
        }
        return detail::enqueue<Id>(*this, std::forward<X>(x), detail::at_once{}, where);
    }

    /// Runs `f()` once, as an item of its own. Takes memory for it (f and 32 bytes, in one block), so it can fail:
    /// the result says why. f is moved from (or copied, if given as an lvalue) only when accepted, so a caller may
    /// run it instead: `if (!q.try_spawn(std::move(f))) f();`. It is destroyed exactly once, after its call or when
    /// the item is dropped. Throws nothing but what f's own copy or move throws; then nothing runs.
    template <class F>
    spawn_result try_spawn(F&& f, call_site where = call_site::current()) noexcept(detail::spawns_nothrow<F>) {
        return detail::spawn(*this, detail::engine_memory{}, std::forward<F>(f), where);
    }

    /// As above, with the memory from a copy of `allocator`, whose exceptions count as "no memory".
    template <class Allocator, class F>
    spawn_result try_spawn(std::allocator_arg_t, const Allocator& allocator, F&& f,
                           call_site where = call_site::current()) noexcept(detail::spawns_nothrow<F>) {
        return detail::spawn(*this, detail::allocator_memory<Allocator>{allocator}, std::forward<F>(f), where);
    }

    /// Waits until every item that was enqueued before the call has run. Items whose timer is armed are not waited for.
    /// Everything that those items did happens before the return. Context: may block; from an item of this queue it is
    /// misuse (misuse_code::flush_own_queue).
    ///
    /// Newer items cannot hold it up, except where another thread flushes or drains this queue at the time of the call:
    /// then it begins when that wait is over (of a drain, its present round), and waits for what was enqueued until
    /// then, but for nothing later. So an item must not wait for a thread that flushes its queue, older or newer.
    CMWQ_EXPORT void flush(call_site where = call_site::current()) noexcept;

    /// Waits until the queue is empty, and refuses items meanwhile, except those enqueued by its own running items.
    /// Items whose timer is armed are neither waited for nor refused: one whose time comes meanwhile runs.
    /// It never gives up: an item that enqueues itself for ever holds it up for ever. After ten rounds of waiting, and
    /// then after each hundred up to a thousand (the kernel's figures), that is told on stderr, unless
    /// runtime_options::report_stalls_after is zero; destruction of a queue, which drains it, tells the same.
    /// Context: may block; from an item of this queue it is misuse (misuse_code::drain_own_queue).
    CMWQ_EXPORT void drain(call_site where = call_site::current()) noexcept;

    /// Do items wait at this moment because max_active of them are active, or because the queue is frozen? A hint for
    /// those who can leave work undone: the answer may be old when it arrives. Context: any thread; takes no lock.
    CMWQ_EXPORT bool congested() const noexcept;

    /// Changes max_active (options.hpp) while items flow; 0: the default. Lowering it stops no item that is active; no
    /// other one starts until there are fewer. Raising it lets waiting items go on at once. False: there is no memory
    /// for it, and the old limit stays. Of an ordered queue it is misuse (misuse_code::max_active_of_ordered_queue), as
    /// is a figure out of range (misuse_code::max_active_out_of_range, and the nearest is taken).
    ///
    /// The first limit of a queue that had none (max_active out of reach of its runtime's max_workers) counts the items
    /// that are pending or running, but not one whose enqueue is just under way in another thread.
    /// Context: any thread, its own items included; takes the locks of the queue's pools, so not for hot paths.
    CMWQ_EXPORT bool set_max_active(int max_active, call_site where = call_site::current()) noexcept;

    /// Changes min_active (options.hpp, per_node) of an unbound queue while items flow: what each node's part of
    /// max_active is at least. Below 0 and above max_active the nearest is taken; set_max_active takes it along when it
    /// goes below. Kept without effect on a queue that is not divided over nodes. False: there is no memory for it, and
    /// nothing changes. Of a per-CPU or ordered queue it is misuse (misuse_code::queue_without_min_active). Context: as
    /// set_max_active.
    CMWQ_EXPORT bool set_min_active(int min_active, call_site where = call_site::current()) noexcept;

    /// Changes where the items of an unbound or ordered queue run, while they flow (attributes.hpp). From here on its
    /// items start where the attributes allow, those that wait already included; what runs is not disturbed, and an
    /// ordered queue keeps its order. A strict scope binds an item to the surroundings of the CPU that enqueues it, so
    /// items that wait already go anywhere on `cpus`. A queue that is restricted hands its items on through a list of
    /// its own, which costs them some 10 ns. False: there is no memory for it, and nothing changes. Of a percpu queue
    /// it is misuse (misuse_code::attributes_of_percpu_queue); affinity_scope::system with affinity_strict is too
    /// (misuse_code::contradictory_options).
    ///
    /// The first restriction of a queue with neither limit nor restriction does not reach an item whose enqueue is just
    /// under way in another thread. Context: as set_max_active.
    CMWQ_EXPORT bool apply_attributes(const attributes& wanted, call_site where = call_site::current()) noexcept;

protected:
    constexpr queue() noexcept = default;
    ~queue() = default;
};

}  // namespace v1
}  // namespace cmwq
