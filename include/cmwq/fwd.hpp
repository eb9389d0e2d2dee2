// SPDX-License-Identifier: Apache-2.0
//
// Forward declarations and the small types that every other header of cmwq uses. Include this where a pointer or a
// reference to a queue or an item is all that is needed.
#pragma once

#include <cstdint>

/// Marks what the shared library exports. Needs no configuration by the user: importing needs no mark on ELF.
#define CMWQ_EXPORT __attribute__((visibility("default")))

/// The C handle of a queue, opaque: the counterpart of the kernel's `struct workqueue_struct *`. C code may pass it on
/// and compare it. See queue::from_native and, for C, cmwq.h.
typedef struct cmwq_queue cmwq_queue;

namespace cmwq {
inline namespace v1 {

class queue;
class owned_queue;
class runtime;
class work_base;
struct work_class;
struct call_site;

template <class T, std::uint64_t Id = 0>
class work;
template <class T, std::uint64_t Id = 0>
class delayed_work;
template <class Work, class P>
class holding;
template <class T>
class arc;
template <class T, std::uint64_t Id = 0>
struct has_work;
template <class P>
struct work_pointer_traits;

/// A tag that says which of several works of one type is meant: `static void run(cmwq::work_id<1>, P)`. The value has
/// no meaning beyond being different from the others in the same type, and leaves no trace in the program.
template <std::uint64_t Id>
struct work_id {};

/// Why an item was not enqueued, or `none`: it was. A refusal changes nothing: the item, its place in a queue and its
/// owner are as they were. Everything but `already_pending` is decided before the item is claimed, so that a refusal
/// never swallows somebody else's event. New values may be added at the end.
enum class refusal : std::uint8_t {
    none,             ///< Accepted: the queue has the item.
    already_pending,  ///< The item waits in a queue already; the coming run sees what you stored before the call.
    disabled,         ///< The item was disabled.
    queue_draining,   ///< The queue is draining or being destroyed; also reported as misuse.
    queue_full,       ///< A bounded queue has as many items as it may.
    no_memory,        ///< Memory was needed, and there is none.
    no_item,          ///< The pointer was null; also reported as misuse (misuse_code::null_item).
};

namespace detail {

/// The headers' way into private members of items, results and users' types. Defined in detail/access.hpp.
struct access;

/// The engine's way into work_base, queue handles and results. Defined by the engine only.
struct engine_access;

}  // namespace detail
}  // namespace v1
}  // namespace cmwq
