// SPDX-License-Identifier: Apache-2.0
//
// Queues of one's own: made from the options of their kind, drained and destroyed with their owner.
//
//     auto log = cmwq::make_queue(cmwq::ordered{.name = "log"});
//     if (!log) { return no_resources; }
//     (void)log->enqueue(std::move(line));
//
// A queue costs memory and no thread, so a subsystem that wants to flush, to limit or to order
// its items without regard to others makes one.
#pragma once

#include <cmwq/left_item.hpp>
#include <cmwq/options.hpp>
#include <cmwq/queue.hpp>

#include <memory>
#include <type_traits>
#include <utility>

namespace cmwq {
inline namespace v1 {

/// The owner of a queue made by make_queue. Move-only; false when the queue could not be made.
///
/// Destruction drains: it waits until every item that was enqueued has run, those that the running ones enqueue
/// included, and refuses items from elsewhere meanwhile (misuse_code::enqueue_while_draining). Queues made with
/// `.at_end = pending_items::drop` let go of what has not begun instead. shutdown and shutdown_leaving end a queue in a
/// way that is chosen at the time. Destroying the queue from one of its own items is misuse
/// (misuse_code::destroy_own_queue).
class [[nodiscard]] owned_queue {
public:
    /// No queue.
    constexpr owned_queue() noexcept = default;

    owned_queue(owned_queue&& other) noexcept : queue_{std::exchange(other.queue_, nullptr)} {}

    /// Drains and destroys the queue it had, and takes over the other's.
    owned_queue& operator=(owned_queue&& other) noexcept {
        // By value, clang 14 forgets to end the argument of `wq = {}` in a template.
        owned_queue taken{std::move(other)};
        std::swap(queue_, taken.queue_);
        return *this;
    }

    /// Context: may block until the queue's items have run. Not from one of them.
    CMWQ_EXPORT ~owned_queue();

    /// Ends the queue; this owner has none afterwards. Items that run are waited for; what is pending runs or is
    /// dropped, and so is what running items enqueue meanwhile. Owners are let go on the workers, in the order of the
    /// queue. Context: blocks; not from one of its items. Without a queue nothing happens.
    CMWQ_EXPORT void shutdown(pending_items what, call_site where = call_site::current()) noexcept;

    /// As shutdown, and what is pending neither runs nor is dropped: `receive(cmwq::left_item& item)` is called for
    /// each, on the workers, in the order of the queue, as the item's function would have been (so at most max_active
    /// at once). Whoever takes the owner out of it can enqueue it to another queue; what is not taken is let go.
    ///
    ///     old.shutdown_leaving([&](cmwq::left_item& left) noexcept {
    ///         if (auto mine = left.take<job>()) (void)fresh->enqueue(std::move(mine));
    ///     });
    template <class Receive>
    void shutdown_leaving(Receive&& receive, call_site where = call_site::current()) noexcept {
        using receiver = std::remove_reference_t<Receive>;
        static_assert(std::is_nothrow_invocable_v<receiver&, left_item&>,
                      "cmwq: the receiver of shutdown_leaving is noexcept and takes a cmwq::left_item&");
        const auto call = [](work_base* item, const work_class& kind, void* context) noexcept {
            left_item left{*item, kind};
            (*static_cast<receiver*>(context))(left);
        };
        const detail::item_receiver to{call,
                                       const_cast<void*>(static_cast<const volatile void*>(std::addressof(receive)))};
        end_with(to, where);
    }

    /// False: there is no queue, because there was no memory or it was moved from.
    explicit operator bool() const noexcept { return queue_ != nullptr; }

    /// The queue. It must be there, and the owner must outlive every use of the reference.
    queue& operator*() const noexcept { return *queue_; }
    queue* operator->() const noexcept { return queue_; }
    operator queue&() const noexcept { return *queue_; }

private:
    friend struct detail::engine_access;

    constexpr explicit owned_queue(queue* made) noexcept : queue_{made} {}

    CMWQ_EXPORT void end_with(const detail::item_receiver& to, call_site where) noexcept;

    queue* queue_ = nullptr;
};

/// Makes a queue on the standard runtime. The result is false when there was no memory.
/// Bad options are reported as misuse: see name_too_long, max_active_out_of_range and contradictory_options there.
/// Context: any thread; allocates.
CMWQ_EXPORT owned_queue make_queue(const percpu& options, call_site where = call_site::current()) noexcept;
CMWQ_EXPORT owned_queue make_queue(const unbound& options, call_site where = call_site::current()) noexcept;
CMWQ_EXPORT owned_queue make_queue(const ordered& options, call_site where = call_site::current()) noexcept;
CMWQ_EXPORT owned_queue make_queue(const power_efficient& options, call_site where = call_site::current()) noexcept;

}  // namespace v1
}  // namespace cmwq
