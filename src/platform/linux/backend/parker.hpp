// SPDX-License-Identifier: Apache-2.0
//
// Linux backend: a one-token semaphore for one waiting thread.
#pragma once

#include <atomic>
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

    /// Waits for the token and takes it. Only one thread may wait at a time.
    void park() noexcept;
    /// As park, at the longest until `when` on now()'s clock. False: the time passed and no token came.
    [[nodiscard]] bool park_until(std::chrono::nanoseconds when) noexcept;
    /// As park_until, awake: for the last microseconds before `when`.
    [[nodiscard]] bool spin_until(std::chrono::nanoseconds when) noexcept;
    /// Gives the token; any thread. Once the token is visible the waiter may destroy the parker.
    void unpark() noexcept;

private:
    static constexpr std::uint32_t empty = 0, token = 1, waiting = 2;

    bool take_token() noexcept;

    std::atomic<std::uint32_t> word_{empty};
};

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
