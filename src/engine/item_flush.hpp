// SPDX-License-Identifier: Apache-2.0
//
// Who waits for the end of one particular item. A ticket stands for one caller of flush and one *instance* of the item:
// the pending one, or the one that a given worker runs. The pending instance becomes the running one when a worker
// claims it, so a later enqueue of the same item cannot complete, or delay, an older ticket.
#pragma once

#include "engine/worker.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

/// One run of an item, as a caller of flush may wait for it.
struct item_run {
    worker* by = nullptr;
    std::uint64_t number = 0;  ///< which item of that worker

    friend bool operator==(const item_run&, const item_run&) = default;
};

struct item_flush_ticket {
    const work_base* item = nullptr;
    const worker* runner = nullptr;  ///< null: the pending instance
    std::uint64_t number = 0;        ///< which item of the runner
    item_run beside;                 ///< of an earlier instance, while the pending one lay in its list
    bool cancelled = false;          ///< the pending instance did not run; `beside` may still go on
    item_flush_ticket* next = nullptr;
    platform::parker done;
};

class item_flushes {
public:
    constexpr item_flushes() noexcept = default;
    static item_flushes& instance() noexcept;

    /// Adds a ticket for the pending instance, or for the one that `runner` runs as its item `number`.
    void add(item_flush_ticket& ticket) noexcept;

    /// `me` is about to start the pending instance of `item`.
    void instance_starts(const worker& me, const work_base& item) noexcept;
    /// The pending instance of `item` will not run: completes all tickets for it.
    void instance_cancelled(const work_base& item) noexcept;
    /// The instance that `runner` ran as its item `number` is over: completes all tickets for it. Called by whoever has
    /// the item mark: the runner, or a flusher that took it back because it came too late.
    void instance_done(const worker& runner, std::uint64_t number) noexcept;

private:
    template <class Matches>
    void complete_where(Matches matches) noexcept;

    mutex lock_;
    item_flush_ticket* tickets_ = nullptr;  // under lock_
};

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
