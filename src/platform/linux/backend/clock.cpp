// SPDX-License-Identifier: Apache-2.0
#include "backend/clock.hpp"

#include <ctime>

namespace cmwq {
inline namespace v1 {
namespace platform {

std::chrono::nanoseconds now() noexcept {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return std::chrono::seconds{t.tv_sec} + std::chrono::nanoseconds{t.tv_nsec};
}

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
