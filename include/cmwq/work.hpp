// SPDX-License-Identifier: Apache-2.0
//
// The typed item. A class becomes an item by having a work, as a member or as a base, and a static function run:
//
//     struct my_struct {
//         int value;
//         cmwq::work<my_struct> work{"my_struct::work"};
//         CMWQ_HAS_WORK(work);
//         explicit my_struct(int v) : value{v} {}
//         static void run(cmwq::arc<my_struct> self) { std::printf("The value is: %d\n", self->value); }
//     };
//
//     struct job : cmwq::work<job> {
//         static void run(std::unique_ptr<job> self);
//     };
//
// Which of the two: a member where the class has a base already, or the work should be private; a base where it is the
// class's whole purpose, and several works where one object has several things to do, each pending and running by
// itself.
//
// The parameter of run is the pointer that carries the item: whoever enqueues gives it to the queue, and run gets it.
// An item with several works has one for each id, and says by work_id<Id> which function belongs to which.
#pragma once

#include <cmwq/cancel_output.hpp>
#include <cmwq/detail/cancel.hpp>
#include <cmwq/detail/item_class.hpp>
#include <cmwq/fwd.hpp>
#include <cmwq/has_work.hpp>
#include <cmwq/work_base.hpp>
#include <cmwq/work_item.hpp>
#include <cmwq/work_pointer.hpp>

#include <memory>
#include <type_traits>

namespace cmwq {
inline namespace v1 {

/// The work of T with this id: 32 bytes, a member or a base of T, which may be incomplete there. It makes its object
/// an item, which is neither copied nor moved.
///
/// Promises: an item is pending at most once, whatever queues it is enqueued to; it never runs on two workers at once;
/// what was stored before an enqueue call, refused or not, is visible to the run that follows it.
///
/// Lifetime: from an accepted enqueue to the start of its function the item must stay alive. An owner sees to that;
/// with T* and T& the caller does. After the start the engine does not touch it: the function may free it.
template <class T, std::uint64_t Id>
class work : public work_base {
public:
    /// The type that holds this work, and which of its works this is.
    using item_type = T;
    static constexpr std::uint64_t id = Id;

    /// The name in reports and tools is the member's ("my_struct::work") or, for a base, the class's ("job").
    constexpr work() noexcept : work_base{detail::class_of<T, Id>} {}

    /// With a name of at most 31 characters. All items of this kind share one: the first given stays. An item that the
    /// compiler initialises (constinit) cannot give one.
    constexpr work(name_literal name) noexcept : work{} {
        if (!std::is_constant_evaluated()) {
            detail::set_name(detail::class_of<T, Id>, name);
        }
    }

    /// Waits until the item is neither pending nor running, newer enqueues apart. True: there was something to wait
    /// for. The item must be kept alive meanwhile. Context: may block; from the item's own function it is misuse
    /// (misuse_code::flush_from_own_item).
    bool flush(call_site where = call_site::current()) noexcept { return detail::flush_item(*this, where); }

    /// Takes the item off its queue if it waits there. Its owner comes back, null if the item was not pending; for an
    /// item that its caller keeps alive a bool, true: it was pending and will not run. A running function is not
    /// disturbed. Context: any thread, the item's own function included; waits for nothing but moments (an enqueue or
    /// the start of a run under way).
    ///
    ///     if (cmwq::arc<job> back = item->work.cancel()) { … }
    ///
    /// Somebody else must keep the item alive during the call: for an item that the queue alone owns (std::unique_ptr)
    /// nobody does.
    template <class U = T>
    cancel_output<item_pointer_t<U, Id>> cancel() noexcept {
        return detail::cancel_with<U, Id>(*this, [this](detail::prepare_step take_back) noexcept {
            return detail::cancel_item(*this, take_back);
        });
    }

    /// As cancel, and waits until the item does not run any more. Enqueues are refused meanwhile (refusal::disabled),
    /// those by its own function included: afterwards the item is idle, and may be destroyed, unless somebody enqueues
    /// it anew. Everything that its function did happens before the return. Any number of threads may do this at once.
    /// Context: may block; from the item's own function it is misuse (misuse_code::cancel_sync_from_own_item).
    template <class U = T>
    cancel_output<item_pointer_t<U, Id>> cancel_sync(call_site where = call_site::current()) noexcept {
        return detail::cancel_with<U, Id>(*this, [this, where](detail::prepare_step take_back) noexcept {
            return detail::cancel_item_sync(*this, take_back, where);
        });
    }

    /// As cancel, and from here on the item is refused (refusal::disabled) until it was enabled as often as it was
    /// disabled, at most 4095 times.
    template <class U = T>
    cancel_output<item_pointer_t<U, Id>> disable(call_site where = call_site::current()) noexcept {
        return detail::cancel_with<U, Id>(*this, [this, where](detail::prepare_step take_back) noexcept {
            return detail::disable_item(*this, take_back, where);
        });
    }

    /// As disable, and waits until the item does not run any more. Context: may block; from the item's own function it
    /// is misuse (misuse_code::disable_sync_from_own_item).
    template <class U = T>
    cancel_output<item_pointer_t<U, Id>> disable_sync(call_site where = call_site::current()) noexcept {
        return detail::cancel_with<U, Id>(*this, [this, where](detail::prepare_step take_back) noexcept {
            return detail::disable_item_sync(*this, take_back, where);
        });
    }

    /// Takes one disable back. True: the item may be enqueued again. What was refused meanwhile is not made up for.
    /// Context: any thread. Without a disable it is misuse (misuse_code::enable_without_disable).
    bool enable(call_site where = call_site::current()) noexcept { return detail::enable_item(*this, where); }
};

/// A work that keeps P itself while its item is in a queue: for pointers that cannot be made from the address of the
/// item alone (std::shared_ptr, stateful deleters, fat pointers of your own). P must be default-constructible (null)
/// and nothrow-movable, and have operator->.
///
///     cmwq::holding<cmwq::work<job>, std::unique_ptr<job, pool_deleter>> work;
template <class Work, class P>
class holding : public Work {
    static_assert(std::is_nothrow_default_constructible_v<P> && std::is_nothrow_move_constructible_v<P> &&
                      std::is_nothrow_move_assignable_v<P>,
                  "cmwq: a pointer that is held must be default-constructible and movable, without exceptions");

public:
    using Work::Work;

private:
    friend struct detail::access;

    // Two: as soon as a run has begun, the next enqueue may bring its owner, before the run has taken its own. Not
    // three: the run after that does not begin before the one that runs has ended.
    P held_[2]{};
    bool next_kept_ = false;   // which one the next enqueue fills; for whoever claimed the item
    bool next_taken_ = false;  // which one the next run empties; for the worker that runs the item
};

/// The work of an item that is carried by std::shared_ptr<T>: 72 bytes, no allocation and no count at enqueue.
template <class T, std::uint64_t Id = 0>
using shared_work = holding<work<T, Id>, std::shared_ptr<T>>;

}  // namespace v1
}  // namespace cmwq
