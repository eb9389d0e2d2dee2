// SPDX-License-Identifier: Apache-2.0
//
// Model backend: a one-token semaphore for one waiting thread.
#pragma once

#include <chrono>
#include <cstdint>

namespace cmwq {
inline namespace v1 {
namespace platform {

class parker {
public:
    constexpr parker() noexcept = default;
    parker(const parker&) = delete;
    parker& operator=(const parker&) = delete;

    /// Waits for the token and takes it. Two threads waiting at once fail the run.
    void park() noexcept;
    /// As park, at the longest until `when` on now()'s clock. False: the time passed and no token came.
    [[nodiscard]] bool park_until(std::chrono::nanoseconds when) noexcept;
    /// As park_until: time is virtual.
    [[nodiscard]] bool spin_until(std::chrono::nanoseconds when) noexcept { return park_until(when); }
    /// Gives the token; any thread. Once the token is visible the waiter may destroy the parker.
    void unpark() noexcept;

private:
    bool take_token() noexcept;
    void forget_earlier_runs() noexcept;
    bool wait(std::int64_t deadline) noexcept;

    bool token_ = false;
    int waiter_ = 0;         // thread id, 0: nobody
    std::uint32_t run_ = 0;  // the run in which the above was written
};

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
