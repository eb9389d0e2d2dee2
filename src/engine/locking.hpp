// SPDX-License-Identifier: Apache-2.0
//
// The legend for shared fields, the lock order, and the few names that every engine file uses.
//
// Every field of a shared struct carries one of these letters:
//   I        set before the object is published, constant afterwards
//   L        under the worklist's lock (worklist.hpp): its biased owner, or whoever revoked the bias
//   P        under the pool's workers_lock
//   Q        under the queue's flush_lock
//   R        under the registry's lock
//   U        under the runtime's setup_lock
//   C        under collide_lock (one per process)
//   S        the owning worker's thread only
//   K        written by the owning worker's thread, read by others
//   W        the watchdog's thread only
//   V, Y     under the recorder's lock_, under its switch_lock_
//   A(name)  atomic, under the protocol of that name; its ordered accesses carry `sync name.N` notes
//   T        statistic: relaxed, approximate
//
// Lock order, outer to inner: the recorder's switch_lock_, runtime setup_lock, queue flush_lock, worklists of a scope's
// pools by rising index, worklists of a queue's seats by rising index, collide_lock, a seat's tokens_lock; pool
// workers_lock, then registry lock or the recorder's lock_, then those of the stores of blocks. Nobody is woken under
// setup_lock: who is woken may have to be made first, or the watchdog's thread to be started. No work function runs
// under any of them.
#pragma once

#include "platform/port.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

using platform::atomic;
using platform::atomic_ref;
using platform::mutex;
using std::memory_order_acq_rel;
using std::memory_order_acquire;
using std::memory_order_relaxed;
using std::memory_order_release;
using std::memory_order_seq_cst;

/// Holds a mutex for a scope.
class CMWQ_SCOPED_CAPABILITY locked {
public:
    explicit locked(mutex& held) noexcept CMWQ_ACQUIRE(held) : held_{held} { held_.lock(); }
    ~locked() CMWQ_RELEASE() { held_.unlock(); }
    locked(const locked&) = delete;
    locked& operator=(const locked&) = delete;

private:
    mutex& held_;
};

/// Objects that threads on different CPUs write live on lines of their own.
inline constexpr std::size_t cache_line = 64;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
