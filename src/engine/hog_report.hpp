// SPDX-License-Identifier: Apache-2.0
//
// Which functions compute for too long on per-CPU queues, and how often to say so. After the kernel: the first report
// comes with the fourth violation of a function, then at each violation whose distance from that is a power of two (5,
// 7, 11, 19, ...); 128 functions are kept apart, later ones are not reported.
#pragma once

#include "engine/queue_state.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

/// Is the violation with this number one to report? Pure, for tests.
constexpr bool hog_count_is_reported(std::uint64_t count) noexcept {
    constexpr std::uint64_t first = 4;
    if (count < first) return false;
    const std::uint64_t since = count + 1 - first;
    return (since & (since - 1)) == 0;
}

class hog_reports {
public:
    constexpr hog_reports() noexcept = default;

    /// An item of that kind computed for longer than `limit` on a per-CPU queue. Prints one line to stderr, or nothing.
    /// Context: the watchdog, under its tick_lock.
    void violation(const work_class& kind, const char* queue_name, std::chrono::nanoseconds limit) noexcept;

private:
    static constexpr unsigned most_kinds = 128;
    struct entry {
        const work_class* kind = nullptr;
        std::uint64_t count = 0;
    };
    entry entries_[most_kinds] = {};  // W
};

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
