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

#include <cmwq/options.hpp>
#include <cmwq/queue.hpp>

#include <utility>

namespace cmwq {
inline namespace v1 {

/// The owner of a queue made by make_queue. Move-only; false when the queue could not be made.
///
/// Destruction drains: it waits until every item that was enqueued has run, those that the running ones enqueue
/// included, and refuses items from elsewhere meanwhile (misuse_code::enqueue_while_draining). Destroying the queue
/// from one of its own items is misuse (misuse_code::destroy_own_queue).
class [[nodiscard]] owned_queue {
public:
    /// No queue.
    constexpr owned_queue() noexcept = default;

    owned_queue(owned_queue&& other) noexcept : queue_{std::exchange(other.queue_, nullptr)} {}

    /// Drains and destroys the queue it had, and takes over the other's.
    owned_queue& operator=(owned_queue other) noexcept {
        std::swap(queue_, other.queue_);
        return *this;
    }

    /// Context: may block until the queue's items have run. Not from one of them.
    CMWQ_EXPORT ~owned_queue();

    /// False: there is no queue, because there was no memory or it was moved from.
    explicit operator bool() const noexcept { return queue_ != nullptr; }

    /// The queue. It must be there, and the owner must outlive every use of the reference.
    queue& operator*() const noexcept { return *queue_; }
    queue* operator->() const noexcept { return queue_; }
    operator queue&() const noexcept { return *queue_; }

private:
    friend struct detail::engine_access;

    constexpr explicit owned_queue(queue* made) noexcept : queue_{made} {}

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
