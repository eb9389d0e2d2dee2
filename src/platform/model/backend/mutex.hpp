// SPDX-License-Identifier: Apache-2.0
//
// Model backend: a mutex that knows its owner, so that self-deadlock and foreign unlock are reported. Which waiter gets
// it next is the scheduler's choice.
#pragma once

#include "platform/thread_safety.hpp"

#include <cstdint>

namespace cmwq {
inline namespace v1 {
namespace platform {

class CMWQ_CAPABILITY("mutex") mutex {
public:
    constexpr mutex() noexcept = default;
    mutex(const mutex&) = delete;
    mutex& operator=(const mutex&) = delete;

    void lock() noexcept CMWQ_ACQUIRE();
    [[nodiscard]] bool try_lock() noexcept CMWQ_TRY_ACQUIRE(true);
    void unlock() noexcept CMWQ_RELEASE();

    /// The thread that holds it in the current run; 0: nobody.
    int owner() const noexcept;

private:
    void take(int thread_id) noexcept;

    int owner_ = 0;
    std::uint32_t run_ = 0;  // the run in which owner_ was written: a mutex in static storage is free in the next one
};

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
