// SPDX-License-Identifier: Apache-2.0
//
// Taking a pending item back, and shutting it out. Who has the pending instance of an item at any moment: an enqueuer
// that is about to publish it, a list, a timer, or a worker that is about to run it. It can be taken out of a list or a
// timer; the other two are moments, and are waited for.
//
//   enters   an item that may be pending, running, both, or neither
//   leaves   the pending instance with the caller, as if it had never been enqueued; a running one goes on
//   locks    all lists that its queue's items can be in (held_lists.hpp), briefly
// Protocol page: docs/design/cancel.md.
#pragma once

#include "engine/engine_access.hpp"

#include <cmwq/detail/engine.hpp>

namespace cmwq {
inline namespace v1 {
namespace engine {

/// What becomes of an instance that was taken back. Called while it is in no list and no wheel, and taken; it lets it
/// go, by one of the transitions. Under no lock.
struct taken_step {
    void (*function)(work_base& item, void* context) noexcept;
    void* context;
};

/// Takes the pending instance out of its queue or wheel, if there is one: true, and `then` was called. Any thread.
bool take_pending(work_base& item, const taken_step& then) noexcept;

/// The same, to be idle again. `take_back` runs before anybody else can claim the item.
/// True: there was one. Any thread.
bool cancel_pending(work_base& item, const detail::prepare_step& take_back) noexcept;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
